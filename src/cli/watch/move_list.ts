/** Sorts pictures whose lines are in the log, and tries again where a move did not succeed. */
import { sep } from 'node:path';
import { stateOf } from './arrivals.js';
import type { LogLine, PictureLog, Stamp } from './picture_log.js';
import type { Bin, SortedFolder } from './sorted_folder.js';

/** Milliseconds before a move is tried again. */
const PAUSE_MS = 5000;

/** Where a picture belongs; undefined where nothing was decided. */
function binOf({ error, anomalous }: LogLine): Bin | undefined {
  if (error !== undefined) return 'review';
  if (anomalous === undefined) return undefined;
  return anomalous ? 'faulty' : 'good';
}

export class MoveList {
  readonly #sort: SortedFolder;
  readonly #log: PictureLog;
  readonly #onNote: (note: string) => void;
  /** Pictures that have a line and are still in the folder, by their paths. */
  readonly #left = new Map<string, Stamp>();
  #next = 0;

  constructor(sort: SortedFolder, log: PictureLog, onNote: (note: string) => void) {
    this.#sort = sort;
    this.#log = log;
    this.#onNote = onNote;
  }

  /**
   * Plans where a picture goes.
   * @param taken the places of other pictures whose lines are written together with this one's; this one's is added
   */
  place(line: LogLine, taken: Set<string>): string | undefined {
    const bin = binOf(line);
    if (bin === undefined) return undefined;
    const place = this.#sort.place(line.image, bin, taken);
    taken.add(place);
    return place;
  }

  /** Moves a picture whose line was just written. */
  first(path: string, line: LogLine): void {
    if (line.sorted_to !== undefined && !this.#move(path, line, line.sorted_to, false)) this.#left.set(path, line);
  }

  /** Notes a picture that has a line, perhaps from an earlier run, and is still in the folder. */
  add(path: string, stamp: Stamp): void {
    this.#left.set(path, stamp);
  }

  /** Moves what is left, unless that was tried a moment ago and failed. */
  retry(): void {
    if (performance.now() < this.#next) return;
    for (const [path, stamp] of this.#left) {
      const line = this.#log.find(stamp);
      const bin = line && binOf(line);
      if (line && bin) {
        const said = line.sorted_to;
        const to = said?.startsWith(this.#sort.path + sep) ? said : this.#sort.place(line.image, bin, new Set());
        // What stopped this one stops the others, too: a full disk, a folder that is away.
        if (!this.#move(path, stamp, to, true)) return;
      }
      this.#left.delete(path);
    }
  }

  /** @returns false where it is to be tried again */
  #move(path: string, stamp: Stamp, to: string, again: boolean): boolean {
    // A file that was written again since is another picture, which has no line yet.
    if (stateOf(path, stamp) !== 'same') return true;
    try {
      const place = this.#sort.move(path, to, again);
      if (place !== undefined && place !== to) this.#onNote(`${to}: the name was taken; the picture is now ${place}`);
      return true;
    } catch (error) {
      this.#onNote(`${(error as Error).message}; the picture stays at ${path} for now`);
      this.#next = performance.now() + PAUSE_MS;
      return false;
    }
  }
}
