/** Samples of a data set in a given order, opened ahead of use so that the device does not wait for the disk. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '../data/metadata.js';
import type { Picture, PictureRules } from '../picture/picture.js';
import { PIXEL_BUDGET } from '../picture/pixel_budget.js';
import { mapSides } from '../picture/tile_grid.js';
import { DecodePool } from './decode_pool.js';

export interface LoaderOptions {
  /** The data set's folder: the samples' paths are relative to it. */
  readonly root: string;
  readonly samples: readonly Sample[];
  /** Side of the prepared masks, in pixels; of a tile's mask where pictures are scored in tiles. */
  readonly maskSize: number;
  /** Side of the tiles in pixels of the picture; undefined where pictures are scored as a whole. */
  readonly tileSize?: number | undefined;
  /** Decoding threads; 0 decodes in this thread. By default all cores but one, which is left to the device; at most 4. */
  readonly threads?: number | undefined;
  /** Decodes in place of threads of its own; who gave it closes it. */
  readonly pool?: DecodePool | undefined;
  /** Most samples that are opened ahead; two batches by default. */
  readonly ahead?: number | undefined;
  /** Bytes of each sample's decoded picture, where they are known: then memory is kept within a budget. */
  readonly bytes?: readonly number[] | undefined;
  /** Called with a sample that cannot be read, which is then missing from its batch; by default it ends the run. */
  readonly onBroken?: ((error: Error, sample: Sample) => void) | undefined;
  /** How pictures and masks are read. */
  readonly rules?: PictureRules | undefined;
}

/** A sample of the list with its picture and mask. */
export interface DecodedSample {
  /** Place of the sample in the list. */
  readonly index: number;
  readonly sample: Sample;
  readonly picture: Picture;
  /**
   * 0 or 1 per pixel of the picture's map, [maskSize, maskSize] without tiles: all 0 for a normal picture, undefined for an abnormal picture without mask.
   */
  readonly mask: Uint8Array | undefined;
}

/** Half of the budget: the other half is for the batches in use. */
const AHEAD_BYTES = PIXEL_BUDGET / 2;

export class Loader implements AsyncDisposable {
  readonly #options: LoaderOptions;
  readonly #pool: DecodePool;

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#pool =
      options.pool ?? new DecodePool(options.threads ?? Math.min(4, Math.max(1, availableParallelism() - 1)));
  }

  /** Samples in the list. */
  get count(): number {
    return this.#options.samples.length;
  }

  /** Decoding threads at work; 0 where this thread decodes. */
  get threads(): number {
    return this.#pool.threads;
  }

  /**
   * The batches of an epoch in the order given, regardless of the order in which threads finish.
   * @param batches indices of samples
   * @throws when a file cannot be read and there is no `onBroken`: one line that names it, after all batches before it were
   * yielded
   */
  async *batches(batches: readonly ArrayLike<number>[]): AsyncGenerator<readonly DecodedSample[], void, undefined> {
    const ahead = this.#options.ahead ?? 2 * Math.max(1, ...batches.map((b) => b.length));
    const { onBroken, samples } = this.#options;
    const indices = batches.flatMap((b) => Array.from(b));
    const coming: Promise<DecodedSample>[] = [];
    let asked = 0;
    /** Where the batch that is being loaded ends. */
    let end = 0;
    /** Bytes of the samples asked for that are not yet given back. */
    let held = 0;
    const bytesOf = (index: number): number => this.#options.bytes?.[index] ?? 0;
    const ask = (): void => {
      while (asked < indices.length && coming.length < Math.max(1, ahead)) {
        const bytes = bytesOf(indices[asked]!);
        // What the batch needs is opened in any case, what comes after it only within the budget.
        if (asked >= end && held + bytes > AHEAD_BYTES) return;
        held += bytes;
        const sample = this.#open(indices[asked++]!);
        // Awaited below; this avoids an unhandled rejection until then.
        sample.catch(() => undefined);
        coming.push(sample);
      }
    };
    for (const batch of batches) {
      end += batch.length;
      const loaded: DecodedSample[] = [];
      for (const index of Array.from(batch)) {
        ask();
        try {
          loaded.push(await coming[0]!);
        } catch (error) {
          if (!onBroken || !samples[index]) throw error;
          onBroken(error instanceof Error ? error : new Error(String(error)), samples[index]);
        }
        coming.shift();
      }
      ask();
      yield loaded;
      for (const index of Array.from(batch)) held -= bytesOf(index);
    }
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    if (!this.#options.pool) await this.#pool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(index: number): Promise<DecodedSample> {
    const { root, samples, maskSize, tileSize, rules = {} } = this.#options;
    const sample = samples[index];
    if (!sample) throw new Error(`loader: sample ${index}: expected one of 0 to ${samples.length - 1}`);
    const image = join(root, sample.imagePath);
    // A normal picture has nothing marked, even if its line names a mask.
    const maskPath = sample.label === 1 && sample.maskPath !== undefined ? join(root, sample.maskPath) : undefined;
    const { width, height, rgb, mask } = await this.#pool.open({ image, mask: maskPath, maskSize, tileSize, rules });
    const sides = mapSides({ width, height }, maskSize, tileSize);
    return {
      index,
      sample,
      picture: { name: image, width, height, channels: 3, data: rgb },
      mask: mask ?? (sample.label === 0 ? new Uint8Array(sides.width * sides.height) : undefined),
    };
  }
}
