/** `train --seeds`: a sweep ends with the figures of separate runs, and goes on where it stopped. */
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedList } from '../../src/cli/train/seed_flags.js';
import { type SweepRow, type SweptSet, spreadOf, spreadText, sweepRows } from '../../src/cli/train/sweep_summary.js';
import type { Figures } from '../../src/eval/metrics.js';
import { type DrawnSet, drawSet, S } from './drawn_set.js';
import { runHere } from './in_process.js';

let set: DrawnSet;
const train = (folder: string, ...more: string[]): string[] => [
  ...['train', '--dataset', 'mine', '--data', set.at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S)],
  ...['--shot', '2', '--text_epoch', '1', '--image_epoch', '2', '--image_adapt_until', '2', '--threads', '0'],
  ...['--save_path', set.at(folder), '--json', ...more],
];
const lastOf = (stdout: string): unknown => JSON.parse(stdout.trim().split('\n').at(-1)!);

interface SweepFile {
  readonly seeds: readonly { readonly seed: number; readonly trained: boolean }[];
  readonly rows: readonly SweepRow[];
  readonly datasets: readonly {
    readonly seeds: readonly { readonly seed: number; readonly average: Figures }[];
    readonly classes: readonly { readonly className: string }[];
  }[];
}
const sweepFile = (folder: string): SweepFile =>
  JSON.parse(readFileSync(set.at(folder, 'sweep.json'), 'utf8')) as SweepFile;
const trainedAt = (folder: string): number => statSync(set.at(folder, 'image_adapter_2.safetensors')).mtimeMs;

beforeAll(async () => {
  set = await drawSet();
});
afterAll(() => set.remove());

/** Milliseconds for a test that compiles every kernel of a training and of a test, on a machine with other work. */
const COLD = 360_000;

describe('a sweep over seeds', () => {
  it(
    'has the mean of its runs and their sample deviation',
    async () => {
      const swept = await runHere(...train('sweep', '--seeds', '2,5', '--test', 'mine'));
      expect(swept.failed).toBeUndefined();
      const { rows, seeds, datasets } = sweepFile('sweep');
      expect(lastOf(swept.stdout)).toEqual({ sweep: { seeds: [2, 5], epoch: 2, rows }, folder: set.at('sweep') });
      expect(seeds).toMatchObject([
        { seed: 2, trained: true },
        { seed: 5, trained: true },
      ]);
      expect(datasets[0]!.classes.map((c) => c.className)).toEqual(['cloth', 'felt']);
      const [a, b] = datasets[0]!.seeds.map((s) => s.average.pixelAuc!);
      expect(a).not.toBe(b);
      const { mean, std, n } = rows[0]!.figures.pixelAuc;
      expect([rows.length, n]).toEqual([1, 2]);
      expect(mean).toBeCloseTo((a! + b!) / 2, 10);
      expect(std).toBeCloseTo(Math.abs(a! - b!) / Math.SQRT2, 10);
      const md = readFileSync(set.at('sweep', 'sweep.md'), 'utf8');
      expect(md).toContain(`| mine (trained on: not zero-shot) | 2 | ${mean!.toFixed(2)} ± ${std!.toFixed(2)} |`);
      expect(md).toContain('sample standard deviation (n - 1) over 2 seeds: 2, 5.');
      const csv = readFileSync(set.at('sweep', 'sweep.csv'), 'utf8').trim().split('\n');
      expect(csv.map((line) => line.split(',').slice(0, 4).join())).toEqual([
        'dataset,seed,epoch,pixel_auc',
        ...[`mine,2,2,${a}`, `mine,5,2,${b}`, `mine,mean,2,${mean}`, `mine,std,2,${std}`],
      ]);
    },
    COLD,
  );

  it('has the adapters and the figures of separate runs', async () => {
    const { datasets } = sweepFile('sweep');
    expect((await runHere(...train('alone', '--seed', '5'))).failed).toBeUndefined();
    const [alone, inSweep] = ['alone', join('sweep', 'seed_5')].map((f) =>
      readFileSync(set.at(f, 'image_adapter_2.safetensors')),
    );
    expect(alone!.equals(inSweep!)).toBe(true);
    expect(existsSync(set.at('alone', '2-shot.jsonl'))).toBe(true);
    const flags = ['--data', set.at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S), '--threads', '0'];
    const tested = await runHere(
      'test',
      '--dataset',
      'mine',
      ...flags,
      '--save_path',
      set.at('alone'),
      '--epoch',
      '2',
      '--json',
    );
    expect(tested.failed).toBeUndefined();
    const { summary } = lastOf(tested.stdout) as { summary: readonly { average: Figures }[] };
    expect(summary[0]!.average).toEqual(datasets[0]!.seeds[1]!.average);
  });

  it('goes on where it stopped, takes more seeds, and refuses other settings', async () => {
    const before = sweepFile('sweep');
    const old = trainedAt('sweep/seed_5');
    // As a kill leaves them: one test without its figures, one training without its end.
    rmSync(set.at('sweep', 'seed_5', 'results'), { recursive: true });
    rmSync(set.at('sweep', 'seed_2', 'report.html'));
    const again = await runHere(...train('sweep', '--seeds', '2,5,7', '--test', 'mine'));
    expect(again.failed).toBeUndefined();
    const { datasets, rows } = sweepFile('sweep');
    expect(datasets[0]!.seeds.slice(0, 2)).toEqual(before.datasets[0]!.seeds);
    expect([datasets[0]!.seeds[2]!.seed, rows[0]!.n]).toEqual([7, 3]);
    expect(trainedAt('sweep/seed_5')).toBe(old);
    expect(existsSync(set.at('sweep', 'seed_2', 'report.html'))).toBe(true);

    const other = await runHere(...train('sweep', '--seeds', '2,5', '--image_lr', '0.1'));
    expect(other.failed).toMatch(
      /sweep: holds a sweep with other settings \(imageRate 0\.0005, now 0\.1\): use the same settings, or name another folder with --save_path$/,
    );
    writeFileSync(set.at('parts', 'full-shot.jsonl'), `${readFileSync(set.at('parts', 'full-shot.jsonl'), 'utf8')}\n`);
    const fewer = readFileSync(set.at('parts', 'full-shot.jsonl'), 'utf8').trim().split('\n').slice(1).join('\n');
    writeFileSync(set.at('fewer.jsonl'), fewer);
    const list = await runHere(...train('sweep', '--seeds', '2', '--metadata', set.at('fewer.jsonl')));
    expect(list.failed).toMatch(/sweep: holds a sweep with other settings \(other samples\)/);
    writeFileSync(set.at('sweep', 'sweep.json'), '{"settings":');
    const cut = await runHere(...train('sweep', '--seeds', '2,5'));
    expect(cut.failed).toMatch(/sweep\.json: not as train --seeds writes it: delete it, or name another folder/);
  });

  it('is refused before anything is trained where it could not be tested', async () => {
    for (const [args, line] of [
      [['--test', 'mine'], /^--test: tests what --seeds trains: give --seeds too, or /],
      [['--seeds', '2', '--test', 'mine', '--test_epoch', '3'], /^--test_epoch 3: no such epoch: expected 1 to 2, as /],
      [['--seeds', '2', '--test_epoch', '1'], /^--test_epoch: nothing is tested: name data sets with --test$/],
      [['--seeds', '2', '--test', 'BTAD,MPDD'], /^data sets: none of BTAD, MPDD was found: give --data DIR/],
      [['--seeds', '2', '--test', 'mvtec'], /unknown name: expected MVTec, got "mvtec"/],
    ] as const) {
      const { failed, stdout } = await runHere(...train('none', ...args));
      expect([failed, stdout]).toEqual([expect.stringMatching(line), '']);
    }
    expect(existsSync(set.at('none'))).toBe(false);
  });
});

it('a deviation is that of a sample, and a single seed has none', () => {
  expect(spreadOf([2, 4, 4, 4, 5, 5, 7, 9])).toMatchObject({ n: 8, mean: 5, std: Math.sqrt(32 / 7) });
  expect(spreadOf([3])).toEqual({ n: 1, mean: 3, std: null, values: [3] });
  expect([spreadText(spreadOf([3])), spreadText(spreadOf([])), spreadText(spreadOf([1, 3]))]).toEqual([
    '3.00',
    '-',
    '2.00 ± 1.41',
  ]);
});

it('data sets that were not trained on are averaged apart, over the seeds that have them all', () => {
  const set = (dataset: string, trainedOn: boolean, values: readonly number[]): SweptSet => ({
    dataset,
    trainedOn,
    seeds: values.map((v, seed) => {
      return { seed, average: { pixelAuc: v, pixelAp: null, imageAuc: null, imageAp: null }, classes: [] };
    }),
  });
  const rows = sweepRows([set('A', true, [90, 80]), set('B', false, [50, 60]), set('C', false, [70])]);
  expect(rows.map((r) => [r.name, r.n, r.figures.pixelAuc.mean])).toEqual([
    ['A', 2, 85],
    ['B', 2, 55],
    ['C', 1, 70],
    ['Average, zero-shot', 1, 60],
    ['Average', 1, 70],
  ]);
});

describe('--seeds', () => {
  it('is a count or a list', () => {
    expect(seedList('3')).toEqual([0, 1, 2]);
    expect(seedList('111,')).toEqual([111]);
    expect(seedList('1, 7,3')).toEqual([1, 7, 3]);
  });

  it.each([
    ['0', /expected 1 to 100 seeds; for the seed 0 alone, write "0,"\.$/],
    ['111', /for the seed 111 alone, write "111,"\.$/],
    ['1,2,1', /^seed 1 is given twice\.$/],
    ['1,x', /^expected a number of seeds, or seeds separated by commas: 5, or 1,2,3\.$/],
    ['1,,2', /^expected a number of seeds/],
    ['-1', /^expected a number of seeds/],
    ['', /^expected a number of seeds/],
  ])('%j is refused', (text, line) => {
    expect(() => seedList(text)).toThrow(line);
  });
});
