/** The log of `watch`, which is also its memory: a picture with a line in it is not scored again. */
import { createHash } from 'node:crypto';
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileError } from '../../node/file_error.js';

/** A file in the state in which it was scored. A file that is written again has another time, and is another picture. */
export interface Stamp {
  /** Path below the watched folder, with `/`. */
  readonly image: string;
  readonly class: string;
  readonly size: number;
  /** When the file was changed last: seconds since 1970 with all decimals that the file system keeps. */
  readonly modified: string;
}

/** A line of the log. */
export interface LogLine extends Stamp {
  readonly anomalous?: boolean;
  /** Why the picture has no score. */
  readonly error?: string;
  /** Absolute path that the picture is moved to. */
  readonly sorted_to?: string;
  readonly [more: string]: unknown;
}

/** Bytes read at a time. */
const PIECE = 1 << 20;
const NEWLINE = 10;

/** A short name for a stamp: a long log has millions of them in memory. */
function keyOf({ image, class: name, size, modified }: Stamp): string {
  return createHash('sha256').update([image, name, size, modified].join('\0')).digest('base64').slice(0, 16);
}

function parse(text: string): LogLine | undefined {
  try {
    const line = JSON.parse(text) as LogLine;
    const known = typeof line.image === 'string' && typeof line.size === 'number' && typeof line.modified === 'string';
    return known ? line : undefined;
  } catch {
    return undefined;
  }
}

/** Whole lines of an open file from a place on, each with the place where it begins and the one behind it. */
export function* linesFrom(file: number, from: number): Generator<{ text: string; at: number; end: number }> {
  let rest = Buffer.alloc(0);
  const piece = Buffer.alloc(PIECE);
  for (let at = from; ; ) {
    const count = readSync(file, piece, 0, PIECE, at + rest.length);
    if (count === 0) return;
    rest = Buffer.concat([rest, piece.subarray(0, count)]);
    let start = 0;
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE, start)) {
      yield { text: rest.toString('utf8', start, end), at: at + start, end: at + end + 1 };
      start = end + 1;
    }
    at += start;
    rest = rest.subarray(start);
  }
}

export class PictureLog implements Disposable {
  readonly path: string;
  /** Where each picture's line begins. */
  readonly #lines = new Map<string, number>();
  #file: number;
  #size = 0;
  /** Lines that cannot be read, after a machine lost power for example. */
  readonly damaged: number;

  /**
   * Opens a log, or begins one. A last line that was cut off, by a kill or a full disk, is taken out: its picture is scored again.
   * @throws one line when it cannot be opened, or is a file of another kind
   */
  constructor(path: string) {
    this.path = resolve(path);
    this.#file = this.#open();
    let damaged = 0;
    for (const { text, at, end } of linesFrom(this.#file, 0)) {
      const line = parse(text);
      if (line) this.#lines.set(keyOf(line), at);
      else if (at === 0) throw new Error(`${path}: not a log of aaclip watch; name another file with --log`);
      else damaged++;
      this.#size = end;
    }
    this.damaged = damaged;
    const { size } = fstatSync(this.#file);
    if (size > 0 && this.#size === 0 && !this.#isOurs(size)) {
      throw new Error(`${path}: not a log of aaclip watch; name another file with --log`);
    }
    if (size > this.#size) ftruncateSync(this.#file, this.#size);
  }

  /** Number of pictures with a line. */
  get count(): number {
    return this.#lines.size;
  }

  /** Bytes of the whole lines. */
  get size(): number {
    return this.#size;
  }

  has(stamp: Stamp): boolean {
    return this.#lines.has(keyOf(stamp));
  }

  /** A picture's line; undefined where it has none, or the log was replaced since. */
  find(stamp: Stamp): LogLine | undefined {
    const at = this.#lines.get(keyOf(stamp));
    if (at === undefined) return undefined;
    for (const { text } of linesFrom(this.#file, at)) {
      const line = parse(text);
      return line && keyOf(line) === keyOf(stamp) ? line : undefined;
    }
    return undefined;
  }

  /**
   * Adds lines, all of them or none, and waits until the disk has them.
   * @throws one line when they cannot be written: nothing of them is left, and they can be added again
   */
  append(lines: readonly LogLine[]): void {
    const texts = lines.map((line) => Buffer.from(`${JSON.stringify(line)}\n`));
    try {
      this.#reopenWhereMoved();
      const start = fstatSync(this.#file).size;
      try {
        const bytes = Buffer.concat(texts);
        // A disk with little room takes a part of them and fails at the next.
        for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
        fdatasyncSync(this.#file);
      } catch (error) {
        ftruncateSync(this.#file, start);
        throw error;
      }
      let at = start;
      for (const [i, line] of lines.entries()) {
        this.#lines.set(keyOf(line), at);
        at += texts[i]!.length;
      }
      this.#size = at;
    } catch (error) {
      throw fileError(this.path, 'write', error);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #open(): number {
    try {
      return openSync(this.path, 'a+');
    } catch (error) {
      throw fileError(this.path, 'write', error);
    }
  }

  /** Whether a file without a whole line can be the beginning of our first one. */
  #isOurs(size: number): boolean {
    const head = Buffer.alloc(Math.min(size, 10));
    readSync(this.#file, head, 0, head.length, 0);
    return '{"image":"'.startsWith(head.toString('latin1'));
  }

  /** A log that was moved away, by a tool that keeps logs small, is begun anew. */
  #reopenWhereMoved(): void {
    const own = fstatSync(this.#file);
    const now = statSync(this.path, { throwIfNoEntry: false });
    if (now && now.ino === own.ino && now.dev === own.dev) return;
    const file = this.#open();
    closeSync(this.#file);
    this.#file = file;
  }
}
