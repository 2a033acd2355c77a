/** Folders as a test, a training and a test of all data sets leave them, with figures made up here. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KeptClass, keptJson, type ReportedClass } from '../../src/cli/report/kept_results.js';
import type { RunResult } from '../../src/cli/test_adapters/data_run.js';
import type { SetState } from '../../src/cli/test_all/best_epoch.js';
import { ResultsTree } from '../../src/cli/test_all/results_tree.js';
import type { RunIdentity } from '../../src/cli/test_all/run_identity.js';
import { summarise, summaryFiles } from '../../src/cli/test_all/summary.js';
import type { ClassFigures } from '../../src/eval/metrics.js';
import { encodePng } from '../../src/node/encode_png.js';

const CURVE = { x: [0, 0.25, 1], y: [0, 0.75, 1] };

/** Two normal and four abnormal pictures; the threshold misses one and accepts one wrongly. */
export const behind = (more: Partial<KeptClass> = {}): KeptClass => ({
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

export const tested = (className: string, more: Partial<ReportedClass> = {}): ReportedClass => ({
  ...{ className, pixelAuc: 91.234, pixelAp: 40, imageAuc: 88.5, imageAp: 90.005, pixelAupro: 77.7 },
  ...{ pixelF1: { f1: 0.5, threshold: 1.5 }, imageF1: { f1: 0.75, threshold: Math.fround(0.6) } },
  ...{ images: 6, abnormalImages: 4, pixels: 384, abnormalPixels: 23, notes: [], behind: behind() },
  ...more,
});

/** Draws the pictures of `behind` that the page shows, 400 x 100 pixels, below a folder for its class. */
export function drawPictures(folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [k, kind] of ['picture', 'mask', 'overlay'].entries())
    for (const name of ['bent_2', 'good_1'])
      writeFileSync(
        join(folder, `${name}_${kind}.png`),
        encodePng(
          400,
          100,
          Uint8Array.from({ length: 400 * 100 * 3 }, (_, i) => (k === 1 ? 255 * Number(i % 1200 > 900) : i >> (k + 7))),
        ),
      );
}

const identity = (savePath: string) =>
  ({
    ...{ weights: 'tiny', savePath, plain: null, imageSize: 56, textMix: 0.1, imageMix: 0.1, activation: 'gelu' },
    ...{ precision: 'f32', pictures: { orient: false, depth: 'clip' }, classes: null, skipBroken: false },
    ...{ weightsFingerprint: 'w', textFingerprint: 't' },
  }) as unknown as RunIdentity;

/** A data set of a tree: the classes of each epoch, in the order of the epochs. */
export interface MadeSet {
  readonly name: string;
  readonly domain: SetState['domain'];
  readonly trainedOn?: boolean;
  readonly epochs: readonly (readonly ReportedClass[])[];
}

/** A temporary folder that others are made in. */
export class MadeResults {
  readonly #dir = mkdtempSync(join(tmpdir(), 'aaclip-report-'));

  at(...parts: string[]): string {
    return join(this.#dir, ...parts);
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** A folder as a test of one data set leaves it. */
  test(name: string, classes: readonly ReportedClass[], epochs: readonly number[] = [1], more = {}): string {
    const folder = this.at(name);
    mkdirSync(folder, { recursive: true });
    const runs = epochs.map((epoch) => ({
      ...{ dataset: 'Parts', epoch, domain: 'Industrial', images: 6 * classes.length, seconds: 2, imagesPerSecond: 3 },
      ...{ sheets: [], classes, average: {} },
    }));
    const origin = { aaclip: '0.1.0', node: '20.0.0', adapter: 'some adapter', started: '2026-01-31T10:00:00.000Z' };
    const results = { weights: 'tiny', resultsDir: folder, origin, runs, ...more };
    writeFileSync(join(folder, 'results.json'), keptJson(results));
    return folder;
  }

  /** A folder as a training leaves it, killed while it wrote its last line. */
  training(name: string): string {
    const folder = this.at(name);
    mkdirSync(folder);
    const step = (stage: string, n: number, loss: number) =>
      JSON.stringify({ stage, step: n, epoch: Math.floor((n - 1) / 2), loss });
    const lines = [step('text', 1, 9), step('text', 1, 4), step('text', 2, 2), step('image', 1, 1), '{"stage":"ima'];
    writeFileSync(join(folder, 'metrics.jsonl'), lines.join('\n'));
    const record = { flags: { image_lr: 0.0005 }, origin: { adapter: 'some adapter' } };
    writeFileSync(join(folder, 'training.json'), JSON.stringify(record));
    return folder;
  }

  /** A folder as `test-all` leaves it, by the code that writes it. */
  async tree(name: string, sets: readonly MadeSet[], others: readonly SetState[] = []): Promise<string> {
    const folder = this.at(name);
    const run = identity(this.at('nowhere'));
    using tree = new ResultsTree(folder, run);
    const epochs = sets[0]!.epochs.map((_, i) => i + 1);
    for (const { name: dataset, domain, epochs: classes } of sets) {
      tree.takeUp(dataset, 'list', new Map());
      for (const [i, of] of classes.entries()) {
        const rows = of.map(({ behind: _, className, ...figures }) => ({
          className,
          figures: figures as ClassFigures,
        }));
        const kept = new Map(of.map((c) => [c.className, c.behind!]));
        const none = { failure: undefined, averageIntervals: undefined, drawingSeconds: 0, sheets: [] };
        const result: RunResult = { rows, behind: kept, seconds: 2, ...none };
        await tree.add({ dataset, domain, epoch: i + 1, result }, 'print');
      }
    }
    const states = sets.map(
      (set): SetState => ({
        ...set,
        known: 3,
        trainedOn: set.trainedOn ?? false,
        state: 'SUCCESS',
        runs: tree.runsOf(set.name),
      }),
    );
    await tree.writeFiles(summaryFiles(summarise(run, [...states, ...others], epochs)));
    return folder;
  }
}
