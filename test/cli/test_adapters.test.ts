/** `aaclip test` on a small data set drawn here: the figures of every epoch. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeptClass } from '../../src/cli/report/kept_results.js';
import { promptsFor } from '../../src/data/class_prompts.js';
import type { Domain } from '../../src/data/datasets.js';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import { classMetrics } from '../../src/eval/class_metrics.js';
import type { ClassFigures } from '../../src/eval/metrics.js';
import { createTokenizer } from '../../src/io/tokenizer.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { MERGES } from '../../src/node/open_tokenizer.js';
import { prepareMask } from '../../src/picture/mask.js';
import { preparePictures } from '../../src/picture/resize_picture.js';
import { read, tidy } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { CLASSES, type DrawnSet, drawSet, numbers, runsOf, S, type Tested, test, writeAdapters } from './drawn_set.js';

let set: DrawnSet;
const at = (...parts: string[]): string => set.at(...parts);
const base = (): string[] => set.base();
const mine = (): string[] => set.mine();
beforeAll(async () => {
  set = await drawSet();
});
afterAll(() => set.remove());

/** The runs as they are printed: without what only the page needs. */
const withoutCurves = (runs: readonly Tested[]): object[] =>
  runs.map((run) => ({
    ...run,
    classes: run.classes.map((c) => {
      const { behind: _, ...figures } = c as typeof c & { behind: KeptClass };
      return figures;
    }),
  }));

/** Figures of a class computed here, a picture at a time, with the image adapters of an epoch. */
async function expected(epoch: number, domain: Domain = 'Industrial'): Promise<ClassFigures[]> {
  const gpu = await device();
  const tokenizer = createTokenizer(readFileSync(MERGES, 'utf8'));
  const classes = CLASSES.map((name) => {
    const { normal, abnormal } = promptsFor(name);
    return { name, domain, normal: tokenizer.encode(normal), abnormal: tokenizer.encode(abnormal) };
  });
  const adapters = { text: syntheticAdapters(TINY, 2), image: syntheticAdapters(TINY, 2 + epoch) };
  using detector = await AnomalyModel.load(gpu, {
    clip: syntheticClip(TINY, 1, true),
    adapters,
    classes,
    imageSize: S,
  });
  const found: ClassFigures[] = [];
  for (const [c, className] of CLASSES.entries()) {
    const [maps, masks, labels, scores] = [[] as number[], [] as number[], [] as number[], [] as number[]];
    for (const n of numbers(c)) {
      const { picture, mask, label } = drawSample(n);
      const { map, score } = tidy(() => detector.run(preparePictures(gpu, [picture], S), className));
      maps.push(...(await read(map)));
      scores.push((await read(score))[0]!);
      map.release();
      score.release();
      masks.push(...prepareMask({ width: SIZE, height: SIZE, data: mask }, S, S));
      labels.push(label);
    }
    found.push(classMetrics(masks, labels, Float32Array.from(maps), scores, domain, { width: S }));
  }
  return found;
}

const FIGURES = ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp'] as const;

describe('figures', () => {
  it('of every epoch, in numerical order, match the maps', async () => {
    const runs = runsOf(await test(...mine(), '--json', '--batch_size', '1'));
    expect(runs.map((r) => r.epoch)).toEqual([1, 2, 10]);
    for (const run of runs) {
      const want = await expected(Number(run.epoch));
      expect(run.classes.map((c) => c.className)).toEqual(CLASSES);
      for (const [i, figures] of want.entries()) expect(run.classes[i]).toMatchObject(figures);
      for (const key of FIGURES) expect(run.average[key]).toBeCloseTo((want[0]![key]! + want[1]![key]!) / 2, 9);
    }
    // The adapters differ, so the figures must too: an epoch tested three times would show here.
    expect(new Set(runs.map((r) => JSON.stringify(r.classes))).size).toBe(3);
    const file = JSON.parse(readFileSync(at('ckpt', 'results.json'), 'utf8')) as { runs: Tested[]; summary: unknown[] };
    expect(withoutCurves(file.runs)).toEqual(runs);
    // What the page draws, and the page.
    const [{ behind }] = file.runs[0]!.classes as unknown as [{ behind: KeptClass }];
    expect(behind.pictures.map((p) => [p.path, p.label])).toEqual(
      numbers(0).map((n) => [`cloth/${drawSample(n).label === 1 ? 'blot' : 'good'}/${n}.png`, drawSample(n).label]),
    );
    expect([behind.pixels?.roc?.x.at(-1), behind.images.pr?.x.at(-1)]).toEqual([1, 1]);
    expect(readFileSync(at('ckpt', 'report.html'), 'utf8')).toContain('epoch 10</h2>');
    expect(file.summary).toHaveLength(3);
  });

  it('of a medical data set use its wider blur, and score pictures by their peak', async () => {
    const args = ['--epoch', '2', '--domain', 'Medical', '--batch_size', '1', '--json'];
    const [run] = runsOf(await test(...mine(), ...args));
    for (const [i, figures] of (await expected(2, 'Medical')).entries()) expect(run!.classes[i]).toMatchObject(figures);
    expect(run!.classes[0]).not.toMatchObject((await expected(2))[0]!);
  });

  it('do not depend on the batch, which may hold several classes', async () => {
    const [[one], [three]] = await Promise.all(
      ['1', '4'].map(async (n) => {
        const results = ['--results_dir', at(`batch${n}`)];
        return runsOf(await test(...mine(), '--json', '--epoch', '2', '--batch_size', n, ...results));
      }),
    );
    for (const [i, want] of one!.classes.entries()) {
      const got = three!.classes[i]!;
      expect([got.className, got.images, got.abnormalPixels]).toEqual([
        want.className,
        want.images,
        want.abnormalPixels,
      ]);
      for (const key of FIGURES) expect(Math.abs(got[key]! - want[key]!)).toBeLessThan(0.02);
    }
  });

  it('are appended to test.log as a table', async () => {
    const run = await test(...mine(), '--epoch', '1', '--class', 'felt');
    expect(run.code, run.stderr).toBe(0);
    const before = readFileSync(at('ckpt', 'test.log'), 'utf8');
    const again = await test(...mine(), '--epoch', '1', '--class', 'felt', '--memory', '0.001');
    expect([again.code, again.stdout]).toEqual([0, run.stdout]);
    const log = readFileSync(at('ckpt', 'test.log'), 'utf8');
    expect(log.startsWith(before)).toBe(true);
    const table =
      /INFO:final results:\n((?: *class name.*)\n *felt( +\d+\.\d\d){4}\n *Average( +\d+\.\d\d){4}\n)$/.exec(
        log.slice(before.length),
      );
    expect(table).not.toBeNull();
    expect(run.stdout).toContain(table![1]!.trimEnd());
    // The published table does not have these.
    const [titles, row] = run.stdout.trim().split('\n').slice(-2);
    expect(titles!.trim().split(/ {2,}/)).toEqual([
      'class name',
      'pixel AUPRO',
      'pixel F1',
      'at map value',
      'image F1',
      'at image score',
    ]);
    expect(row).toMatch(/^ *felt +\d+\.\d\d +\d+\.\d\d +\d\.\d{4} +\d+\.\d\d +\d\.\d{4}$/);
  });

  it('without masks cover the pictures alone', async () => {
    mkdirSync(at('bare'));
    const rows = readFileSync(at('parts', 'full-shot.jsonl'), 'utf8').replaceAll(/,"mask_path":"[^"]*"/g, '');
    writeFileSync(at('bare', 'list.jsonl'), rows);
    const args = ['--metadata', at('bare', 'list.jsonl'), '--epoch', '1', '--json'];
    const [run] = runsOf(await test(...mine(), ...args));
    expect(run!.classes.map((c) => [c.pixelAuc, c.pixelAp])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(run!.classes[0]!.imageAuc).toBeGreaterThanOrEqual(0);
  });
});

describe('plain CLIP', () => {
  it('needs no folder of adapters, and is another model', async () => {
    const args = ['--dataset', 'mine', '--data', at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S)];
    const [plain] = runsOf(await test(...args, '--save_path', at('plain'), '--plain', '--json'));
    const [text] = runsOf(await test(...mine(), '--epoch', '1', '--plain', 'text', '--json'));
    const [adapted] = runsOf(await test(...mine(), '--epoch', '1', '--json'));
    expect([plain!.epoch, text!.epoch, adapted!.epoch]).toEqual(['plain', 1, 1]);
    expect(new Set([plain, text, adapted].map((r) => JSON.stringify(r!.classes))).size).toBe(3);
  });
});

describe('what a training recorded', () => {
  it('stands in for flags that are not given', async () => {
    mkdirSync(at('recorded'));
    const flags = JSON.stringify({ imageSize: S, textMix: 0.3, imageMix: 0.4, activation: 'quickgelu' });
    await writeAdapters(at('recorded', 'text_adapter.safetensors'), 'text', 2, { flags });
    await writeAdapters(at('recorded', 'image_adapter.safetensors'), 'image', 3, { flags });
    const args = ['--dataset', 'mine', '--data', at('parts'), '--weights', 'synthetic:tiny', '--json'];
    const [asTrained] = runsOf(await test(...args, '--save_path', at('recorded')));
    expect(asTrained!.epoch).toBe('latest');
    const all = ['--text_adapt_weight', '0.3', '--image_adapt_weight', '0.4', '--activation', 'quickgelu'];
    const [same] = runsOf(await test(...mine(), ...all, '--epoch', '1', '--json'));
    const [other] = runsOf(await test(...mine(), ...all.slice(0, 2), ...all.slice(4), '--epoch', '1', '--json'));
    expect(asTrained!.classes).toEqual(same!.classes);
    expect(other!.classes).not.toEqual(same!.classes);
  });
});

describe('a checkpoint that holds NaN', () => {
  it('costs the figures of its epoch; those of the others are kept, with their page', async () => {
    mkdirSync(at('damaged'));
    copyFileSync(at('ckpt', 'text_adapter.safetensors'), at('damaged', 'text_adapter.safetensors'));
    const good = readFileSync(at('ckpt', 'image_adapter_1.safetensors'));
    for (const epoch of [1, 3]) writeFileSync(at('damaged', `image_adapter_${epoch}.safetensors`), good);
    // The data ends with a tensor's last number: 0x7fc00000, little-endian.
    const bad = Buffer.from(good);
    bad.writeUInt32LE(0x7fc00000, bad.length - 4);
    writeFileSync(at('damaged', 'image_adapter_2.safetensors'), bad);
    const run = await test(...mine(), '--save_path', at('damaged'), '--json');
    expect(run.code).toBe(1);
    expect(run.stderr.trim()).toMatch(
      /^aaclip: \S+image_adapter_2\.safetensors: .* holds NaN .*\(epoch 2: no figures; other epochs are kept\)$/,
    );
    const { runs } = JSON.parse(readFileSync(at('damaged', 'results.json'), 'utf8')) as { runs: Tested[] };
    expect(runs.map((r) => r.epoch)).toEqual([1, 3]);
    expect(runs[1]!.classes).toEqual(runs[0]!.classes);
    expect(existsSync(at('damaged', 'report.html'))).toBe(true);
  });
});

describe('a picture that cannot be used', () => {
  /** A list in a folder of its own, with pictures of the drawn set. */
  const list = (name: string, more: readonly object[]): string[] => {
    mkdirSync(at(name));
    const drawn = readFileSync(at('parts', 'full-shot.jsonl'), 'utf8').replaceAll(/"(cloth|felt)\//g, '"../parts/$1/');
    writeFileSync(at(name, 'full-shot.jsonl'), [drawn, ...more.map((row) => JSON.stringify(row))].join('\n'));
    writeFileSync(at(name, 'text.png'), 'no picture');
    return ['--dataset', 'mine', '--data', at(name), ...base(), '--epoch', '1', '--json', '--allow-outside'];
  };
  const none = { image_path: 'none.png', label: 0, class_name: 'cloth' };
  const text = { image_path: 'text.png', label: 0, class_name: 'felt' };

  it('is found before the test starts: all of them are named, and nothing is written', async () => {
    const args = list('looked', [none, text]);
    const run = await test(...args, '--results_dir', at('unwritten'));
    expect(run.code).toBe(1);
    expect(run.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(/^\S*none\.png: cannot read: no such file/),
      expect.stringMatching(/^\S*text\.png: not a readable picture: got a text file/),
      expect.stringMatching(/^aaclip: \S+full-shot\.jsonl: 2 of 12 samples cannot be used; .*--skip-broken$/),
    ]);
    const { problems, ...counts } = JSON.parse(run.stdout) as { problems: string[] };
    expect(problems).toHaveLength(2);
    expect(counts).toEqual({ broken: 2, samples: 12, skipped: false, notes: [] });
    expect(existsSync(at('unwritten'))).toBe(false);
  });

  it('is left out with --skip-broken: the figures are those of the others', async () => {
    const run = await test(
      '--dataset',
      'mine',
      '--data',
      at('looked'),
      ...base(),
      '--epoch',
      '1',
      '--json',
      '--allow-outside',
      '--skip-broken',
      '--batch_size',
      '1',
    );
    expect(run.code, run.stderr).toBe(0);
    const [skipped, tested] = run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Tested & object);
    expect(skipped).toMatchObject({ broken: 2, samples: 12, skipped: true });
    for (const [i, want] of (await expected(1)).entries()) expect(tested!.classes[i]).toMatchObject(want);
  });

  it('and shows only when it is decoded: costs its class, which is named, and no other', async () => {
    const args = list('late', [{ ...none, image_path: 'damaged.png' }]);
    const damaged = readFileSync(at('parts', 'felt', 'good', '20.png'));
    damaged.fill(0x55, 45, damaged.length - 40);
    writeFileSync(at('late', 'damaged.png'), damaged);
    const run = await test(...args, '--results_dir', at('late_results'));
    expect(run.code).toBe(1);
    expect(run.stderr.trim()).toMatch(
      /^aaclip: \S*damaged\.png: broken.*\(mine: no figures for cloth; the other classes are kept\)$/,
    );
    const [kept, summary] = run.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Tested & { missing: string[]; summary: unknown[] });
    expect(summary!.summary).toHaveLength(1);
    expect(kept!.classes.map((c) => c.className)).toEqual(['felt']);
    expect(kept!.missing).toEqual(['cloth']);
    const file = JSON.parse(readFileSync(at('late_results', 'results.json'), 'utf8')) as { runs: Tested[] };
    expect(withoutCurves(file.runs)).toEqual([kept]);
  });
});
