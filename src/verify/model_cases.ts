/** Cases `model.*`: both towers, adapters, anchors, maps and scores of a model synthesised from a seed. */
import { synth } from '../io/synth.js';
import type { Activation } from '../kernels/epilogue.js';
import { loadImageAdapters, loadTextAdapters } from '../model/adapters.js';
import { anomaly, stageOneFeatures, textAnchors } from '../model/anomaly.js';
import type { ClipConfig } from '../model/config.js';
import { adaptedProjections, unitFeatures } from '../model/methods/aa_clip.js';
import { promptRows } from '../model/prompt_rows.js';
import { syntheticAdapters, syntheticClip } from '../model/synthetic.js';
import { encodeText, loadText, type TextAdapters, type TextTower } from '../model/text.js';
import { encodeImage, loadVision } from '../model/vision.js';
import type { LoadOptions } from '../model/weights.js';
import { reshape } from '../ops/reshape.js';
import { read, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { boundOf, type CaseContext, type Comparison, metadata, metadataNumber } from './case.js';

/** The configuration in a case's metadata. */
export function parseConfig(text: string): { config: ClipConfig; activation: Activation } {
  const c = JSON.parse(text) as Record<string, number> & { levels: number[]; quick_gelu: boolean };
  return {
    activation: c.quick_gelu ? 'quickgelu' : 'gelu',
    config: {
      embed: c.embed!,
      patch: c.patch!,
      image: c.image!,
      visionWidth: c.v_width!,
      visionLayers: c.v_layers!,
      visionHeads: c.v_width! / c.head_width!,
      vocab: c.vocab!,
      context: c.context!,
      textWidth: c.t_width!,
      textLayers: c.t_layers!,
      textHeads: c.t_heads!,
      levels: c.levels,
    },
  };
}

/** The rows `slice(start, stop, step)` keeps of `total`, as Python writes it. */
export function keptRows(slice: string, total: number): number[] {
  const m = /^slice\((None|\d+), (None|\d+), (None|\d+)\)$/.exec(slice);
  if (!m) throw new Error(`kept_tokens: expected slice(a, b, c), got ${slice}`);
  const [start, stop, step] = [m[1], m[2], m[3]].map((v) => (v === 'None' ? undefined : Number(v)));
  const rows: number[] = [];
  for (let i = start ?? 0; i < Math.min(stop ?? total, total); i += step ?? 1) rows.push(i);
  return rows;
}

/** Reads [B, L, E] and keeps some of the L rows. */
export async function readRows(t: Tensor, slice: string): Promise<Float32Array> {
  const [b, l, e] = t.shape as [number, number, number];
  const data = await read(t);
  const rows = keptRows(slice, l);
  const out = new Float32Array(b * rows.length * e);
  for (let z = 0; z < b; z++) {
    rows.forEach((row, i) => {
      out.set(data.subarray((z * l + row) * e, (z * l + row + 1) * e), (z * rows.length + i) * e);
    });
  }
  return out;
}

/** Reads maps [B, S, S] at every `stride`-th row and column. */
async function readStrided(t: Tensor, stride: number): Promise<Float32Array> {
  const [b, h, w] = t.shape as [number, number, number];
  const data = await read(t);
  const out: number[] = [];
  for (let z = 0; z < b; z++)
    for (let y = 0; y < h; y += stride) for (let x = 0; x < w; x += stride) out.push(data[(z * h + y) * w + x]!);
  return Float32Array.from(out);
}

export async function* modelCase(context: CaseContext): AsyncIterable<Comparison> {
  const { gpu, file, precision } = context;
  const { config, activation } = parseConfig(metadata(file, 'config'));
  const size = metadataNumber(file, 'image_size');
  const batch = metadataNumber(file, 'batch');
  const half = metadata(file, 'clip_weights').includes('float16');
  const clip = syntheticClip(config, metadataNumber(file, 'clip_seed'), half);
  const adapters = syntheticAdapters(config, metadataNumber(file, 'adapter_seed'));
  const options: LoadOptions & { activation: Activation } = { precision, activation };
  const bound = boundOf(context, config.visionLayers >= 12 ? 1e-4 : 1e-5, 5e-3);
  const check = async (tensor: string, got: Float32Array): Promise<Comparison> => ({
    tensor,
    got,
    want: await file.readF32(tensor),
    bound,
  });
  const taken = async (
    tensor: string,
    t: Tensor,
    readBack: (t: Tensor) => Promise<Float32Array>,
  ): Promise<Comparison> => {
    const got = await readBack(t);
    t.release();
    return check(tensor, got);
  };

  let anchors: Tensor;
  {
    using tower = await loadText(gpu, clip, config, options);
    using own = await loadTextAdapters(gpu, adapters, options);
    const texts = await textOutputs(context, tower, own.weights);
    for (const [name, t] of texts.outputs) yield await taken(name, t, read);
    anchors = texts.anchors;
  }
  gpu.trim();

  using tower = await loadVision(gpu, clip, config, size, options);
  using own = await loadImageAdapters(gpu, adapters, options);
  const pixels = synth(metadataNumber(file, 'seed') * 1000, 'image', [batch, 3, size, size], 1);
  using image = upload(gpu, pixels, [batch, 3, size, size]);
  const kept = metadata(file, 'kept_tokens');
  const stride = metadataNumber(file, 'map_stride');
  const projections = adaptedProjections(image, tower, own.weights);
  for (const domain of ['Industrial', 'Medical'] as const) {
    const { map, score } = anomaly(projections, anchors, size, domain);
    yield await taken(`map.${domain}`, map, (t) => readStrided(t, stride));
    if (domain === 'Medical') yield await taken('score', score, read);
    else score.release();
  }
  const adapted = unitFeatures(projections);
  for (const t of new Set([...projections.seg, projections.det].map(({ x }) => x))) t.release();
  for (const [i, t] of adapted.seg.entries()) yield await taken(`seg.${i}`, t, (x) => readRows(x, kept));
  yield await taken('det', adapted.det, read);
  yield await taken('cls', encodeImage(image, tower), read);
  for (const vv of ['batch', 'token'] as const) {
    const features = stageOneFeatures(image, tower, vv);
    for (const [i, t] of features.entries()) yield await taken(`stage1.${vv}.${i}`, t, (x) => readRows(x, kept));
  }
  anchors.release();
}

interface TextOutputs {
  /** Expected tensors by name: anchors as [E, 2], rows of the normal prompts. */
  readonly outputs: readonly (readonly [string, Tensor])[];
  readonly anchors: Tensor;
}

async function textOutputs({ file }: CaseContext, tower: TextTower, adapters: TextAdapters): Promise<TextOutputs> {
  const normal = Uint32Array.from(await file.readF32('normal_tokens'));
  const abnormal = Uint32Array.from(await file.readF32('abnormal_tokens'));
  const { ids, counts } = promptRows([{ normal, abnormal }], tower.config.context);
  const columns = (own?: TextAdapters): Tensor => textAnchors(encodeText(ids, tower, own), counts); // [1, E, 2]
  return tidy(() => {
    const anchors = columns(adapters);
    return {
      anchors,
      outputs: [
        ['text', reshape(anchors, anchors.shape.slice(1))],
        ['text_plain', columns()],
        ['text_rows', encodeText(normal, tower, adapters)],
        ['text_rows_plain', encodeText(normal, tower)],
      ] as const,
    };
  });
}
