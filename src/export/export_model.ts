/** From a described detector to the ONNX model of it: what the device has to compute is folded in as constants. */

import type { AnchorStore } from '../detect/anchor_cache.js';
import { classAnchors, releaseAnchors } from '../detect/class_anchors.js';
import type { DescribedModel } from '../detect/open_model.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import { type PositionalResize, resizePositional } from '../ops/positional.js';
import { CLIP_PIXELS } from '../picture/pixels.js';
import { read, tidy, upload } from '../tensor/tensor.js';
import { graphDecision } from './decision_graph.js';
import { type GraphInput, modelGraph } from './model_graph.js';
import type { OnnxModel } from './onnx_file.js';
import type { GraphClass } from './score_graph.js';

export interface ExportOptions {
  readonly input: GraphInput;
  /** Of this program. */
  readonly version: string;
  /** Of the weights and of the adapters' parts, by name; they tell later what a file was made from. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Where anchors are kept for the next start; by default nowhere. */
  readonly anchors?: AnchorStore | undefined;
}

/**
 * Makes the anchors of all classes and resizes the positions on the device. Weights are read when the file is written.
 * @throws one line for a method that cannot be exported, or when weights cannot be read
 */
export async function exportModel(gpu: Gpu, described: DescribedModel, options: ExportOptions): Promise<OnnxModel> {
  const { clip, method, adapters, settings } = described;
  const { imageSize, levels, positional } = settings;
  const config = { ...described.config, levels };
  const classes = await graphClasses(gpu, described, options.anchors);
  const decisions = classes.map(({ name, domain }) => graphDecision(described.decisions, name, domain));
  const grid = Math.floor(imageSize / config.patch);
  const graph = modelGraph({
    ...settings,
    ...{ clip, config, method, adapters, classes },
    input: options.input,
    decisions,
    positional: await positions(gpu, clip, grid, positional),
  });
  const metadata = {
    classes: classes.map(({ name, domain }) => ({ name, domain })),
    // Thresholds and all that stands around them.
    decisions: decisions.map(({ references: _, ...scales }) => scales),
    method: method.name,
    image_size: imageSize,
    levels,
    activation: settings.activation,
    image_mix: settings.imageMix,
    text_mix: settings.textMix,
    precision: settings.precision,
    adapted: settings.adapted,
    // What prepared floats were made with.
    pixel_mean: CLIP_PIXELS.mean,
    pixel_std: CLIP_PIXELS.std,
    fingerprints: options.fingerprints,
  };
  return {
    graph,
    name: method.name,
    producer: { name: 'aaclip', version: options.version },
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([key, v]) => [`aaclip.${key}`, typeof v === 'string' ? v : JSON.stringify(v)]),
    ),
  };
}

async function graphClasses(
  gpu: Gpu,
  { clip, config, method, adapters, classes, settings }: DescribedModel,
  store: AnchorStore | undefined,
): Promise<GraphClass[]> {
  const { activation, precision, textMix } = settings;
  const load = { activation, precision };
  const tensors = await classAnchors(gpu, { clip, config, method, adapters, classes, textMix, anchors: store, load });
  try {
    const made: GraphClass[] = [];
    for (const { name, domain } of classes) {
      made.push({ name, domain, anchors: await read(tensors.get(name)!) });
    }
    return made;
  } finally {
    releaseAnchors(tensors);
    gpu.trim();
  }
}

/** The image tower's positions for another grid, [1 + G G, W], as the engine resizes them. */
async function positions(gpu: Gpu, clip: ClipTensors, grid: number, how: PositionalResize): Promise<Float32Array> {
  const name = 'visual.positional_embedding';
  const own = upload(gpu, await clip.readF32(name), clip.shape(name));
  const resized = tidy(() => resizePositional(own, grid, how));
  const values = await read(resized);
  own.release();
  if (resized !== own) resized.release();
  return values;
}
