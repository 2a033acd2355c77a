/** Samples of a data set in a given order, opened ahead of their use so that the device need not wait for the disk. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Sample } from '../data/metadata.js';
import type { Picture } from '../picture/picture.js';
import { DecodePool } from './decode_pool.js';

export interface LoaderOptions {
  /** The data set's folder, which the samples' paths start from. */
  readonly root: string;
  readonly samples: readonly Sample[];
  /** Side of the prepared masks, in pixels. */
  readonly maskSize: number;
  /** Decoding threads; 0 decodes in this one. One core is left to the device by default, and four threads are enough. */
  readonly threads?: number | undefined;
  /** Samples asked for beyond those at hand, at most; two batches by default. */
  readonly ahead?: number | undefined;
  /** Largest picture accepted, in pixels. */
  readonly maxPixels?: number | undefined;
}

export interface LoadedSample {
  /** Place of the sample in the list. */
  readonly index: number;
  readonly sample: Sample;
  readonly picture: Picture;
  /** 0 or 1 a pixel, [maskSize, maskSize]; zeros for a normal picture, undefined for an abnormal one without a mask. */
  readonly mask: Uint8Array | undefined;
}

export class Loader implements AsyncDisposable {
  readonly #options: LoaderOptions;
  readonly #pool: DecodePool;

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#pool = new DecodePool(options.threads ?? Math.min(4, Math.max(1, availableParallelism() - 1)));
  }

  /** Decoding threads at work; 0 where this thread decodes. */
  get threads(): number {
    return this.#pool.threads;
  }

  /**
   * The batches of an epoch, in order, whatever the order in which threads finish.
   * @param batches indices of samples
   * @throws when a file cannot be read: one line that names it, once all batches before its own were given
   */
  async *batches(batches: readonly ArrayLike<number>[]): AsyncGenerator<readonly LoadedSample[], void, undefined> {
    const ahead = this.#options.ahead ?? 2 * Math.max(1, ...batches.map((b) => b.length));
    const indices = batches.flatMap((b) => Array.from(b));
    const coming: Promise<LoadedSample>[] = [];
    let asked = 0;
    const ask = (): void => {
      while (asked < indices.length && coming.length < Math.max(1, ahead)) {
        const sample = this.#open(indices[asked++]!);
        // Awaited later; until then a failure is nobody's.
        sample.catch(() => undefined);
        coming.push(sample);
      }
    };
    for (const batch of batches) {
      const loaded: LoadedSample[] = [];
      while (loaded.length < batch.length) {
        ask();
        loaded.push(await coming[0]!);
        coming.shift();
      }
      ask();
      yield loaded;
    }
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    await this.#pool.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #open(index: number): Promise<LoadedSample> {
    const { root, samples, maskSize, maxPixels } = this.#options;
    const sample = samples[index];
    if (!sample) throw new Error(`loader: sample ${index}: expected one of 0 to ${samples.length - 1}`);
    const image = join(root, sample.imagePath);
    // A normal picture has nothing to mark, even if its line names a mask.
    const maskPath = sample.label === 1 && sample.maskPath !== undefined ? join(root, sample.maskPath) : undefined;
    const { width, height, rgb, mask } = await this.#pool.open({ image, mask: maskPath, maskSize, maxPixels });
    return {
      index,
      sample,
      picture: { name: image, width, height, channels: 3, data: rgb },
      mask: mask ?? (sample.label === 0 ? new Uint8Array(maskSize * maskSize) : undefined),
    };
  }
}
