/** Opens pictures batch by batch: a batch ends early where its pictures would take too much memory. */
import { PIXEL_BUDGET } from '../picture/pixel_budget.js';
import { libraryError } from './errors.js';
import type { Opened } from './launched_batch.js';
import type { ReadPicture } from './sources.js';

/** Two batches are in memory at a time. */
const BATCH_BYTES = PIXEL_BUDGET / 2;

/** A picture whose file is being read. */
export interface Reading {
  readonly index: number;
  readonly className: string;
  readonly file: Promise<ReadPicture>;
}

export class OpenedBatches {
  readonly #source: AsyncIterator<Reading, void>;
  readonly #count: number;
  readonly #bytes: number;
  /** Files that are being read, or wait for the next batch. */
  readonly #reading: Reading[] = [];
  #ended = false;

  /**
   * @param count most pictures of a batch
   * @param bytes most decoded bytes of a batch, as far as memory allows them; a larger picture is a batch by itself
   */
  constructor(source: AsyncIterator<Reading, void>, count: number, bytes = BATCH_BYTES) {
    this.#source = source;
    this.#count = count;
    this.#bytes = Math.min(bytes, BATCH_BYTES);
  }

  /** Whether there may be more pictures. */
  get more(): boolean {
    return !this.#ended || this.#reading.length > 0;
  }

  /** Opens the next batch. @throws what the source of the pictures throws; a broken picture is part of the batch */
  async next(): Promise<Opened[]> {
    await this.#read();
    const opening: Promise<Opened>[] = [];
    let bytes = 0;
    while (opening.length < this.#count && this.#reading.length > 0) {
      const { index, className, file } = this.#reading[0]!;
      const size = await file.then(
        (read) => read.bytes,
        () => 0,
      );
      if (opening.length > 0 && bytes + size > this.#bytes) break;
      this.#reading.shift();
      bytes += size;
      opening.push(
        file
          .then((read) => read.decode())
          .then(
            (picture) => ({ index, className, picture }),
            (error: unknown) => ({ index, className, error: libraryError('picture', error) }),
          ),
      );
    }
    return Promise.all(opening);
  }

  /** Starts reading files, as many as a batch may have. */
  async #read(): Promise<void> {
    while (!this.#ended && this.#reading.length < this.#count) {
      const next = await this.#source.next();
      if (next.done) {
        this.#ended = true;
        return;
      }
      // Awaited when its batch is opened; this avoids an unhandled rejection until then.
      next.value.file.catch(() => undefined);
      this.#reading.push(next.value);
    }
  }
}

/** Pictures that are being opened. */
export interface Coming {
  readonly opened: Promise<readonly Opened[]>;
  /** Whether all are open. */
  ready(): boolean;
}

/** Starts opening the next batch; a failure surfaces when it is awaited. */
export function openAhead(batches: OpenedBatches): Coming {
  let isReady = false;
  const opened = batches.next();
  opened.then(
    () => {
      isReady = true;
    },
    () => undefined,
  );
  return { opened, ready: () => isReady };
}
