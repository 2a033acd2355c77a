/** Cases `method.*`: the other detectors on made-up weights, from prompts and pictures to maps and scores. */
import type { Domain } from '../data/datasets.js';
import { synth } from '../io/synth.js';
import { ANOMALY_CLIP, anomalyClipFeatures, anomalyClipMap, anomalyClipShares } from '../model/methods/anomaly_clip.js';
import {
  APRIL_GAN,
  aprilGanFeatures,
  aprilGanFewMap,
  aprilGanFewScores,
  aprilGanMap,
  aprilGanMemory,
  loadLinearLayers,
  summed,
} from '../model/methods/april_gan.js';
import type { Method } from '../model/methods/method.js';
import { loadSyntheticPrompts, syntheticClip, syntheticLinearLayers } from '../model/synthetic.js';
import { encodeTexts, loadText } from '../model/text.js';
import { loadVision } from '../model/vision.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { read, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { boundOf, type CaseContext, type Comparison, metadata, metadataNumber } from './case.js';
import { parseConfig, readRows } from './model_cases.js';

/** What the cases of both methods have in common: towers as the method uses them by itself. */
function opened(context: CaseContext, method: Method) {
  const { gpu, file, precision } = context;
  const { config } = parseConfig(metadata(file, 'config'));
  const size = metadataNumber(file, 'image_size');
  const { activation, positional } = method.towerDefaults(config, size);
  const bound = boundOf(context, config.visionLayers >= 12 ? 1e-4 : 1e-5, 5e-3);
  return {
    ...{ gpu, file, config, size },
    clip: syntheticClip(config, metadataNumber(file, 'clip_seed')),
    load: { precision, activation, positional },
    batch: metadataNumber(file, 'batch'),
    kept: metadata(file, 'kept_tokens'),
    /** Pictures by the name they are made up from. */
    images: (name: string, count: number): Tensor => {
      const pixels = synth(metadataNumber(file, 'seed') * 1000, name, [count, 3, size, size], 1);
      return upload(gpu, pixels, [count, 3, size, size]);
    },
    compared: async (tensor: string, got: Float32Array, within = bound): Promise<Comparison> => ({
      tensor,
      got,
      want: await file.readF32(tensor),
      bound: Math.max(within, bound),
    }),
  };
}

/** The numbers of several tensors, one after the other; releases them. */
async function valuesOf(tensors: readonly Tensor[]): Promise<Float32Array> {
  const parts: Float32Array[] = [];
  for (const t of tensors) {
    parts.push(await read(t));
    t.release();
  }
  const out = new Float32Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Rows of token ids [.., width] of a file, filled up with zeros to the context. */
function filledUp(ids: Float32Array, width: number, context: number): Uint32Array {
  const out = new Uint32Array((ids.length / width) * context);
  for (let i = 0; i * width < ids.length; i++) out.set(ids.subarray(i * width, (i + 1) * width), i * context);
  return out;
}

const DOMAINS = (count: number): Domain[] => new Array<Domain>(count).fill('Industrial');

export async function* aprilGanCase(context: CaseContext): AsyncIterable<Comparison> {
  const { gpu, file, config, size, batch, clip, load, kept, images, compared } = opened(context, APRIL_GAN);
  const layers = syntheticLinearLayers(config, metadataNumber(file, 'linear_seed'));
  const names = JSON.parse(metadata(file, 'class_names')) as string[];
  const width = file.tensors.get('tokens.normal')!.shape[2]!;
  const idsOf = async (state: string): Promise<Uint32Array> =>
    filledUp(await file.readF32(`tokens.${state}`), width, config.context);
  const [normal, abnormal] = [await idsOf('normal'), await idsOf('abnormal')];
  const anchors: Tensor[] = [];
  {
    using tower = await loadText(gpu, clip, config, load);
    using maker = await APRIL_GAN.loadAnchors(tower, undefined, load);
    const part = (ids: Uint32Array, i: number): Uint32Array => {
      const length = ids.length / names.length;
      return ids.subarray(i * length, (i + 1) * length);
    };
    for (let i = 0; i < names.length; i++) {
      anchors.push(maker.anchors({ normal: part(normal, i), abnormal: part(abnormal, i) }));
    }
    const four = 4 * config.context;
    const some = Uint32Array.of(...normal.subarray(0, four), ...abnormal.subarray(0, four));
    yield await compared('text_rows', await valuesOf([tidy(() => l2Normalize(encodeTexts(some, tower)))]));
  }
  gpu.trim();
  const text: Float32Array[] = [];
  for (const a of anchors) text.push(await read(a));
  yield await compared('text', Float32Array.from(text.flatMap((t) => [...t])));

  using tower = await loadVision(gpu, clip, config, size, load);
  using image = images('image', batch);
  using part = await APRIL_GAN.loadImage(gpu, layers, load);
  const outcomes = anchors.map((a) => part.anomaly(image, tower, a, DOMAINS(batch)));
  const maps = await valuesOf(outcomes.map(({ map }) => map));
  const scores = await valuesOf(outcomes.map(({ score }) => score));
  yield await compared('map', maps);
  yield await compared('score', scores);

  using own = await loadLinearLayers(gpu, layers, load);
  const { cls, raw, patches } = aprilGanFeatures(image, tower, own.weights);
  yield await compared('cls', await valuesOf([cls]));
  for (const [i, x] of patches.entries()) {
    yield await compared(`level.${i}`, await valuesOf([aprilGanMap(x, anchors[0]!, size)]));
    yield await compared(`patch.${i}`, await readRows(x, kept));
    const rows = await readRows(raw[i]!, kept);
    yield await compared(`raw.${i}`, rows.subarray(0, rows.length / batch));
  }
  if (file.tensors.has('few')) {
    using references = images('reference', 2);
    const seen = aprilGanFeatures(references, tower, own.weights);
    const memory = aprilGanMemory(seen.raw);
    const few = await valuesOf([aprilGanFewMap(raw, memory, size)]);
    yield await compared('few', few);
    const both = few.map((v, i) => v + maps[i]!);
    yield await compared('map.few', both);
    // The differences of peaks magnify what their maps are off by.
    yield await compared('score.few', aprilGanFewScores(scores.subarray(0, batch), both), 1e-4);
    for (const bank of memory) bank[Symbol.dispose]();
    for (const t of [seen.cls, ...seen.raw, ...seen.patches]) t.release();
  }
  for (const t of [...anchors, ...raw, ...patches]) t.release();
}

export async function* anomalyClipCase(context: CaseContext): AsyncIterable<Comparison> {
  const { gpu, file, config, size, batch, clip, load, kept, images, compared } = opened(context, ANOMALY_CLIP);
  const [learned, deep, depth] = ['n_ctx', 't_n_ctx', 'depth'].map((key) => metadataNumber(file, key)) as [
    number,
    number,
    number,
  ];
  const ids = Uint32Array.from(await file.readF32('tokens'));
  const prompts = await loadSyntheticPrompts(clip, ids, { learned, deep, depth }, metadataNumber(file, 'prompt_seed'));
  let anchors: Tensor;
  {
    using text = await loadText(gpu, clip, config, load);
    using maker = await ANOMALY_CLIP.loadAnchors(text, prompts, load);
    anchors = maker.anchors({ normal: ids.subarray(0, 0), abnormal: ids.subarray(0, 0) });
  }
  gpu.trim();
  yield await compared('text', await read(anchors));

  using tower = await loadVision(gpu, clip, config, size, load);
  using image = images('image', batch);
  using part = await ANOMALY_CLIP.loadImage(gpu, undefined, load);
  const { map, score } = part.anomaly(image, tower, anchors, DOMAINS(batch));
  yield await compared('map', await valuesOf([map]));
  yield await compared('score', await valuesOf([score]));
  // As the published script runs it.
  const last = { ...tower, config: { ...config, levels: [config.visionLayers] } };
  const lone = part.anomaly(image, last, anchors, DOMAINS(batch));
  lone.score.release();
  yield await compared('map.last', await valuesOf([lone.map]));

  const { cls, patches } = anomalyClipFeatures(image, tower);
  yield await compared('cls', await valuesOf([cls]));
  for (const [i, x] of patches.entries()) {
    const shares = anomalyClipShares(x, anchors);
    const level = tidy(() => anomalyClipMap(shares, size, 0));
    shares.release();
    yield await compared(`level.${i}`, await valuesOf([level]));
    yield await compared(`patch.${i}`, await readRows(x, kept));
  }
  const total = tidy(() => anomalyClipMap(summed(patches.map((x) => anomalyClipShares(x, anchors))), size, 0));
  yield await compared('sum', await valuesOf([total]));
  for (const t of [anchors, ...patches]) t.release();
}
