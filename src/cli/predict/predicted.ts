/** Pictures with what is said of them, judged on this machine's device. */
import type { Registry } from '../../data/datasets.js';
import type { Detector } from '../../detect/detector.js';
import { makeFolder } from '../../node/make_folder.js';
import { tileCount } from '../../picture/tile_grid.js';
import { openDetector } from '../detector_options.js';
import { openDevice } from '../options.js';
import { duration } from '../progress.js';
import { type DrawnFile, drawnFiles, type PictureRecord, recordOf } from './drawn.js';
import { drawOptions, type PredictFlags } from './flags.js';

/** A judged picture, or why it cannot be used. */
export type Predicted = { readonly index: number } & (
  | { readonly record: PictureRecord; readonly files: Iterable<DrawnFile> }
  | { readonly broken: string }
);

/** Judges pictures. */
export interface Predictor extends AsyncDisposable {
  /** @param onProgress called with the number of pictures that are done */
  judge(paths: readonly string[], onProgress: (done: number, note?: string) => void): AsyncIterable<Predicted>;
  /** What is said at the end, of so many pictures in so many seconds. */
  summary(pictures: number, seconds: number): string;
  /** Tidies up after all pictures were judged and written. */
  end?(): Promise<void>;
}

export class DevicePredictor implements Predictor {
  readonly #detector: Detector;
  readonly #flags: PredictFlags;
  #tiles = 0;
  /** Through the tower: of tiles, and of each picture that is cut. */
  #passes = 0;

  private constructor(detector: Detector, flags: PredictFlags) {
    this.#detector = detector;
    this.#flags = flags;
  }

  /** @throws AaclipError, or one line that says which flag is wrong */
  static async open(registry: Registry, flags: PredictFlags): Promise<DevicePredictor> {
    // No folder is made until weights, adapters and class have been checked.
    const openGpu = async () => {
      makeFolder(flags.out);
      return openDevice(flags);
    };
    return new DevicePredictor(await openDetector([flags.class], registry, flags, openGpu), flags);
  }

  async *judge(
    paths: readonly string[],
    onProgress: (done: number) => void,
  ): AsyncGenerator<Predicted, void, undefined> {
    const { settings, classes } = this.#detector;
    const draw = drawOptions(this.#flags);
    const broken: Predicted[] = [];
    const onBroken = (error: Error, index: number): void => void broken.push({ index, broken: error.message });
    const onDone = (done: number): void => onProgress(done);
    for await (const found of this.#detector.detect(paths, this.#flags.class, { onBroken, onProgress: onDone })) {
      yield* broken.splice(0);
      const count = tileCount(found.picture, settings.tile);
      this.#tiles += count;
      this.#passes += count > 1 ? count + 1 : 1;
      const record = recordOf(found, classes[0]!, settings, this.#flags);
      yield { index: found.index, record, files: drawnFiles(found, draw) };
    }
    yield* broken.splice(0);
  }

  summary(pictures: number, seconds: number): string {
    const { flopsPerPicture, settings, model } = this.#detector;
    const rate = (flopsPerPicture * this.#passes) / seconds / 1e9;
    const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
    return `${pictures} pictures${settings.tile ? ` (${this.#tiles} tiles)` : ''} in ${duration(seconds)}: ${duration(seconds / Math.max(1, pictures))} each, ${rate.toFixed(1)} GFLOP/s, memory ${gib(process.memoryUsage().rss)} GiB, buffers ${gib(model.gpu.pool.peak)} GiB; written to ${this.#flags.out}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#detector[Symbol.dispose]();
  }
}
