/** `aaclip test` on a small data set drawn here: pictures, and several data sets. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exampleNames, safeParts } from '../../src/cli/test_adapters/draw_class.js';
import { REGISTRY, type Registry } from '../../src/data/datasets.js';
import type { Figures } from '../../src/eval/metrics.js';
import { loadPicture } from '../../src/node/decode.js';
import { prepareMask } from '../../src/picture/mask.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { CLASSES, type DrawnSet, drawSet, numbers, runsOf, S, type Tested, test } from './drawn_set.js';
import { runCli } from './run_cli.js';

let set: DrawnSet;
const at = (...parts: string[]): string => set.at(...parts);
const base = (): string[] => set.base();
const mine = (): string[] => set.mine();
beforeAll(async () => {
  set = await drawSet();
});
afterAll(() => set.remove());

describe('pictures', () => {
  it('are written for each sample, with a sheet for each class', async () => {
    const args = ['--epoch', '10', '--visualize', '--defects', '--intervals', '100', '--results_dir', at('drawn')];
    const [run] = runsOf(await test(...mine(), ...args, '--json'));
    for (const [c, className] of CLASSES.entries()) {
      const folder = at('drawn', 'visualization', 'mine', className);
      const want = numbers(c).flatMap((n) =>
        ['heatmap', 'mask', 'overlay', 'picture'].map((kind) => `${n % 2 === 1 ? 'blot' : 'good'}_${n}_${kind}.png`),
      );
      expect(readdirSync(folder).sort()).toEqual([...want, 'sheet.png', 'worst_first.csv'].sort());
      const [head, ...lines] = readFileSync(join(folder, 'worst_first.csv'), 'utf8').trim().split('\n');
      expect(head).toBe('rank,verdict,label,score,error,peak,files,image_path');
      expect(lines.map((line) => line.split(',').at(-1)).sort()).toEqual(
        numbers(c)
          .map((n) => `${className}/${n % 2 === 1 ? 'blot' : 'good'}/${n}.png`)
          .sort(),
      );
      const errors = lines.map((line) => Number(line.split(',')[4]));
      expect(errors).toEqual([...errors].sort((a, b) => b - a));
      for (const name of want) {
        const { width, height } = await loadPicture(join(folder, name));
        expect([width, height], name).toEqual([S, S]);
      }
      expect(run!.sheets[c]).toBe(join(folder, 'sheet.png'));
      expect((await loadPicture(run!.sheets[c]!)).height).toBeGreaterThan(5 * 160);
      // The mask as drawn, at the size of the maps; black on a normal picture.
      const [normal, abnormal] = numbers(c);
      const shown = await loadPicture(join(folder, `blot_${abnormal}_mask.png`));
      const mask = prepareMask({ width: SIZE, height: SIZE, data: drawSample(abnormal!).mask }, S, S);
      expect(Array.from(shown.data.filter((_, i) => i % 3 === 0))).toEqual(Array.from(mask, (v) => 255 * v));
      expect((await loadPicture(join(folder, `good_${normal}_mask.png`))).data.some((v) => v !== 0)).toBe(false);
    }
    expect(readdirSync(at('drawn', 'visualization', 'mine')).sort()).toEqual(CLASSES);
    // What the flags ask for beside the figures: "blot" is the only type, so its figures are the class's.
    for (const { intervals, defects, imageAuc, pixelAuc, pixelAupro } of run!.classes) {
      expect(defects).toEqual([expect.objectContaining({ defect: 'blot', imageAuc, pixelAuc, pixelAupro })]);
      const [low, high] = intervals!.pixelAuc!;
      expect([low <= pixelAuc!, pixelAuc! <= high, low < high]).toEqual([true, true, true]);
      expect(intervals).toMatchObject({ confidence: 95, resamples: 100, seed: 111 });
    }
    const { averageIntervals, average, ...times } = run!;
    expect(averageIntervals!.pixelAuc![0]).toBeLessThanOrEqual(average.pixelAuc!);
    expect(times.imagesPerSecondWithoutDrawing).toBeGreaterThan(times.imagesPerSecond);
    expect(times.drawingSeconds).toBeLessThan(times.seconds);
    const { intervals } = JSON.parse(readFileSync(at('drawn', 'results.json'), 'utf8')) as { intervals: object };
    expect(intervals).toMatchObject({ resamples: 100, seed: 111, confidence: 95 });
    expect(readFileSync(at('drawn', 'test.log'), 'utf8')).toMatch(
      /\nINFO:types of defect.*\n.*\n *cloth +blot +2 .*\n *felt +blot .*\nINFO:95% intervals from 100 resamples.*seed 111\n/,
    );
  });
});

describe('data sets', () => {
  const registry = (): string => at('registry.json');
  beforeAll(() => {
    const classes = { felt: 'grey felt', cloth: 'woven cloth' };
    const own = { datasets: { Parts: { domain: 'Industrial', folder: 'parts', layout: 'folder', classes } } };
    writeFileSync(registry(), JSON.stringify(own));
    mkdirSync(at('MPDD', 'tubes', 'test', 'good'), { recursive: true });
    mkdirSync(at('MPDD', 'tubes', 'test', 'dirt'));
    for (const [from, to] of [
      ['0', 'good/000'],
      ['1', 'dirt/000'],
      ['3', 'dirt/001'],
    ] as const) {
      const state = from === '0' ? 'good' : 'blot';
      copyFileSync(at('parts', 'cloth', state, `${from}.png`), at('MPDD', 'tubes', 'test', `${to}.png`));
    }
  });

  it('are found together below one folder, listed where a list is missing, and summed up', async () => {
    const args = ['--registry', registry(), '--data', at(), '--epoch', '1', ...base(), '--results_dir', at('both')];
    const both = await test('--dataset', 'MPDD,Parts', ...args);
    expect(both.code, both.stderr).toBe(0);
    expect(both.stderr).toMatch(/MPDD: no full-shot\.jsonl: 3 samples listed from the files in/);
    expect(both.stderr).toMatch(/note: MPDD: no pictures of connector, .*: the average is over the other classes\n/);
    expect(both.stdout).toMatch(/all data sets, epoch 1\n *data set .*\n *MPDD( +[\d.-]+){4}\n *Parts( +[\d.]+){4}\n/);
    const { summary } = JSON.parse(readFileSync(at('both', 'results.json'), 'utf8')) as {
      summary: { epoch: number; datasets: ({ dataset: string } & Figures)[]; average: Figures }[];
    };
    expect(summary[0]!.datasets.map((d) => d.dataset)).toEqual(['MPDD', 'Parts']);
    // MPDD's pictures without masks have no pixel figures: the average is taken over the classes that have them.
    expect(summary[0]!.average.pixelAuc).toBe(summary[0]!.datasets[1]!.pixelAuc);
    expect(readFileSync(at('both', 'test.log'), 'utf8')).toMatch(/INFO:summary, epoch 1:\n *data set/);
  });

  it('of a registry file have its prompt names and its order of classes', async () => {
    const args = ['--dataset', 'Parts', '--registry', registry(), '--data', at('parts'), '--epoch', '1', '--json'];
    const [named] = runsOf(await test(...args, ...base()));
    const [unnamed] = runsOf(await test(...mine(), '--epoch', '1', '--json'));
    expect(named!.classes.map((c) => c.className)).toEqual(['felt', 'cloth']);
    const cloth = (r: Tested) => r.classes.find((c) => c.className === 'cloth');
    expect(cloth(named!)).not.toEqual(cloth(unnamed!));
  });

  it('of a registry file are known to predict, and printed', async () => {
    const picture = at('parts', 'felt', 'good', '20.png');
    const args = ['--dataset', 'Parts', '--class', 'felt', '--registry', registry(), '--weights', 'synthetic:tiny'];
    const run = await runCli('predict', picture, ...args, '--img_size', '56', '--out', at('out'), '--json');
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ class: 'felt', prompt_name: 'grey felt' });
    const printed = JSON.parse((await runCli('registry', '--registry', registry())).stdout) as Registry;
    expect(Object.keys(printed.datasets)).toEqual([...Object.keys(REGISTRY.datasets), 'Parts']);
    expect(printed.datasets.Parts!.classes.cloth).toBe('woven cloth');
  });

  it('lie where AACLIP_DATA or the configuration says', async () => {
    const args = ['--dataset', 'Parts', '--epoch', '1', '--json', ...base()];
    process.env.AACLIP_DATA = at();
    const byVariable = await test(...args, '--registry', registry());
    delete process.env.AACLIP_DATA;
    writeFileSync(at('settings.json'), JSON.stringify({ roots: { Parts: 'parts' }, registry: 'registry.json' }));
    const byFile = await test(...args, '--config', at('settings.json'));
    expect(runsOf(byVariable)[0]!.classes).toEqual(runsOf(byFile)[0]!.classes);
  });
});

it('names of drawn files stay inside their folder and differ', () => {
  const paths = ['c/a/b_c.png', 'c/a_b/c.jpg', '../../c/x.png', 'a:b\\y.png'];
  const samples = paths.map((imagePath, line) => ({ imagePath, label: 0 as const, className: 'c', line }));
  expect(exampleNames('c', samples)).toEqual(['a_b_c', 'a_b_c_2', 'x', 'a_b_y']);
  const long = exampleNames('c', [{ ...samples[0]!, imagePath: `${'folder/'.repeat(60)}a.png` }]);
  expect(long[0]).toMatch(/^folder_.*~[0-9a-f]{8}$/);
  expect(long[0]!.length).toBeLessThan(240);
  expect(safeParts('../a//b/./c?')).toEqual(['a', 'b', 'c_']);
});
