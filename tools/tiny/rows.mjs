/**
 * The figures of the embedded model on classes its adapters were not trained on, beside two yardsticks: the tiny CLIP
 * without adapters, and how far a patch's features lie from the mean of its picture.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { promptsFor } from '../../dist/data/class_prompts.js';
import { average, ClassScores } from '../../dist/eval/metrics.js';
import { canonicalAdapters } from '../../dist/io/adapter_names.js';
import { patchTokens } from '../../dist/model/adapters.js';
import { inferConfig } from '../../dist/model/config.js';
import { loadVision, visionTokens } from '../../dist/model/vision.js';
import { AnomalyModel, createTokenizer, openClip, openTensors } from '../../dist/node/node.js';
import { l2Normalize } from '../../dist/ops/l2_normalize.js';
import { scoreMap } from '../../dist/ops/score_map.js';
import { preparePictures } from '../../dist/picture/resize_picture.js';
import { read, tidy, upload } from '../../dist/tensor/tensor.js';
import { loadPictures } from '../pictures/compile.mjs';
import { halves } from './halves.mjs';

/** Side pictures are drawn and tested at, in pixels. */
export const SIZE = 256;
/** What the held-out classes are tested on: pictures a class, and the seed they are drawn from. */
export const HELD_OUT = { normal: 5, anomalous: 5, seed: 12 };
const MERGES = fileURLToPath(new URL('../../weights/clip_merges.txt', import.meta.url));

/**
 * @typedef {{ className: string, words: string, rgb: Uint8Array, mask: Uint8Array, label: 0 | 1 }} TestPicture
 * @typedef {{ map: Float32Array, score: number }} Scored
 * @typedef {(pictures: readonly TestPicture[]) => Promise<Scored[]>} Scorer
 * @typedef {import('../../dist/gpu/gpu.js').Gpu} Gpu
 */

/**
 * The held-out classes' pictures, drawn by several threads.
 * @param {{ normal: number, anomalous: number, seed: number }} [plan]
 * @returns {Promise<TestPicture[]>} class by class
 */
export async function heldOutPictures(plan = HELD_OUT) {
  const { CLASSES, findClass, planDataset } = await loadPictures();
  const { heldOut } = halves(CLASSES);
  const planned = planDataset({ classes: heldOut, train: 0, size: SIZE, ...plan });
  const specs = planned.map((p) => p.sample);
  /** @type {TestPicture[]} */
  const pictures = new Array(specs.length);
  const threads = availableParallelism();
  await Promise.all(
    Array.from({ length: threads }, (_, first) => {
      const worker = new Worker(new URL('./sample_worker.mjs', import.meta.url), {
        workerData: { specs, first, every: threads },
      });
      worker.on('message', ({ index, rgb, mask }) => {
        const { className } = /** @type {import('../pictures/index.js').SampleSpec} */ (specs[index]);
        const { words } = findClass(className);
        pictures[index] = { className, words, rgb, mask, label: planned[index]?.maskPath ? 1 : 0 };
      });
      return new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', resolve);
      });
    }),
  );
  return pictures;
}

/**
 * Pixel and image AUROC and average precision in per cent, mean of the classes; `aaclip test` gives the same. Textures and
 * objects once more by themselves.
 * @param {readonly TestPicture[]} pictures class by class
 * @param {Scorer} score takes the pictures of one class
 */
export async function figures(pictures, score) {
  const { findClass } = await loadPictures();
  const names = [...new Set(pictures.map((p) => p.className))];
  /** @type {import('../../dist/eval/metrics.js').Figures[]} */
  const rows = [];
  for (const name of names) {
    const own = pictures.filter((p) => p.className === name);
    const scores = new ClassScores('Industrial');
    const scored = await score(own);
    own.forEach(({ mask, label }, i) => {
      const { map, score: image } = /** @type {Scored} */ (scored[i]);
      scores.add(map, mask, label, image);
    });
    rows.push(scores.figures());
  }
  /** @param {'texture' | 'object'} kind */
  const mean = (kind) => average(rows.filter((_, i) => findClass(/** @type {string} */ (names[i])).kind === kind));
  return { ...average(rows), textures: mean('texture'), objects: mean('object') };
}

/** @param {Gpu} gpu @param {readonly TestPicture[]} pictures */
function batch(gpu, pictures) {
  const sources = pictures.map(({ rgb }) => ({ width: SIZE, height: SIZE, data: rgb }));
  return preparePictures(gpu, sources, SIZE);
}

/**
 * The model's own scores.
 * @param {Gpu} gpu
 * @param {{ clip: string, adapters: string | undefined, classes: readonly TestPicture[] }} model
 *   files: CLIP's weights; the folder of the adapters, undefined for plain CLIP
 * @returns {Promise<Scorer>}
 */
export async function modelScorer(gpu, { clip, adapters, classes }) {
  const tokenizer = createTokenizer(readFileSync(MERGES, 'utf8'));
  const part = async (/** @type {string} */ name) =>
    adapters === undefined ? undefined : canonicalAdapters(await openTensors(`${adapters}/${name}.safetensors`));
  const words = new Map(classes.map((p) => [p.className, p.words]));
  const detector = await AnomalyModel.load(gpu, {
    clip: await openClip(clip),
    adapters: { text: await part('text_adapter'), image: await part('image_adapter') },
    classes: [...words].map(([name, called]) => {
      const { normal, abnormal, domain } = promptsFor(called);
      return { name, domain, normal: tokenizer.encode(normal), abnormal: tokenizer.encode(abnormal) };
    }),
    imageSize: SIZE,
  });
  return async (pictures) => {
    const { map, score } = tidy(() =>
      detector.run(
        batch(gpu, pictures),
        pictures.map((p) => p.className),
      ),
    );
    const [maps, scores] = await Promise.all([read(map), read(score)]);
    map.release();
    score.release();
    return Array.from(scores, (value, i) => ({
      map: maps.slice(i * SIZE * SIZE, (i + 1) * SIZE * SIZE),
      score: value,
    }));
  };
}

/**
 * The plain yardstick: distance of a patch's unit features (last block, plain CLIP) to the mean of its picture, smoothed and
 * enlarged as the model's maps are; a picture's score is its map's peak.
 * @param {Gpu} gpu
 * @param {string} file CLIP's weights
 * @returns {Promise<Scorer>}
 */
export async function distanceScorer(gpu, file) {
  const clip = await openClip(file);
  const config = { ...inferConfig(clip) };
  const tower = await loadVision(gpu, clip, { ...config, levels: [config.visionLayers] }, SIZE, { activation: 'gelu' });
  return async (pictures) => {
    const tokens = tidy(() => {
      const { levels } = visionTokens(batch(gpu, pictures), tower, {});
      const [last] = levels;
      if (!last) throw new Error('vision tower: no level');
      return l2Normalize(patchTokens(last, tower)); // [B, L, W]
    });
    const [b, l, w] = /** @type {[number, number, number]} */ (tokens.shape);
    const values = await read(tokens);
    tokens.release();
    // Maps are (abnormal + 1 - normal) / 2: the distance stands in the place of the abnormal similarity.
    const grid = new Float32Array(2 * b * l);
    for (let i = 0; i < b; i++) grid.set(distances(values.subarray(i * l * w, (i + 1) * l * w), l, w), (2 * i + 1) * l);
    const side = Math.sqrt(l);
    const map = tidy(() => scoreMap(upload(gpu, grid, [b, 2, side, side]), SIZE, 'Industrial', 1));
    const maps = await read(map);
    map.release();
    return pictures.map((_, i) => {
      const own = maps.slice(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
      return { map: own, score: own.reduce((a, v) => Math.max(a, v), Number.NEGATIVE_INFINITY) };
    });
  };
}

/** @param {Float32Array} tokens [l, w] @param {number} l @param {number} w */
function distances(tokens, l, w) {
  const mean = new Float64Array(w);
  tokens.forEach((v, i) => {
    mean[i % w] = (mean[i % w] ?? 0) + v / l;
  });
  return Float32Array.from({ length: l }, (_, p) =>
    Math.sqrt(mean.reduce((sum, m, j) => sum + ((tokens[p * w + j] ?? 0) - m) ** 2, 0)),
  );
}

/**
 * The three rows of the model in a folder.
 * @param {Gpu} gpu
 * @param {string} folder clip, text_adapter and image_adapter
 */
export async function rowsOf(gpu, folder) {
  const pictures = await heldOutPictures();
  const clip = `${folder}/clip.safetensors`;
  return {
    adapted: await figures(pictures, await modelScorer(gpu, { clip, adapters: folder, classes: pictures })),
    plain: await figures(pictures, await modelScorer(gpu, { clip, adapters: undefined, classes: pictures })),
    distance: await figures(pictures, await distanceScorer(gpu, clip)),
  };
}
