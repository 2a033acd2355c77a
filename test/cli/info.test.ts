/** `aaclip info` as a user runs it. */
import { expect, it } from 'vitest';
import { runCli } from './run_cli.js';

it('info describes adapter, kernels and what a model needs', async () => {
  const run = await runCli('info', '--weights', 'synthetic:tiny', '--img_size', '56', '--json');
  expect(run.code, run.stderr).toBe(0);
  const report = JSON.parse(run.stdout) as {
    kernels: { chosen: Record<string, string>; available: Record<string, string[]> };
    model: { config: { visionWidth: number }; memory: { weights: number; peak: number; perPicture: number } };
  };
  expect(report.kernels.chosen.matmul).toBe(report.kernels.available.matmul![0]);
  expect(report.kernels.available.layer_norm!.at(-1)).toBe('tree');
  expect(report.model.config.visionWidth).toBe(128);
  const { weights, peak, perPicture } = report.model.memory;
  expect(weights).toBeGreaterThan(4 * 12 * 128 * 128 * 2);
  expect(peak).toBeGreaterThan(weights);
  expect(perPicture).toBeGreaterThan(3 * 56 * 56 * 4);
});
