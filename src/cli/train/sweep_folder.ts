/** The folder of a sweep: a folder for each seed, and the figures over all of them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeAtomically } from '../../node/atomic_write.js';
import { RunLock } from '../../node/run_lock.js';
import { firstDifference, readKept } from '../kept_file.js';
import { TRAINING_FILE } from '../report/run_record.js';
import { type SweptSet, spreadsOf, sweepCsv, sweepMarkdown, sweepRows } from './sweep_summary.js';

const SWEEP = 'sweep.json';
const REMEDY = 'name another folder with --save_path';
const OTHER: Readonly<Record<string, string>> = { list: 'other samples', weights: 'other weights' };

/** Settings that all seeds of a sweep share, as they are recorded. */
export type SweepSettings = Readonly<Record<string, unknown>>;

/** What is known of a sweep so far. */
export interface SweepState {
  readonly seeds: readonly number[];
  readonly trained: readonly number[];
  /** The epoch that is tested; undefined where nothing is. */
  readonly epoch: number | undefined;
  readonly sets: readonly SweptSet[];
}

const damaged = (path: string): Error => new Error(`${path}: not as train --seeds writes it: delete it, or ${REMEDY}`);

/** The folder of a seed below that of its sweep. */
export const seedFolder = (sweep: string, seed: number): string => join(sweep, `seed_${seed}`);

/** Whether the training in a folder has come to its end: its page is the last file it writes. */
export function isTrained(folder: string): boolean {
  return [TRAINING_FILE, 'report.html'].every((name) => existsSync(join(folder, name)));
}

/** One sweep at a time has the folder. */
export class SweepFolder implements Disposable {
  readonly path: string;
  readonly #settings: SweepSettings;
  readonly #lock: RunLock;

  /** @throws one line when the folder cannot be written, another sweep has it, or it holds one with other settings */
  constructor(path: string, settings: SweepSettings) {
    this.path = path;
    this.#settings = settings;
    this.#lock = new RunLock(path, 'train', REMEDY);
    try {
      const file = join(path, SWEEP);
      const before = readKept<{ readonly settings?: object }>(file, damaged);
      if (before === undefined) return;
      if (typeof before.settings !== 'object') throw damaged(file);
      const found = firstDifference(before.settings, settings);
      if (found === undefined) return;
      const what = OTHER[found.key] ?? `${found.key} ${found.before}, now ${found.now}`;
      throw new Error(`${path}: holds a sweep with other settings (${what}): use the same settings, or ${REMEDY}`);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Gives the folder back. */
  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /** Writes `sweep.json` and, where something is tested, `sweep.csv` and `sweep.md`. */
  async save({ seeds, trained, epoch, sets }: SweepState): Promise<void> {
    const kept = sets.map((set) => ({ ...set, classes: classSpreads(set) }));
    const value = {
      settings: this.#settings,
      seeds: seeds.map((seed) => ({ seed, folder: `seed_${seed}`, trained: trained.includes(seed) })),
      ...(epoch === undefined
        ? {}
        : { epoch, deviation: 'sample standard deviation, n - 1', rows: sweepRows(sets), datasets: kept }),
    };
    await this.#write(SWEEP, JSON.stringify(value, null, 1));
    if (epoch === undefined) return;
    await this.#write('sweep.csv', sweepCsv(sets, epoch));
    await this.#write('sweep.md', sweepMarkdown(sweepRows(sets), seeds, epoch));
  }

  async #write(name: string, text: string): Promise<void> {
    await writeAtomically(join(this.path, name), new TextEncoder().encode(`${text}\n`));
  }
}

/** Each class of a data set over the seeds. */
function classSpreads({ seeds }: SweptSet): readonly object[] {
  const names = seeds[0]?.classes.map((c) => c.className) ?? [];
  return names.map((className) => {
    const rows = seeds.flatMap(({ classes }) => classes.find((c) => c.className === className) ?? []);
    return { className, ...spreadsOf(rows) };
  });
}
