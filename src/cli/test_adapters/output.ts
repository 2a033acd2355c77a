/** What a test writes and prints: tables in test.log and on the screen, everything in results.json. */
import { join } from 'node:path';
import type { Domain } from '../../data/datasets.js';
import type { MethodSettings } from '../../detect/method_settings.js';
import { average } from '../../eval/average.js';
import { askedForText, moreFiguresText } from '../../eval/further_report.js';
import type { Figures } from '../../eval/metrics.js';
import { datasetsText, epochsText, type NamedFigures, reportJson, reportText } from '../../eval/report.js';
import type { Precision } from '../../model/weights.js';
import { appendLines } from '../../node/append_lines.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { RunLock } from '../../node/run_lock.js';
import type { PictureRules } from '../../picture/picture.js';
import type { Tiling } from '../../picture/tile_grid.js';
import { keptJson, type ReportedRun } from '../report/kept_results.js';
import { originNow } from '../report/run_record.js';
import type { RunResult } from './data_run.js';
import type { ImageCheckpoint } from './tested_adapters.js';

type Epoch = ImageCheckpoint['epoch'];

export interface TestSettings extends MethodSettings {
  readonly weights: string;
  readonly savePath: string;
  readonly resultsDir: string;
  readonly plain: 'all' | 'text' | null;
  readonly precision: Precision;
  /** How pictures and masks are read. */
  readonly pictures: PictureRules;
  /** How `--intervals` were made; absent without. */
  readonly intervals?: {
    readonly resamples: number;
    readonly seed: number;
    readonly confidence: number;
  };
  /** Present where types of defect have figures. */
  readonly defects?: true;
  /** How large pictures are cut; undefined where they are tested as a whole. */
  readonly tile: Tiling | undefined;
}

export interface TestResult extends ReportedRun {
  readonly epoch: Epoch;
  readonly sheets: readonly string[];
}

export interface TestedEpoch {
  readonly dataset: string;
  readonly domain: Domain;
  readonly epoch: Epoch;
  readonly result: RunResult;
}

interface EpochSummary {
  readonly epoch: Epoch;
  readonly datasets: readonly ({ readonly dataset: string } & Figures)[];
  readonly average: Figures;
}

export const label = (epoch: Epoch): string => (typeof epoch === 'number' ? `epoch ${epoch}` : `${epoch}`);

/** The figures of a data set at an epoch, as they are kept. */
export function asRun({ dataset, domain, epoch, result }: TestedEpoch): TestResult {
  const { rows, seconds, drawingSeconds, sheets, failure, averageIntervals } = result;
  const cut = failure ? { missing: failure.missing } : {};
  const report = reportJson(rows);
  const images = report.classes.reduce((sum, c) => sum + c.images, 0);
  return {
    dataset,
    epoch,
    domain,
    images,
    seconds,
    imagesPerSecond: images / seconds,
    ...(drawingSeconds > 0
      ? { drawingSeconds, imagesPerSecondWithoutDrawing: images / (seconds - drawingSeconds) }
      : {}),
    sheets,
    ...cut,
    ...report,
    ...(averageIntervals ? { averageIntervals } : {}),
  };
}

/** One test at a time has the folder: two would mix their tables and overwrite each other's figures. */
export class TestResults implements Disposable {
  readonly #settings: TestSettings;
  readonly #json: boolean;
  readonly #runs: TestResult[] = [];
  readonly #log: string;
  readonly #lock: RunLock;
  #origin = originNow();
  /** Where the figures are written; the log is beside it. */
  readonly file: string;

  /** @throws one line when the folder or the log cannot be written, or another test has the folder */
  constructor(settings: TestSettings, json: boolean) {
    this.#settings = settings;
    this.#json = json;
    this.#log = join(settings.resultsDir, 'test.log');
    this.file = join(settings.resultsDir, 'results.json');
    this.#lock = new RunLock(settings.resultsDir, 'test', 'name another folder (--results_dir)');
    this.#append(`args: ${JSON.stringify(settings)}`);
  }

  /** Notes the adapter that the test runs on. */
  runsOn(adapter: string): void {
    this.#origin = { ...this.#origin, adapter };
  }

  /** Whether nothing was added yet. */
  get empty(): boolean {
    return this.#runs.length === 0;
  }

  /** Gives the folder back. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /** Adds the figures of a data set at an epoch: the table appears on the screen and in the log. */
  async add(tested: TestedEpoch): Promise<void> {
    const run = asRun(tested);
    const { dataset, epoch, images } = run;
    const { rows, behind, averageIntervals } = tested.result;
    // The curves are for the page; a program that reads the output wants figures.
    this.#runs.push({ ...run, classes: run.classes.map((c) => ({ ...c, behind: behind.get(c.className)! })) });
    const table = reportText(rows);
    const asked = askedForText(rows, averageIntervals);
    this.#append(`test ${dataset}, ${label(epoch)}: ${images} pictures`, `final results:\n${table}`, ...asked);
    const all = [`${dataset}, ${label(epoch)}\n${table}`, moreFiguresText(rows), ...asked].join('\n\n');
    this.#say(this.#json ? JSON.stringify(run) : `${all}\n`);
    await this.#save();
  }

  /** Called after the last data set of an epoch: prints the averages of several data sets. */
  endEpoch(epoch: Epoch): void {
    const rows = this.#runs.filter((r) => r.epoch === epoch).map((r): NamedFigures => [r.dataset, r.average]);
    if (rows.length < 2) return;
    const table = datasetsText(rows);
    this.#append(`summary, ${label(epoch)}:\n${table}`);
    if (!this.#json) this.#say(`all data sets, ${label(epoch)}\n${table}\n`);
  }

  /** Called after the last epoch: prints several epochs side by side. */
  end(): void {
    const epochs = this.#summary();
    if (this.#json) {
      this.#say(JSON.stringify({ summary: epochs, file: this.file }));
      return;
    }
    if (epochs.length < 2) return;
    const table = epochsText(epochs.map((e): NamedFigures => [String(e.epoch), e.average]));
    this.#append(`all epochs:\n${table}`);
    this.#say(`all epochs, average of ${epochs[0]!.datasets.map((d) => d.dataset).join(', ')}\n${table}\n`);
  }

  #summary(): EpochSummary[] {
    return [...new Set(this.#runs.map((r) => r.epoch))].map((epoch) => {
      const datasets = this.#runs.filter((r) => r.epoch === epoch).map((r) => ({ dataset: r.dataset, ...r.average }));
      return { epoch, datasets, average: average(datasets) };
    });
  }

  async #save(): Promise<void> {
    const origin = { ...this.#origin, ended: new Date().toISOString() };
    const text = keptJson({ ...this.#settings, origin, runs: this.#runs, summary: this.#summary() });
    await writeAtomically(this.file, new TextEncoder().encode(text));
  }

  #say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** Adds entries to `test.log` in one write: no table is cut when the process is killed. */
  #append(...entries: string[]): void {
    appendLines(this.#log, entries.map((entry) => `INFO:${entry}\n`).join(''));
  }
}
