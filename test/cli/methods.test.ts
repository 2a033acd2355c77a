/** `aaclip methods` as a user runs it. */
import { expect, it } from 'vitest';
import { PUBLISHED_METHODS } from '../../src/data/published_methods.js';
import { runCli } from './run_cli.js';

it('methods are listed with licences, files and figures, as text and as JSON', async () => {
  const { code, stdout } = await runCli('methods');
  expect(code).toBe(0);
  for (const { title, name, licence } of PUBLISHED_METHODS) {
    expect(stdout).toMatch(new RegExp(`^${title} +${name} +${licence} `, 'm'));
  }
  expect(stdout).toMatch(/^anomalyclip-visa +VisA +MVTec AD +checkpoints\/9_12_4_multiscale\/epoch_15\.pth .+/m);
  expect(stdout).toMatch(/^APRIL-GAN +VisA +MVTec AD +87\.6 +44\.0 +86\.1 +93\.5 +paper/m);
  // What nobody published has no figure.
  expect(stdout).toMatch(/^AA-CLIP +MVTec AD +VisA +95\.5 +- +84\.6 +- +paper/m);
  const json = JSON.parse((await runCli('methods', '--json')).stdout) as { files: { gitBlob: string }[] }[];
  expect(json).toHaveLength(PUBLISHED_METHODS.length);
  expect(json.flatMap(({ files }) => files.map(({ gitBlob }) => gitBlob))).toContain(
    '86d6848c543f8393663d35c0333498ffb5ce9b68',
  );
});
