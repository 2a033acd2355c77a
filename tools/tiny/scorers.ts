/** The scorers of the test pictures: the model, and a simple baseline. */
import {
  AnomalyModel,
  canonicalAdapters,
  type Gpu,
  inferConfig,
  l2Normalize,
  loadVision,
  openClip,
  openTensors,
  openTokenizer,
  patchTokens,
  promptsFor,
  read,
  SCORE_BLUR,
  scoreMap,
  type Tensor,
  tidy,
  upload,
  visionTokens,
} from '#src/node/node';
import { SIZE, type TestPicture } from './held_out.js';
import { toImages } from './show.js';

export interface Scored {
  /** [SIZE, SIZE]. */
  readonly map: Float32Array;
  /** Score of the whole picture. */
  readonly score: number;
}

/** Scores the pictures of one class. */
export type Scorer = (pictures: readonly TestPicture[]) => Promise<Scored[]>;

export interface ModelFiles {
  /** CLIP's weights. */
  readonly clip: string;
  /** The folder of the adapters; undefined for plain CLIP. */
  readonly adapters: string | undefined;
}

function batch(gpu: Gpu, pictures: readonly TestPicture[]): Tensor {
  return toImages(
    gpu,
    pictures.map(({ rgb }) => ({ rgb, side: SIZE })),
    SIZE,
  );
}

const mapOf = (maps: Float32Array, i: number): Float32Array => maps.slice(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);

/**
 * The model's own scores.
 * @param pictures of the classes to load
 */
export async function modelScorer(
  gpu: Gpu,
  { clip, adapters }: ModelFiles,
  pictures: readonly TestPicture[],
): Promise<Scorer> {
  const tokenizer = await openTokenizer();
  const part = async (name: string) =>
    adapters === undefined ? undefined : canonicalAdapters(await openTensors(`${adapters}/${name}.safetensors`));
  const words = new Map(pictures.map((p) => [p.className, p.words]));
  const detector = await AnomalyModel.load(gpu, {
    clip: await openClip(clip),
    adapters: { text: await part('text_adapter'), image: await part('image_adapter') },
    classes: [...words].map(([name, called]) => {
      const { normal, abnormal, domain } = promptsFor(called);
      return { name, domain, normal: tokenizer.encode(normal), abnormal: tokenizer.encode(abnormal) };
    }),
    imageSize: SIZE,
  });
  return async (own) => {
    const { map, score } = tidy(() =>
      detector.run(
        batch(gpu, own),
        own.map((p) => p.className),
      ),
    );
    const [maps, scores] = await Promise.all([read(map), read(score)]);
    map.release();
    score.release();
    return Array.from(scores, (value, i) => ({ map: mapOf(maps, i), score: value }));
  };
}

/**
 * The simple baseline: distance of a patch's unit features (last block, plain CLIP) to the mean of its picture,
 * smoothed and enlarged as the model's maps are; a picture's score is its map's peak.
 * @param file CLIP's weights
 */
export async function distanceScorer(gpu: Gpu, file: string): Promise<Scorer> {
  const clip = await openClip(file);
  const config = inferConfig(clip);
  const tower = await loadVision(gpu, clip, { ...config, levels: [config.visionLayers] }, SIZE, { activation: 'gelu' });
  return async (pictures) => {
    const tokens = tidy(() => {
      const [last] = visionTokens(batch(gpu, pictures), tower, {}).levels;
      if (!last) throw new Error('vision tower: no level');
      return l2Normalize(patchTokens(last, tower)); // [B, L, W]
    });
    const [b, l, w] = tokens.shape as [number, number, number];
    const values = await read(tokens);
    tokens.release();
    // Maps are (abnormal + 1 - normal) / 2: the distance takes the place of the abnormal similarity.
    const grid = new Float32Array(2 * b * l);
    for (let i = 0; i < b; i++) grid.set(distances(values.subarray(i * l * w, (i + 1) * l * w), l, w), (2 * i + 1) * l);
    const side = Math.sqrt(l);
    const map = tidy(() => scoreMap(upload(gpu, grid, [b, 2, side, side]), SIZE, SCORE_BLUR.Industrial));
    const maps = await read(map);
    map.release();
    return pictures.map((_, i) => {
      const own = mapOf(maps, i);
      return { map: own, score: own.reduce((a, v) => Math.max(a, v), Number.NEGATIVE_INFINITY) };
    });
  };
}

/**
 * How far each token is from the mean of all.
 * @param tokens [l, w]
 */
function distances(tokens: Float32Array, l: number, w: number): Float32Array {
  const mean = new Float64Array(w);
  tokens.forEach((v, i) => {
    mean[i % w] = mean[i % w]! + v / l;
  });
  return Float32Array.from({ length: l }, (_, p) =>
    Math.sqrt(mean.reduce((sum, m, j) => sum + (tokens[p * w + j]! - m) ** 2, 0)),
  );
}
