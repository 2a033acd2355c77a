/** `aaclip test` with checkpoints of other methods, on a small data set drawn here. */
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type DrawnSet, drawSet, runsOf, S, test } from './drawn_set.js';

const goldenPath = (name: string): string => fileURLToPath(new URL(`../goldens/${name}`, import.meta.url));

let set: DrawnSet;
beforeAll(async () => {
  set = await drawSet();
});
afterAll(() => set.remove());

const data = (): string[] => [
  ...['--dataset', 'mine', '--data', set.at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S), '--json'],
];

/**
 * Pixel AUROC and AP, image AUROC and AP of both classes: by scikit-learn, from maps that PyTorch made in float64 and masks
 * that Pillow resized bilinearly. APRIL-GAN: of cloth.
 */
const FIGURES = {
  aprilGan: [[24.57, 1.95, 83.33, 83.33]],
  anomalyClip: [
    [45.97, 2.64, 50, 70],
    [50.75, 3.25, 66.67, 58.33],
  ],
  allLevels: [
    [38.99, 2.35, 50, 70],
    [39.02, 2.67, 66.67, 58.33],
  ],
};

const figuresOf = (run: Awaited<ReturnType<typeof test>>): number[][] => {
  const [{ classes }] = runsOf(run) as [ReturnType<typeof runsOf>[number]];
  return classes.map((c) => [c.pixelAuc, c.pixelAp, c.imageAuc, c.imageAp].map((v) => Number(v!.toFixed(2))));
};

it("APRIL-GAN's checkpoint gives the figures of its maps and scores", async () => {
  const path = set.at('april.pth');
  copyFileSync(goldenPath('method.april_gan.tiny.pth'), path);
  // One class: its 420 sentences take most of the time.
  const run = await test(...data(), '--save_path', path, '--class', 'cloth');
  expect(figuresOf(run)).toEqual(FIGURES.aprilGan);
  // Results are beside the file.
  const kept = JSON.parse(readFileSync(set.at('results.json'), 'utf8')) as Record<string, unknown>;
  const decided = { activation: 'method', levels: 'method' };
  expect(kept).toMatchObject({ method: 'april-gan', activation: 'gelu', positional: 'bicubic', decided });
});

it("AnomalyCLIP's checkpoint gives those of its last level, or of all that are asked for", async () => {
  mkdirSync(set.at('epochs'));
  copyFileSync(goldenPath('method.anomalyclip.tiny.pth'), set.at('epochs', 'epoch_2.pth'));
  const args = [...data(), '--save_path', set.at('epochs')];
  const run = await test(...args, '--results_dir', set.at('last'));
  expect(figuresOf(run)).toEqual(FIGURES.anomalyClip);
  expect(runsOf(run)[0]!.epoch).toBe(2);
  const all = await test(...args, '--levels', '1,2,3,4', '--results_dir', set.at('all'));
  expect(figuresOf(all)).toEqual(FIGURES.allLevels);
});
