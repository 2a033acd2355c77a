/** The published tree of results: a folder with `test.log` for each data set, and what a later start needs to go on. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { askedForText } from '../../eval/further_report.js';
import { epochsText, type NamedFigures, reportText } from '../../eval/report.js';
import { appendLines } from '../../node/append_lines.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { fileError } from '../../node/file_error.js';
import { makeFolder } from '../../node/make_folder.js';
import { RunLock } from '../../node/run_lock.js';
import { sweep } from '../../node/temporaries.js';
import { safeParts } from '../test_adapters/draw_class.js';
import { asRun, label, type TestedEpoch, type TestResult, type TestSettings } from '../test_adapters/output.js';
import type { ImageCheckpoint } from '../test_adapters/tested_adapters.js';

export type Epoch = ImageCheckpoint['epoch'];

type TimeKey = 'seconds' | 'imagesPerSecond' | 'drawingSeconds' | 'imagesPerSecondWithoutDrawing';

/** The figures of a data set at an epoch, without the time it took: they are equal in every run. */
export interface KeptRun extends Omit<TestResult, TimeKey> {
  /** Fingerprint of the image adapters. */
  readonly checkpoint: string;
}

/** What all data sets of a folder were tested with. */
export interface RunIdentity extends Omit<TestSettings, 'resultsDir'> {
  /** `--class`. */
  readonly classes: string | null;
  readonly skipBroken: boolean;
  readonly weightsFingerprint: string;
  readonly textFingerprint: string;
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
  readonly #lock: RunLock;
  readonly #sets = new Map<string, SetFile>();

  /** @throws one line when the folder cannot be written, another test has it, or it holds the figures of another run */
  constructor(folder: string, run: RunIdentity) {
    this.folder = folder;
    this.#run = run;
    this.#lock = new RunLock(folder, 'test', REMEDY);
    try {
      checkRun(folder, run);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Gives the folder back. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
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
    const kept = readJson<SetFile>(path);
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
    const sheets = figures.sheets.map((path) => relative(folder, path).replaceAll('\\', '/'));
    const run: KeptRun = { ...figures, sheets, checkpoint };
    const before = this.#sets.get(dataset)!;
    const runs = [...before.runs.filter((r) => r.epoch !== epoch), run].sort(
      (a, b) => Number(a.epoch) - Number(b.epoch),
    );
    this.#sets.set(dataset, { ...before, runs });
    this.makeFolderOf(dataset);
    await this.#write(join(folder, 'results.json'), { ...before, ...this.#run, runs });
    await this.writeLog(dataset);
    // All times are in this file alone.
    const drawing = { drawingSeconds, imagesPerSecondWithoutDrawing };
    const took = { dataset, epoch, images, seconds, imagesPerSecond, ...drawing };
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
    const text = typeof contents === 'string' ? contents : JSON.stringify(contents, null, 1);
    await writeAtomically(path, new TextEncoder().encode(`${text}\n`));
  }
}

const damaged = (path: string): Error => new Error(`${path}: not as test-all writes it: delete it, or ${REMEDY}`);

/** The value in a file, undefined where there is none. @throws one line when it cannot be read or is no object */
function readJson<T extends object>(path: string): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(path, 'read', error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
  } catch {
    // Said below.
  }
  throw damaged(path);
}

/** Paths do not count: the fingerprints tell what is behind them. */
const PATHS = ['weights', 'savePath'];
const OTHER: Readonly<Record<string, string>> = {
  weightsFingerprint: 'other weights',
  textFingerprint: 'other text adapters',
};

/** @throws one line when the folder holds results of another run, or of another program */
function checkRun(folder: string, run: RunIdentity): void {
  const before = readJson<{ readonly run?: Readonly<Record<string, unknown>> }>(join(folder, SUMMARY));
  if (before === undefined) {
    const logs = readdirSync(folder).filter(
      (name) => name === 'summary.txt' || existsSync(join(folder, name, 'test.log')),
    );
    if (logs.length === 0) return;
    throw new Error(`${folder}: holds the results of another program (${logs.sort()[0]}): ${REMEDY}`);
  }
  if (typeof before.run !== 'object') throw damaged(join(folder, SUMMARY));
  const now = JSON.parse(JSON.stringify(run)) as Readonly<Record<string, unknown>>;
  const [saved, current] = [before.run, now].map((r) => (key: string) => JSON.stringify(r[key]));
  const key = [...Object.keys(now), ...Object.keys(before.run)].find(
    (k) => !PATHS.includes(k) && saved!(k) !== current!(k),
  );
  if (key === undefined) return;
  const shown = (text: string | undefined): string => text ?? 'not given';
  const what = OTHER[key] ?? `${key} ${shown(saved!(key))}, now ${shown(current!(key))}`;
  throw new Error(`${folder}: holds the figures of another run (${what}): ${REMEDY}`);
}
