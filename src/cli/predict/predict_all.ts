/** The loop over pictures: the next batch is decoded while the device works on this one. */
import type { Domain } from '../../data/datasets.js';
import type { Detector } from '../../detect/detector.js';
import { shareMap } from '../../detect/share_map.js';
import type { Gpu } from '../../gpu/gpu.js';
import { loadPicture } from '../../node/decode.js';
import type { Picture } from '../../picture/picture.js';
import { preparePictures } from '../../picture/resize_picture.js';
import { read, tidy } from '../../tensor/tensor.js';
import type { Outputs, Prediction } from './output.js';

export interface PredictOptions {
  readonly className: string;
  readonly domain: Domain;
  readonly batch?: number | undefined;
  readonly outputs: Outputs;
  readonly onResult: (prediction: Prediction) => void;
  readonly onBroken: (path: string, error: Error) => void;
  readonly onProgress: (done: number) => void;
}

/** Pictures at a time: within the binding limit, and no more than keeps the device busy. */
export function chooseBatch(gpu: Gpu, detector: Detector, wanted: number | undefined): number {
  const { config, imageSize } = detector;
  const tokens = Math.floor(imageSize / config.patch) ** 2 + 1;
  const widest = Math.max(4 * tokens * 4 * config.visionWidth, 4 * imageSize * imageSize * 3);
  const most = Math.max(1, Math.floor(gpu.bindingLimit / widest));
  if (wanted !== undefined && wanted > most) {
    throw new Error(`--batch_size ${wanted}: this adapter holds at most ${most} pictures of ${imageSize} px at a time`);
  }
  const busy = Math.max(1, Math.floor(gpu.traits.tokensToFillDevice / tokens));
  return wanted ?? Math.min(most, busy);
}

type Opened = { readonly picture: Picture } | { readonly path: string; readonly error: Error };

async function open(path: string): Promise<Opened> {
  try {
    return { picture: await loadPicture(path) };
  } catch (error) {
    return { path, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Scores every picture; returns how many could not be read. */
export async function predictAll(
  gpu: Gpu,
  detector: Detector,
  paths: readonly string[],
  options: PredictOptions,
): Promise<number> {
  const batch = chooseBatch(gpu, detector, options.batch);
  let broken = 0;
  let done = 0;
  const decode = (at: number): Promise<Opened[]> => Promise.all(paths.slice(at, at + batch).map(open));
  let coming = decode(0);
  for (let at = 0; at < paths.length; at += batch) {
    options.onProgress(done);
    const opened = await coming;
    coming = decode(at + batch);
    const pictures: Picture[] = [];
    for (const o of opened) {
      if ('picture' in o) pictures.push(o.picture);
      else {
        broken++;
        options.onBroken(o.path, o.error);
      }
    }
    if (pictures.length > 0) {
      for (const p of await predictBatch(gpu, detector, pictures, options)) options.onResult(p);
    }
    done += opened.length;
  }
  return broken;
}

async function predictBatch(
  gpu: Gpu,
  detector: Detector,
  pictures: readonly Picture[],
  { className, domain, outputs }: PredictOptions,
): Promise<Prediction[]> {
  const started = performance.now();
  const s = detector.imageSize;
  const { map, score } = tidy(() => detector.run(preparePictures(gpu, pictures, s), className)); // [B, S, S], [B]
  const sums = await read(map);
  const scores = await read(score);
  map.release();
  score.release();
  const ms = (performance.now() - started) / pictures.length;
  const made: Prediction[] = [];
  for (const [i, picture] of pictures.entries()) {
    const sum = { width: s, height: s, data: sums.subarray(i * s * s, (i + 1) * s * s) };
    made.push(await outputs.write(picture, sum, shareMap(sum, detector.levels), scores[i]!, domain, ms));
  }
  return made;
}
