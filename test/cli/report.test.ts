/** The page of a run, and of several: read as a browser reads them, without running the script. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type KeptClass, keptJson, type ReportedClass } from '../../src/cli/report/kept_results.js';
import { readRun } from '../../src/cli/report/read_run.js';
import { writePage } from '../../src/cli/report/write_page.js';
import type { Intervals } from '../../src/eval/intervals.js';
import { encodePng } from '../../src/node/encode_png.js';
import { runCli } from './run_cli.js';

let dir = '';
const at = (...parts: string[]): string => join(dir, ...parts);
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-report-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const CURVE = { x: [0, 0.25, 1], y: [0, 0.75, 1] };

/** Two normal and four abnormal pictures; the threshold misses one and accepts one wrongly. */
const behind = (more: Partial<KeptClass> = {}): KeptClass => ({
  pixels: {
    ...{ roc: CURVE, pr: CURVE, pro: { x: [0, 0.3], y: [0, 0.6] } },
    histogram: { lo: -3, hi: 5, normal: [1000, 10, 0, 1], abnormal: [0, 3, 20, 0] },
  },
  images: { roc: CURVE, pr: CURVE },
  pictures: [0.1, 0.75, 0.3, 0.6, 0.7, 0.9].map((score, i) => ({
    ...{ path: `nut/${i < 2 ? 'good' : 'bent'}/${i}.png`, label: i < 2 ? 0 : 1 },
    ...{ score, peak: score + 1 },
  })),
  ...more,
});

const tested = (className: string, more: Partial<ReportedClass> = {}): ReportedClass => ({
  ...{ className, pixelAuc: 91.234, pixelAp: 40, imageAuc: 88.5, imageAp: 90.005, pixelAupro: 77.7 },
  ...{ pixelF1: { f1: 0.5, threshold: 1.5 }, imageF1: { f1: 0.75, threshold: Math.fround(0.6) } },
  ...{ images: 6, abnormalImages: 4, pixels: 384, abnormalPixels: 23, notes: [], behind: behind() },
  ...more,
});

/** Writes a folder as a test leaves it. */
function results(name: string, classes: readonly ReportedClass[], epochs: readonly number[] = [1], more = {}): string {
  mkdirSync(at(name), { recursive: true });
  const runs = epochs.map((epoch) => ({
    ...{ dataset: 'Parts', epoch, domain: 'Industrial', images: 6 * classes.length, seconds: 2, imagesPerSecond: 3 },
    ...{ sheets: [], classes, average: {} },
  }));
  const origin = { aaclip: '0.1.0', node: '20.0.0', adapter: 'some adapter', started: '2026-01-31T10:00:00.000Z' };
  writeFileSync(at(name, 'results.json'), keptJson({ weights: 'tiny', resultsDir: at(name), origin, runs, ...more }));
  return at(name);
}

async function opened(folders: readonly string[], epoch?: number) {
  const file = at('page.html');
  await writePage(folders, file, epoch);
  const text = readFileSync(file, 'utf8');
  const { document } = parseHTML(text);
  const all = (selector: string) => [...document.querySelectorAll(selector)];
  const texts = (selector: string): string[] => all(selector).map((e) => e.textContent.trim());
  return { text, document, all, texts };
}
type Opened = Awaited<ReturnType<typeof opened>>;

/** The cells of a table's rows. */
const rowsOf = ({ document }: Opened, caption: string): string[][] => {
  const table = [...document.querySelectorAll('table')].find((t) =>
    t.querySelector('caption')?.textContent.startsWith(caption),
  );
  return [...(table?.querySelectorAll('tr') ?? [])].map((r) => [...r.children].map((c) => c.textContent.trim()));
};

/** What every page must have. */
function expectSound({ text, document, all }: Opened): void {
  expect(document.documentElement.getAttribute('lang')).toBe('en');
  expect(document.querySelector('meta[name=viewport]')).not.toBeNull();
  expect(document.title).toBe(document.querySelector('h1')!.textContent);
  const levels = all('h1,h2,h3,h4').map((h) => Number(h.tagName.slice(1)));
  expect(levels[0]).toBe(1);
  for (const [i, level] of levels.slice(1).entries()) expect(level).toBeLessThanOrEqual(levels[i]! + 1);
  for (const table of all('table')) {
    expect(table.querySelector('caption')!.textContent).not.toBe('');
    for (const th of table.querySelectorAll('th')) expect(th.getAttribute('scope')).toMatch(/^(?:col|row|rowgroup)$/);
  }
  for (const svg of all('figure svg')) {
    expect(svg.getAttribute('role')).toBe('img');
    expect(svg.getAttribute('aria-label')).not.toBe('');
  }
  for (const img of all('img')) {
    expect(img.getAttribute('alt')).not.toBe('');
    expect(img.getAttribute('src')).toMatch(/^data:image\/jpeg;base64,/);
  }
  // Nothing comes from elsewhere: all addresses are places on the page or data inside it.
  for (const e of all('[src],[href]')) expect(e.getAttribute('src') ?? e.getAttribute('href')).toMatch(/^(?:#|data:)/);
  for (const { id } of all('[href]').map((a) => ({ id: a.getAttribute('href')! })))
    expect(document.querySelector(id), id).not.toBeNull();
  expect(text).not.toMatch(/@import|url\(\s*['"]?(?!#)/);
  expect(text).not.toMatch(/\bNaN\b(?!\()|undefined|\[object/);
}

describe('the page of a test', () => {
  it('has the figures in per cent, with thresholds, counts and averages', async () => {
    const page = await opened([results('one', [tested('nut'), tested('bolt', { pixelAuc: 80 })])]);
    expectSound(page);
    const [head, nut, bolt, average] = rowsOf(page, 'Parts');
    expect(head).toHaveLength(12);
    const rest = ['50.00', '75.00', '1.5000', '0.6000', '6', '4'];
    expect(nut).toEqual(['nut', '91.23', '40.00', '88.50', '90.00', '77.70', ...rest]);
    expect(bolt!.slice(0, 2)).toEqual(['bolt', '80.00']);
    expect(average!.slice(0, 3)).toEqual(['Average', '85.62', '40.00']);
    expect(average!.slice(-2)).toEqual(['12', '8']);
    expect(page.texts('figcaption').slice(0, 5)).toEqual([
      'ROC of pixels',
      'Precision and recall of pixels',
      'PRO: overlap of regions',
      'ROC of images',
      'Precision and recall of images',
    ]);
    // A line for each class.
    expect(page.all('figure svg')[0]!.querySelectorAll('[aria-label=line] path')).toHaveLength(2);
    expect(page.texts('#settings td')).toContain('some adapter');
  });

  it('has every image on its side of the threshold, worst first', async () => {
    const page = await opened([results('ranked', [tested('nut')])]);
    const worst = rowsOf(page, 'Worst images of nut').slice(1);
    expect(worst.map((r) => [r[0], r[1], r[2], r[4]])).toEqual([
      ['nut/bent/2.png', 'abnormal', '0.3000', 'missed'],
      ['nut/good/1.png', 'normal', '0.7500', 'false alarm'],
      ['nut/bent/3.png', 'abnormal', '0.6000', 'found'],
      ['nut/bent/4.png', 'abnormal', '0.7000', 'found'],
    ]);
    expect(rowsOf(page, 'Best images of nut').slice(1)).toHaveLength(1);
    expect(page.texts('details p')).toEqual(['At the threshold of F1-max, 2 of 6 images are decided wrongly.']);
    expect(page.all('figure svg').at(-1)!.textContent).toContain('threshold');
  });

  it('shows names as they are, whatever they hold', async () => {
    const name = '<img src=x onerror=alert(1)> & "nut"';
    const page = await opened([results('names', [tested(name, { notes: ['<b>note</b>'] })])]);
    expectSound(page);
    expect(page.all('img,b')).toHaveLength(0);
    expect(rowsOf(page, 'Parts')[1]![0]).toBe(name);
    expect(page.all('figure svg')[0]!.getAttribute('aria-label')).toContain(name);
  });

  it('has intervals and types of defect where the test was asked for them, and marks a published 0', async () => {
    const all = ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp', 'pixelAupro', 'pixelF1', 'imageF1'];
    const ends = Object.fromEntries(all.map((key) => [key, [80.5, 95]])) as unknown as Intervals;
    const intervals = { ...ends, imageF1: null, confidence: 95, resamples: 500, seed: 7, binError: 0.0012 };
    const { className: _, notes, behind: __, ...figures } = tested('nut');
    const defects = [{ ...figures, defect: 'bent', pixelAuc: 12.5, imageF1: null }];
    const one = tested('nut', { intervals, defects, abnormalImages: 0, imageAuc: 0, imageAp: 0 });
    const folder = results('further', [one]);
    const file = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as { runs: object[] };
    const times = { drawingSeconds: 1, imagesPerSecondWithoutDrawing: 6, averageIntervals: ends };
    writeFileSync(join(folder, 'results.json'), keptJson({ ...file, runs: [{ ...file.runs[0], ...times }] }));
    const page = await opened([folder]);
    expectSound(page);
    expect(rowsOf(page, 'Parts, 95% intervals').slice(1)).toEqual([
      ['nut', ...new Array<string>(6).fill('80.50–95.00'), 'n/a'],
      ['Average', ...new Array<string>(7).fill('80.50–95.00')],
    ]);
    expect(page.texts('p.quiet').join()).toMatch(/500 resamples .* seed 7\..* by 0\.0012 at most/);
    expect(page.texts('p.quiet')[0]).toContain('3.00 images/s (6.00 without drawing)');
    const [, row] = rowsOf(page, 'Parts, types of defect');
    expect([row!.slice(0, 4), row!.at(-1)]).toEqual([['nut', 'bent', '4', '12.50'], 'n/a']);
    expect(rowsOf(page, 'Parts, figures')[1]!.slice(3, 5)).toEqual(['0.00 (n/a)', '0.00 (n/a)']);
    expect(notes).toEqual([]);
  });

  it('has a dash for every figure that the data cannot give', async () => {
    const none = { pixelAuc: null, pixelAp: null, pixelAupro: null, pixelF1: null, imageF1: null };
    const bare = { ...behind(), pixels: undefined } as unknown as KeptClass;
    const page = await opened([results('none', [tested('nut', { ...none, behind: bare })])]);
    expectSound(page);
    const dashes = ['–', '–', '88.50', '90.00', '–', '–', '–', '–', '–'];
    expect(rowsOf(page, 'Parts')[1]!.slice(1, 10)).toEqual(dashes);
    expect(page.texts('figcaption')).toEqual(['ROC of images', 'Precision and recall of images', 'Images by score']);
    expect(rowsOf(page, 'Worst images of nut')[1]![4]).toBe('–');
  });

  it('tells fifteen classes apart, in colour or dash', async () => {
    const names = Array.from({ length: 15 }, (_, i) => `class ${i}`);
    const page = await opened([
      results(
        'many',
        names.map((n) => tested(n)),
      ),
    ]);
    expectSound(page);
    const strokes = page
      .all('.legend line')
      .map((l) => `${l.getAttribute('stroke')} ${l.getAttribute('stroke-dasharray')}`);
    expect(new Set(strokes).size).toBe(15);
    expect(page.all('details')).toHaveLength(15);
    // Not all of them are drawn in full: the page stays small.
    expect(page.text.length).toBeLessThan(500_000);
  });

  it('is that of the last epoch unless another is wanted', async () => {
    const folder = results('epochs', [tested('nut')], [5, 10]);
    expect((await opened([folder])).texts('h2')).toContain('Parts, epoch 10');
    const page = await opened([folder], 5);
    expectSound(page);
    expect(page.texts('h2')).toEqual(['Epochs', 'Parts, epoch 5', 'Settings']);
    expect(rowsOf(page, 'All epochs').map((r) => r[0])).toEqual(['Epoch', '5', '10']);
    await expect(opened([folder], 7)).rejects.toThrow(/^\S+epochs: epoch 7 was not tested: .* 5, 10$/);
  });

  it('shows pictures that were drawn, also after the folder was moved', async () => {
    const sheet = at('before', 'visualization', 'Parts', 'nut', 'sheet.png');
    const folder = results('after', [tested('nut', { behind: behind({ sheet }) })], [1], { resultsDir: at('before') });
    mkdirSync(join(folder, 'visualization', 'Parts', 'nut'), { recursive: true });
    for (const kind of ['picture', 'mask', 'overlay'])
      for (const name of ['bent_2', 'good_1'])
        writeFileSync(
          join(folder, 'visualization', 'Parts', 'nut', `${name}_${kind}.png`),
          encodePng(400, 100, new Uint8Array(400 * 100 * 3).fill(90)),
        );
    const page = await opened([folder]);
    expectSound(page);
    expect(page.all('img').map((i) => i.getAttribute('alt'))).toEqual(
      ['2.png', '1.png'].flatMap((name) => ['picture', 'mask', 'overlay'].map((kind) => `${kind} of ${name}`)),
    );
    expect(page.all('img').map((i) => [i.getAttribute('width'), i.getAttribute('height')])[0]).toEqual(['200', '50']);
  });

  it('is made of results that older versions left, without curves', async () => {
    const { behind: _, ...old } = tested('nut');
    const page = await opened([results('old', [old], [1], { origin: undefined })]);
    expectSound(page);
    expect(page.texts('h3')).toEqual([]);
    expect(rowsOf(page, 'Parts')[1]![1]).toBe('91.23');
  });
});

describe('the page of a training', () => {
  it('has the losses of its steps, each as it ran last, and what was recorded', async () => {
    mkdirSync(at('training'));
    const step = (stage: string, n: number, loss: number) =>
      JSON.stringify({ stage, step: n, epoch: Math.floor((n - 1) / 2), loss });
    const lines = [step('text', 1, 9), step('text', 1, 4), step('text', 2, 2), step('image', 1, 1), '{"stage":"ima'];
    writeFileSync(at('training', 'metrics.jsonl'), lines.join('\n'));
    const record = { flags: { image_lr: 0.0005 }, origin: { adapter: 'some adapter' } };
    writeFileSync(at('training', 'training.json'), JSON.stringify(record));
    const page = await opened([at('training')]);
    expectSound(page);
    expect(rowsOf(page, 'Mean loss').slice(1)).toEqual([
      ['text, epoch 1', '2', '3.00000'],
      ['image, epoch 1', '1', '1.00000'],
    ]);
    expect(page.texts('figcaption')).toEqual(['Loss of the text stage', 'Loss of the image stage']);
    expect(page.texts('#settings tr')).toContain('image_lr0.0005');
    // A test of these adapters shows it, too.
    const test = await opened([results('of_training', [tested('nut')], [1], { savePath: at('training') })]);
    expect(test.texts('h2')).toContain('Training');
  });
});

describe('several runs', () => {
  it('stand side by side, the best of each figure marked, averages over the classes of all', async () => {
    const a = results('a', [tested('nut'), tested('bolt', { pixelAuc: 50 }), tested('only here')]);
    const b = results('b', [tested('nut', { pixelAuc: 95, imageAuc: null }), tested('bolt')], [3], {
      weights: 'other',
    });
    const page = await opened([a, b]);
    expectSound(page);
    const rows = rowsOf(page, 'Parts');
    expect(rows.map((r) => r.slice(0, r.length - 5))).toEqual([
      ['Class', 'Run', 'Pixel AUROC', 'Pixel AP'],
      ['nut', `${a}, epoch 1`, '91.23', '40.00'],
      [`${b}, epoch 3`, '95.00', '40.00'],
      ['bolt', `${a}, epoch 1`, '50.00', '40.00'],
      [`${b}, epoch 3`, '91.23', '40.00'],
      ['only here', `${a}, epoch 1`, '91.23', '40.00'],
      [`${b}, epoch 3`, '–', '–'],
      ['Average', `${a}, epoch 1`, '70.62', '40.00'],
      [`${b}, epoch 3`, '93.12', '40.00'],
    ]);
    expect(page.texts('strong')).toEqual(['95.00', '91.23', '93.12']);
    expect(page.all('figure svg')[0]!.querySelectorAll('[aria-label=line] path')).toHaveLength(2);
    expect(rowsOf(page, 'Settings that differ').slice(1)).toEqual([['weights', 'tiny', 'other']]);
  });
});

describe('the command', () => {
  it('writes the page into the folder, and says where', async () => {
    const folder = results('command', [tested('nut')]);
    const run = await runCli('report', folder, '--json');
    expect([run.code, run.stderr, JSON.parse(run.stdout)]).toEqual([0, '', { file: join(folder, 'report.html') }]);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  });

  it('refuses a folder without results, and results that are none, by name', () => {
    expect(() => readRun(at('nowhere'))).toThrow(
      /^\S+nowhere: nothing to report: expected results\.json of .*--save_path$/,
    );
    for (const [text, wrong] of [
      ['{"runs":', /^\S+results\.json: not readable: expected .*run the test again$/],
      ['{"runs":[{"dataset":"a"}]}', /^\S+results\.json: not the results of a test: .*run the test again$/],
    ] as const) {
      mkdirSync(at('broken'), { recursive: true });
      writeFileSync(at('broken', 'results.json'), text);
      expect(() => readRun(at('broken'))).toThrow(wrong);
    }
  });
});

describe('results.json', () => {
  it('has a line for each list of numbers and each picture, and stays the same JSON', () => {
    const value = { name: 'a [\n1,\n2] {\n"path": "b"\n}', list: [1, -2.5e-7, 3], rows: behind().pictures, none: [] };
    const text = keptJson(value);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toContain('"list": [1,-2.5e-7,3]');
    expect(text.split('\n').filter((line) => line.includes('"path": ')).length).toBe(6);
    expect(text.trimEnd().split('\n')).toHaveLength(13);
  });
});
