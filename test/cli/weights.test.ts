/** `aaclip weights` as a user runs it. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RELEASED_CHECKPOINTS, RELEASED_FILES, RELEASED_WEIGHTS } from '../../src/data/released_weights.js';
import { openClip, PACKAGED_FOLDER } from '../../src/node/open_weights.js';
import { fetchedFile, namedCheckpoint } from '../../src/node/weights_folder.js';
import { runCli } from './run_cli.js';

let cache = '';
const before = process.env.XDG_CACHE_HOME;

beforeAll(() => {
  cache = mkdtempSync(join(tmpdir(), 'aaclip-weights-'));
  process.env.XDG_CACHE_HOME = cache;
});
afterAll(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  rmSync(cache, { recursive: true, force: true });
});

describe('weights', () => {
  it('are listed with what is known of them; a name that was not fetched says how to', async () => {
    const listed = await runCli('weights', 'list', '--json');
    expect(JSON.parse(listed.stdout).map((r: { name: string; bytes: null }) => [r.name, r.bytes])).toEqual(
      RELEASED_FILES.map(({ name }) => [name, null]),
    );
    await expect(openClip('ViT-L-14-336')).rejects.toThrow(
      'ViT-L-14-336: not fetched yet: run "aaclip weights fetch ViT-L-14-336" (891 MiB), or name a file',
    );
  });

  it('that are another file than the released one are refused, and nothing is kept', async () => {
    const server = createServer((_, response) => response.end('not these'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const { code, stderr, stdout } = await runCli('weights', 'fetch', '--url', `http://127.0.0.1:${port}/mirror.pt`);
    server.close();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      /^aaclip: http:\/\/127\.0\.0\.1:\d+\/mirror\.pt: sent another file: expected SHA-256 3035c9/m,
    );
    const unknown = await runCli('weights', 'fetch', 'ViT-Z');
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      'aaclip: weights: unknown name ViT-Z: expected one of ViT-L-14-336, ViT-L-14, april-gan-visa, april-gan-mvtec, anomalyclip-visa, anomalyclip-mvtec\n',
    ]);
  });

  it('are opened by their name once they are there', async () => {
    const [row] = RELEASED_WEIGHTS;
    mkdirSync(join(fetchedFile(row!), '..'), { recursive: true });
    copyFileSync(join(PACKAGED_FOLDER, 'clip.safetensors'), fetchedFile(row!));
    const [named, packaged] = [await openClip('ViT-L-14-336'), await openClip('tiny')];
    expect(named.names).toEqual(packaged.names);
    expect((await runCli('weights', 'fetch', 'vit-l-14-336')).stdout).toContain('ViT-L-14-336: there already');
  });

  it('of a method are checked by the name that Git gives their content, and found by theirs', async () => {
    const server = createServer((_, response) => response.end('not these'));
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const mirror = `http://127.0.0.1:${port}/mirror.pth`;
    const { code, stderr } = await runCli('weights', 'fetch', 'anomalyclip-visa', '--url', mirror);
    server.close();
    const row = RELEASED_CHECKPOINTS.find(({ name }) => name === 'anomalyclip-visa')!;
    expect([code, existsSync(fetchedFile(row))]).toEqual([1, false]);
    expect(stderr).toContain(`${mirror}: sent another file: expected Git blob ${row.gitBlob}, got `);

    expect(() => namedCheckpoint('anomalyclip-visa')).toThrow(
      'anomalyclip-visa: not fetched yet: run "aaclip weights fetch anomalyclip-visa" (22 MiB)',
    );
    writeFileSync(fetchedFile(row), 'fetched');
    expect(namedCheckpoint('anomalyclip-visa')).toBe(fetchedFile(row));
    expect(namedCheckpoint('./anomalyclip-visa')).toBe('./anomalyclip-visa');
    expect(namedCheckpoint('ViT-L-14')).toBe('ViT-L-14');
    await expect(openClip('anomalyclip-visa')).rejects.toThrow(
      'anomalyclip-visa: a checkpoint of anomalyclip, not CLIP: give it to --adapters or --save_path',
    );
  });
});
