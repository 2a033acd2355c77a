/**
 * Tells of faulty pictures, one after the other, in the order of the log. The log is the queue: however long the other side is
 * away, nothing is kept in memory and scoring does not wait. A small file beside the log holds the place up to which notices were
 * sent, so the next start goes on there. A kill between the sending of a notice and its mark sends it twice, never not at all.
 */
import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { writeAtomically } from '../../node/atomic_write.js';
import { fileError } from '../../node/file_error.js';
import { type LogLine, linesFrom, type PictureLog } from './picture_log.js';
import { Backoff } from './retry.js';

/** What became of a try to send: `later` is worth another one, `refused` is not. */
export type SendResult = 'sent' | { readonly later: string } | { readonly refused: string };

/** Sends a notice. @param path where the picture is now */
export type Send = (line: LogLine, path: string) => Promise<SendResult>;

export interface NoticeOptions {
  readonly log: PictureLog;
  readonly send: Send;
  /** Name of the receiver in notes. */
  readonly receiver: string;
  readonly onNote: (note: string) => void;
}

export class FaultNotices {
  readonly #options: NoticeOptions;
  readonly #mark: string;
  readonly #stop = new AbortController();
  /** Place in the log before which all notices were sent. */
  #at: number;
  #idle = false;
  #wake: () => void = () => undefined;
  #ended: Promise<void>;

  /**
   * Starts to send. The first start with a log begins at its end: what is in it already is old.
   * @throws one line when the mark cannot be read or written
   */
  static async start(options: NoticeOptions): Promise<FaultNotices> {
    const mark = `${options.log.path}.sent`;
    const at = readMark(mark) ?? options.log.size;
    await writeMark(mark, at);
    return new FaultNotices(options, mark, at);
  }

  private constructor(options: NoticeOptions, mark: string, at: number) {
    this.#options = options;
    this.#mark = mark;
    this.#at = at;
    this.#ended = this.#run();
    this.#ended.catch(() => undefined);
  }

  /** There may be new lines in the log. */
  wake(): void {
    this.#idle = false;
    this.#wake();
  }

  /**
   * Ends the sending.
   * @param seconds that what is still to be sent may take
   * @returns whether all notices were sent
   */
  async close(seconds: number): Promise<boolean> {
    const end = performance.now() + 1000 * seconds;
    while (!this.#idle && performance.now() < end) await Promise.race([this.#ended, pause(20)]);
    const all = this.#idle;
    this.#stop.abort();
    this.#wake();
    await Promise.race([this.#ended, pause(1000)]);
    return all;
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const next = this.#nextFault();
      if (next) await this.#deliver(next.line, next.end);
      else {
        this.#idle = true;
        await new Promise<void>((woken) => {
          this.#wake = woken;
        });
      }
    }
  }

  /** The first line of a fault behind the mark. */
  #nextFault(): { readonly line: LogLine; readonly end: number } | undefined {
    const { path } = this.#options.log;
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      // The disk is away.
      return undefined;
    }
    try {
      // The log was begun anew.
      if (fstatSync(file).size < this.#at) this.#at = 0;
      for (const { text, end } of linesFrom(file, this.#at)) {
        const line = parse(text);
        if (line?.anomalous === true) return { line, end };
        this.#at = end;
      }
      return undefined;
    } finally {
      closeSync(file);
    }
  }

  async #deliver(line: LogLine, end: number): Promise<void> {
    const { send, receiver, onNote } = this.#options;
    const backoff = new Backoff(this.#stop.signal);
    for (let told = false; ; ) {
      const result = await send(line, pathOf(line));
      if (result === 'sent' && told) onNote(`${receiver}: takes notices again`);
      if (result !== 'sent' && 'refused' in result) {
        onNote(`${receiver}: notice of ${line.image} not sent: ${result.refused}`);
      }
      if (result === 'sent' || 'refused' in result) break;
      if (!told) onNote(`${receiver}: ${result.later}; notices wait in the log and are sent later`);
      told = true;
      await backoff.wait();
      if (this.#stop.signal.aborted) return;
    }
    this.#at = end;
    await writeMark(this.#mark, end).catch((error: Error) => onNote(error.message));
  }
}

/** Where a picture is: a move may not have been possible yet. */
function pathOf(line: LogLine): string {
  const first = `${line.folder}/${line.image}`;
  return line.sorted_to !== undefined && existsSync(line.sorted_to) ? line.sorted_to : first;
}

function parse(text: string): LogLine | undefined {
  try {
    return JSON.parse(text) as LogLine;
  } catch {
    return undefined;
  }
}

function readMark(path: string): number | undefined {
  try {
    const { sent } = JSON.parse(readFileSync(path, 'utf8')) as { sent: unknown };
    if (Number.isSafeInteger(sent) && (sent as number) >= 0) return sent as number;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (!(error instanceof SyntaxError)) throw fileError(path, 'read', error);
  }
  throw new Error(`${path}: no mark of aaclip watch; delete it to send notices of new faults only`);
}

function writeMark(path: string, sent: number): Promise<void> {
  return writeAtomically(path, new TextEncoder().encode(`${JSON.stringify({ sent })}\n`));
}
