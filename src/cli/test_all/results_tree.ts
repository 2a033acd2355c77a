/** The published tree of results: a folder with `test.log` for each data set, and what the page and a later start need. */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { askedForText } from '../../eval/further_report.js';
import { epochsText, type NamedFigures, reportText } from '../../eval/report.js';
import { appendLines } from '../../node/append_lines.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { makeFolder } from '../../node/make_folder.js';
import { RunLock } from '../../node/run_lock.js';
import { sweep } from '../../node/temporaries.js';
import { firstDifference, readKept } from '../kept_file.js';
import { keptJson, type Origin } from '../report/kept_results.js';
import { originNow } from '../report/run_record.js';
import { safeParts } from '../test_adapters/draw_class.js';
import { asRun, label, type TestedEpoch, type TestResult } from '../test_adapters/output.js';
import type { ImageCheckpoint } from '../test_adapters/tested_adapters.js';
import type { RunIdentity } from './run_identity.js';

export type Epoch = ImageCheckpoint['epoch'];

type TimeKey = 'seconds' | 'imagesPerSecond' | 'drawingSeconds' | 'imagesPerSecondWithoutDrawing';

/** The figures of a data set at an epoch, without the time it took: they are equal in every run. */
export interface KeptRun extends Omit<TestResult, TimeKey> {
  /** Fingerprint of the image adapters. */
  readonly checkpoint: string;
}

/** `results.json` of a data set. */
interface SetFile {
  readonly dataset: string;
  /** Fingerprint of the list and the prompts. */
  readonly list: string;
  readonly runs: readonly KeptRun[];
}

export const SUMMARY = 'summary.json';
const REMEDY = 'name another folder with --results_dir';

/** One test at a time has the folder. */
export class ResultsTree implements Disposable {
  readonly folder: string;
  readonly #run: RunIdentity;
  readonly #locks: RunLock[] = [];
  readonly #sets = new Map<string, SetFile>();
  #origin: Origin = originNow();

  /**
   * @param share data sets that this process tests for another one, which has the folder
   * @throws one line when the folder cannot be written, another test has it, or it holds the figures of another run
   */
  constructor(folder: string, run: RunIdentity, share?: readonly string[]) {
    this.folder = folder;
    this.#run = run;
    const locked = share?.map((name) => this.folderOf(name)) ?? [folder];
    try {
      for (const one of locked) this.#locks.push(new RunLock(one, 'test', REMEDY));
      checkRun(folder, run);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Notes the adapter that the test runs on. */
  runsOn(adapter: string): void {
    this.#origin = { ...this.#origin, adapter };
  }

  /** Gives the folder back. */
  [Symbol.dispose](): void {
    for (const lock of this.#locks) lock[Symbol.dispose]();
  }

  /** The folder of a data set. */
  folderOf(dataset: string): string {
    return join(this.folder, ...safeParts(dataset));
  }

  /** Makes the folder of a data set. */
  makeFolderOf(dataset: string): string {
    const folder = this.folderOf(dataset);
    makeFolder(folder);
    return folder;
  }

  /** What is kept of a data set, in the order of the epochs. */
  runsOf(dataset: string): readonly KeptRun[] {
    return this.#sets.get(dataset)?.runs ?? [];
  }

  /**
   * Takes up what earlier starts left of a data set.
   * @param list fingerprint of its list and prompts: figures of another list do not count
   * @param checkpoints fingerprints of the image adapters
   * @returns whether the list has changed since
   * @throws one line when the file is damaged, or an epoch's adapters have changed since
   */
  takeUp(dataset: string, list: string, checkpoints: ReadonlyMap<Epoch, string>): boolean {
    const folder = this.folderOf(dataset);
    sweep(folder);
    const path = join(folder, 'results.json');
    const kept = readKept<SetFile>(path, damaged);
    const same = kept?.list === list;
    if (kept !== undefined && !Array.isArray(kept.runs)) throw damaged(path);
    const runs = same ? kept.runs : [];
    for (const { epoch, checkpoint } of runs) {
      const now = checkpoints.get(epoch);
      if (now === undefined || now === checkpoint) continue;
      throw new Error(`${this.folder}: holds the figures of other image adapters (${label(epoch)}): ${REMEDY}`);
    }
    this.#sets.set(dataset, { dataset, list, runs });
    return kept !== undefined && !same;
  }

  /** Adds the figures of a data set at an epoch, and writes its files. */
  async add(tested: TestedEpoch, checkpoint: string): Promise<KeptRun> {
    const { seconds, imagesPerSecond, drawingSeconds, imagesPerSecondWithoutDrawing, ...figures } = asRun(tested);
    const { dataset, epoch, images } = figures;
    const folder = this.folderOf(dataset);
    const inside = (path: string): string => relative(folder, path).replaceAll('\\', '/');
    const run: KeptRun = { ...figures, sheets: figures.sheets.map(inside), checkpoint };
    const classes = run.classes.map((c) => {
      const { sheet, ...behind } = tested.result.behind.get(c.className)!;
      return { ...c, behind: { ...behind, ...(sheet === undefined ? {} : { sheet: inside(sheet) }) } };
    });
    const before = this.#sets.get(dataset)!;
    const runs = [...before.runs.filter((r) => r.epoch !== epoch), { ...run, classes }].sort(
      (a, b) => Number(a.epoch) - Number(b.epoch),
    );
    this.#sets.set(dataset, { ...before, runs });
    this.makeFolderOf(dataset);
    await this.#write(join(folder, 'results.json'), { ...before, ...this.#run, runs });
    await this.writeLog(dataset);
    // All times are in this file alone.
    const drawing = { drawingSeconds, imagesPerSecondWithoutDrawing };
    const took = { dataset, epoch, images, seconds, imagesPerSecond, ...drawing, ...this.#origin };
    appendLines(join(this.folder, 'times.jsonl'), `${JSON.stringify(took)}\n`);
    return run;
  }

  /** Writes the log of a data set from its figures, so that it is the same whether or not a run was interrupted. */
  async writeLog(dataset: string, fault?: string): Promise<void> {
    const runs = this.runsOf(dataset);
    const entries = [`INFO:args: ${JSON.stringify({ ...this.#run, dataset })}`];
    for (const { epoch, images, classes, averageIntervals } of runs) {
      const rows = classes.map(({ className, intervals, defects, ...figures }) => ({
        ...{ className, figures },
        ...(intervals ? { intervals } : {}),
        ...(defects ? { defects } : {}),
      }));
      entries.push(
        `INFO:test ${dataset}, ${label(epoch)}: ${images} pictures`,
        `INFO:final results:\n${reportText(rows)}`,
        ...askedForText(rows, averageIntervals).map((table) => `INFO:${table}`),
      );
    }
    if (runs.length > 1) {
      const rows = runs.map((r): NamedFigures => [String(r.epoch), r.average]);
      entries.push(`INFO:all epochs:\n${epochsText(rows)}`);
    }
    if (fault !== undefined) entries.push(`ERROR:${fault}`);
    await this.#write(join(this.makeFolderOf(dataset), 'test.log'), entries.join('\n'));
  }

  /** Writes files of the folder itself: text, or values as JSON. */
  async writeFiles(files: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [name, contents] of Object.entries(files)) await this.#write(join(this.folder, name), contents);
  }

  async #write(path: string, contents: unknown): Promise<void> {
    const text = typeof contents === 'string' ? `${contents}\n` : keptJson(contents);
    await writeAtomically(path, new TextEncoder().encode(text));
  }
}

const damaged = (path: string): Error => new Error(`${path}: not as test-all writes it: delete it, or ${REMEDY}`);

/** Paths do not count: the fingerprints tell what is behind them. */
const PATHS = ['weights', 'savePath'];
const OTHER: Readonly<Record<string, string>> = {
  weightsFingerprint: 'other weights',
  textFingerprint: 'other text adapters',
};

/** @throws one line when the folder holds results of another run, or of another program */
function checkRun(folder: string, run: RunIdentity): void {
  const before = readKept<{ readonly run?: object }>(join(folder, SUMMARY), damaged);
  if (before === undefined) {
    const logs = readdirSync(folder).filter(
      (name) => name === 'summary.txt' || existsSync(join(folder, name, 'test.log')),
    );
    if (logs.length === 0) return;
    throw new Error(`${folder}: holds the results of another program (${logs.sort()[0]}): ${REMEDY}`);
  }
  if (typeof before.run !== 'object') throw damaged(join(folder, SUMMARY));
  const found = firstDifference(before.run, run, PATHS);
  if (found === undefined) return;
  const what = OTHER[found.key] ?? `${found.key} ${found.before}, now ${found.now}`;
  throw new Error(`${folder}: holds the figures of another run (${what}): ${REMEDY}`);
}
