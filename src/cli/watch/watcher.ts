/**
 * Judges pictures as they arrive.
 *
 * What a kill may cut short, in this order for each picture: heatmap, line in the log, move. A picture without a line is judged
 * again at the next start, and its heatmap replaced. A picture with a line is never judged again; the line says where it goes,
 * so a start that still finds it in the folder moves it there. A kill in the middle of a move leaves both names of one file, or
 * the file and a copy of it: the next start then takes the old name away. Notices of faults are read from the log, with a mark
 * for those that were sent (see fault_notices.ts).
 */
import { setTimeout as pause } from 'node:timers/promises';
import { AaclipError } from '../../detect/errors.js';
import { fileError } from '../../node/file_error.js';
import { type Asked, inGroups, type Judge, type Judged } from '../judge.js';
import { type Arrival, type Arrivals, type Found, stateOf } from './arrivals.js';
import { MoveList } from './move_list.js';
import type { LogLine, PictureLog, Stamp } from './picture_log.js';
import { Backoff } from './retry.js';
import type { SortedFolder } from './sorted_folder.js';
import { WatchStats } from './watch_stats.js';

export interface WatchOptions {
  readonly folder: string;
  readonly className: string;
  readonly judge: Judge;
  readonly arrivals: Arrivals;
  readonly log: PictureLog;
  readonly sort?: SortedFolder | undefined;
  /** Writes a picture's heatmap. @returns the files written */
  readonly saveHeatmap?: ((image: string, modified: string, png: Uint8Array) => Promise<readonly string[]>) | undefined;
  /** Seconds between two looks at the folder. */
  readonly poll: number;
  /** End when everything that is there has a line. */
  readonly once: boolean;
  /** Told about each line after it has been written. */
  readonly onLine: (line: LogLine) => void;
  readonly onNote: (note: string) => void;
}

/** Error lines of one log entry are short: what a decoder says may be long. */
const MOST_LETTERS = 500;

export class Watcher {
  readonly stats = new WatchStats();
  readonly #options: WatchOptions;
  readonly #stop: AbortSignal;
  readonly #moves: MoveList | undefined;
  /** Pictures that are whole and wait, by name; a Map keeps their order. */
  readonly #queue = new Map<string, Arrival>();
  #judging = 0;
  #wake: () => void = () => undefined;

  /** @param stop ends the watch: pictures on the device get their lines, the others stay for the next start */
  constructor(options: WatchOptions, stop: AbortSignal) {
    this.#options = options;
    this.#stop = stop;
    const { sort, log, onNote } = options;
    this.#moves = sort && new MoveList(sort, log, onNote);
  }

  /** Pictures that have arrived and have no line. */
  get waiting(): number {
    return this.#queue.size + this.#judging + this.#options.arrivals.waiting;
  }

  /** Watches until it is stopped, or with `once` until nothing is left. @throws one line where it cannot go on */
  async run(): Promise<void> {
    const ended = new AbortController();
    const both = AbortSignal.any([this.#stop, ended.signal]);
    both.addEventListener('abort', () => this.#wake(), { once: true });
    const scanning = this.#scanLoop(both).finally(() => ended.abort());
    const judging = this.#judgeLoop(both).finally(() => ended.abort());
    await Promise.all([scanning, judging]);
  }

  async #scanLoop(stop: AbortSignal): Promise<void> {
    const { folder, arrivals, once, onNote, poll } = this.#options;
    let away = false;
    while (!stop.aborted) {
      const started = performance.now();
      try {
        const { whole, broken } = await arrivals.scan((found) => this.#isKnown(found));
        if (away) onNote(`${folder}: it is back`);
        away = false;
        for (const arrival of whole) this.#queue.set(arrival.image, arrival);
        const lines = broken.map(({ arrival, error }) => ({ arrival, line: this.#failed(arrival, error) }));
        await this.#write(lines);
        this.#moves?.retry();
        this.#wake();
        if (once && this.waiting === 0) return;
      } catch (error) {
        if (once || !isAway(error)) throw fileError(folder, 'read', error);
        if (!away) onNote(`${fileError(folder, 'read', error).message}; waiting until it is there`);
        away = true;
      }
      // Looking at a folder of very many files, or one far away, must not be all that is done.
      const length = Math.max(1000 * poll, 2 * (performance.now() - started));
      await pause(length, undefined, { signal: stop }).catch(() => undefined);
    }
  }

  async #judgeLoop(stop: AbortSignal): Promise<void> {
    const { judge, once, onNote } = this.#options;
    const backoff = new Backoff(stop);
    while (!stop.aborted) {
      if (this.#queue.size === 0) {
        await new Promise<void>((woken) => {
          this.#wake = woken;
        });
        continue;
      }
      const asked: Arrival[] = [];
      const judged = new Set<number>();
      try {
        for await (const group of inGroups(judge.judge(this.#next(asked, stop)))) {
          for (const { index } of group) judged.add(index);
          await this.#record(group, asked);
          this.#judging -= group.length;
          backoff.reset();
        }
      } catch (error) {
        if (once || !(error instanceof AaclipError && error.code === 'device')) throw error;
        onNote(`${error.message}; opening it again in ${Math.round(backoff.next / 1000)} s`);
        const left = asked.filter((_, i) => !judged.has(i));
        const behind = [...this.#queue.values()];
        this.#queue.clear();
        for (const arrival of [...left, ...behind]) this.#queue.set(arrival.image, arrival);
        this.#judging = 0;
        await backoff.wait();
      }
    }
  }

  /** Gives pictures out until none are left, or the watch is to stop. */
  *#next(asked: Arrival[], stop: AbortSignal): Generator<Asked> {
    for (const [image, arrival] of this.#queue) {
      if (stop.aborted) return;
      this.#queue.delete(image);
      asked.push(arrival);
      this.#judging++;
      yield { picture: arrival.path, className: this.#options.className };
    }
  }

  #stamp({ image, size, modified }: Found): Stamp {
    return { image, class: this.#options.className, size, modified };
  }

  #isKnown(found: Found): boolean {
    const stamp = this.#stamp(found);
    if (!this.#options.log.has(stamp)) return false;
    this.#moves?.add(found.path, stamp);
    return true;
  }

  /** Writes the lines of pictures that were judged. */
  async #record(group: readonly Judged[], asked: readonly Arrival[]): Promise<void> {
    const lines: { arrival: Arrival; line: LogLine }[] = [];
    for (const judged of group) {
      const arrival = asked[judged.index]!;
      const state = stateOf(arrival.path, arrival);
      const error = 'error' in judged ? judged.error : undefined;
      // What was read may have been half of the old picture, half of a new one.
      if (state === 'changed') this.#options.arrivals.takeBack(arrival);
      else if ('verdict' in judged) lines.push({ arrival, line: await this.#scored(arrival, judged) });
      else if (state === 'gone') continue;
      else if (error instanceof AaclipError && error.code === 'score') {
        lines.push({ arrival, line: this.#failed(arrival, error.message) });
      } else if (!this.#options.arrivals.takeBack(arrival, error!.message)) {
        lines.push({ arrival, line: this.#failed(arrival, error!.message) });
      }
    }
    await this.#write(lines);
  }

  async #scored(arrival: Arrival, { verdict }: Extract<Judged, { verdict: unknown }>): Promise<LogLine> {
    const { saveHeatmap, onNote } = this.#options;
    let files: readonly string[] = [];
    if (saveHeatmap) {
      const png = verdict.heatmap();
      files = await saveHeatmap(arrival.image, arrival.modified, png).catch((error: Error) => {
        onNote(`not written: ${error.message}`);
        return [];
      });
    }
    const { score, anomalous, about } = verdict;
    return {
      ...this.#stamp(arrival),
      score,
      ...(anomalous === undefined ? {} : { anomalous }),
      ...about,
      class: this.#options.className,
      ...(files.length === 0 ? {} : { files }),
    };
  }

  #failed(arrival: Arrival, error: string): LogLine {
    return { ...this.#stamp(arrival), error: error.slice(0, MOST_LETTERS) };
  }

  /** Appends lines to the log, as soon as that is possible, and moves their pictures. */
  async #write(all: readonly { readonly arrival: Arrival; readonly line: LogLine }[]): Promise<void> {
    const { log, onLine, onNote } = this.#options;
    const entries = all.filter(({ line }) => !log.has(line));
    if (entries.length === 0) return;
    const backoff = new Backoff(this.#stop);
    for (;;) {
      const now = performance.now();
      const folder = this.#options.folder;
      const taken = new Set<string>();
      const lines = entries.map(({ arrival, line }): LogLine => {
        const place = this.#moves?.place(line, taken);
        const latency = Math.round(now - arrival.since);
        const rest = { folder, logged: new Date().toISOString(), latency_ms: latency };
        return { ...line, ...(place === undefined ? {} : { sorted_to: place }), ...rest };
      });
      try {
        log.append(lines);
        for (const [i, line] of lines.entries()) {
          const { path, since } = entries[i]!.arrival;
          this.#moves?.first(path, line);
          this.stats.add(now - since, line.error !== undefined ? 'failed' : line.anomalous ? 'faulty' : 'scored');
          onLine(line);
        }
        return;
      } catch (error) {
        // A disk that is full or away may have room again: nothing that was computed is thrown away.
        const message = (error as Error).message.replace(' and run again', '');
        if (this.#options.once) throw error;
        if (this.#stop.aborted)
          throw new Error(`${message}; ${lines.length} pictures are scored again at the next start`);
        onNote(`${message}; trying again in ${Math.round(backoff.next / 1000)} s`);
        await backoff.wait();
      }
    }
  }
}

/** Whether an error of the file system says that a folder is not there, or not for now. */
function isAway(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && code !== 'ENOTDIR';
}
