/** Coordinate descent: one place after the other takes the candidate that is fastest with all others as they are. */
import type { Knobs, Tiles } from '../../gpu/shader.js';

export interface Coordinate {
  readonly key: string;
  readonly candidates: readonly Knobs[];
}

/** What is tuned. Every function may throw: the candidate then counts as failed, and the subject is opened again. */
export interface Subject {
  /** The kernels that run with these tiles, as a text: tiles with the same kernels need no trial. `key` as below. */
  kernels(tiles: Tiles, key: string): Promise<string>;
  /** Compiles what several candidates need, side by side; a candidate that does not compile shows when it is checked. */
  prepare(all: readonly Tiles[], key: string): Promise<void>;
  /** The error of the results with these tiles, relative to those at the start; `key` as below. */
  check(tiles: Tiles, key: string): Promise<number>;
  /** Time with these tiles relative to the start, for the parts of the work that `key` matters to. */
  time(tiles: Tiles, key: string): Promise<number>;
  reopen(): Promise<void>;
}

export interface Try {
  readonly key: string;
  readonly knobs: Knobs;
  /** Time relative to the start; null where it was not timed. */
  readonly time: number | null;
  /** Why it was not timed. */
  readonly problem?: string;
}

export interface Descent {
  /** The best tile of every place that was better than where it began. */
  readonly tiles: Tiles;
  readonly tried: readonly Try[];
  /** Why it ended early, in one line. */
  readonly ended?: string;
}

export interface DescentOptions {
  /** Tiles at the start. */
  readonly start: Tiles;
  /** Largest error of a candidate that is right. */
  readonly bound: number;
  /** Times all places are gone through; fewer where a round changes nothing. */
  readonly rounds: number;
  /** `performance.now()` after which no further candidate is tried. */
  readonly until: number;
  readonly onTry?: (tried: Try) => void;
}

/** A candidate has to be this much faster to be taken: less may be chance. */
const GAIN = 0.99;

const lineOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';

/** Ends the search from within; what was found so far counts. */
class Ended extends Error {}

class Search {
  readonly tried: Try[] = [];
  readonly #subject: Subject;
  readonly #options: DescentOptions;
  tiles: Tiles;

  constructor(subject: Subject, options: DescentOptions) {
    this.#subject = subject;
    this.#options = options;
    this.tiles = options.start;
  }

  /** Goes through one place. Returns whether its tile changed. */
  async place({ key, candidates }: Coordinate): Promise<boolean> {
    const before = this.tiles;
    const all = await this.#different(
      candidates.map((knobs) => ({ ...before, [key]: knobs })),
      key,
    );
    if (all.length === 0) return false;
    await this.#safely(() => this.#subject.prepare(all, key));
    const first = await this.#safely(() => this.#subject.time(before, key));
    if (typeof first !== 'number') return false;
    let best: number = first;
    for (const tiles of all) {
      if (performance.now() > this.#options.until) throw new Ended('the time for tuning is used up');
      const time = await this.#attempt(key, tiles[key]!, tiles);
      if (time === null || time >= best * GAIN) continue;
      // Timed once more, both of them: one sample of many is often fast by chance.
      const again = await this.#safely(async () => {
        const rival = await this.#subject.time(this.tiles, key);
        return [Math.max(time, await this.#subject.time(tiles, key)), Math.min(best, rival)] as const;
      });
      if (typeof again === 'string' || again[0] >= again[1] * GAIN) continue;
      best = again[0];
      this.tiles = tiles;
    }
    return this.tiles !== before;
  }

  /** Those with other kernels than the tiles in use: a place that this work does not need has none. */
  async #different(all: readonly Tiles[], key: string): Promise<Tiles[]> {
    const own = await this.#safely(() => this.#subject.kernels(this.tiles, key));
    const found: Tiles[] = [];
    for (const tiles of all)
      if ((await this.#safely(() => this.#subject.kernels(tiles, key))) !== own) found.push(tiles);
    return found;
  }

  async #attempt(key: string, knobs: Knobs, tiles: Tiles): Promise<number | null> {
    const result = await this.#safely(async () => {
      const error = await this.#subject.check(tiles, key);
      // Written so that an error that is not a number fails as well.
      return error <= this.#options.bound ? this.#subject.time(tiles, key) : `wrong: error ${error.toExponential(1)}`;
    });
    const tried =
      typeof result === 'number' ? { key, knobs, time: result } : { key, knobs, time: null, problem: result };
    this.tried.push(tried as Try);
    this.#options.onTry?.(tried as Try);
    return typeof result === 'number' ? result : null;
  }

  /** The result, or the error's message once the subject works again. @throws Ended where it cannot be opened again */
  async #safely<T>(work: () => Promise<T>): Promise<T | string> {
    try {
      return await work();
    } catch (error) {
      const why = lineOf(error);
      await this.#subject.reopen().catch((second: unknown) => {
        throw new Ended(`${why}; opening the device again: ${lineOf(second)}`);
      });
      return why;
    }
  }
}

/** Runs the search. A device that is lost for good ends it early: what was found until then is returned. */
export async function descend(
  subject: Subject,
  coordinates: readonly Coordinate[],
  options: DescentOptions,
): Promise<Descent> {
  const search = new Search(subject, options);
  const found = (): Descent => ({ tiles: search.tiles, tried: search.tried });
  try {
    for (let round = 0; round < options.rounds; round++) {
      let changed = false;
      for (const coordinate of coordinates) changed = (await search.place(coordinate)) || changed;
      if (!changed) break;
    }
  } catch (error) {
    if (error instanceof Ended) return { ...found(), ended: error.message };
    throw error;
  }
  return found();
}
