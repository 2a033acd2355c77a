/** Models exported in memory, opened in onnxruntime, and run beside ours. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect } from 'vitest';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import { type DescribedModel, type DetectorOptions, describeModel } from '../../src/detect/open_model.js';
import { type ExportOptions, exportModel } from '../../src/export/export_model.js';
import { type OnnxModel, onnxBytes } from '../../src/export/onnx_file.js';
import { NODE_LIBRARY } from '../../src/node/node_library.js';
import { read, type Tensor } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { joined } from '../golden_files.js';

export const describeHere = (options: DetectorOptions): Promise<DescribedModel> => describeModel(NODE_LIBRARY, options);

export async function exportHere(described: DescribedModel, options: Partial<ExportOptions> = {}): Promise<OnnxModel> {
  return exportModel(await device(), described, { input: 'floats', version: '0', fingerprints: {}, ...options });
}

export async function openInOrt(model: OnnxModel): Promise<InferenceSession> {
  return InferenceSession.create(await joined(onnxBytes(model)), { logSeverityLevel: 3, intraOpNumThreads: 1 });
}

export interface Outputs {
  readonly score: Float32Array;
  readonly image_score: Float32Array;
  readonly map: Float32Array;
}

/** Of a model that decides. */
export interface Decisions {
  readonly normalized_score: Float32Array;
  readonly anomalous: Uint8Array;
  readonly mask: Uint8Array;
}

/** @param classes numbers of classes, where the model has several */
export async function runInOrt(
  session: InferenceSession,
  input: { readonly data: Float32Array | Uint8Array; readonly dims: readonly number[] },
  classes?: readonly number[],
): Promise<Outputs & Decisions> {
  const { data, dims } = input;
  const feeds: Record<string, OrtTensor> =
    data instanceof Uint8Array
      ? { pictures: new OrtTensor('uint8', data, dims) }
      : { images: new OrtTensor('float32', data, dims) };
  if (classes) feeds.class = new OrtTensor('int64', BigInt64Array.from(classes, BigInt), [classes.length]);
  const out = await session.run(feeds);
  return Object.fromEntries(
    Object.entries(out).map(([name, { data: values }]) => [name, values]),
  ) as unknown as Outputs & Decisions;
}

/** The engine's outputs for prepared pictures [B, 3, S, S]. */
export async function runHere(
  { clip, adapters, classes, method, settings }: DescribedModel,
  images: Tensor,
  names: readonly string[],
): Promise<Outputs> {
  using model = await AnomalyModel.load(await device(), { clip, adapters, classes, ...settings });
  const { map, score } = model.run(images, names);
  const [sums, own] = [await read(map), await read(score)];
  map.release();
  score.release();
  const { scoring } = method;
  const shares = sums.map((v) => scoring.share(v, settings.levels.length));
  const size = shares.length / own.length;
  const scores = own.map((s, i) => {
    const peak = shares.subarray(i * size, (i + 1) * size).reduce((a, b) => Math.max(a, b));
    const share = scoring.peakShare(model.domainOf(names[i]!));
    return share * peak + (1 - share) * s;
  });
  return { score: scores, image_score: own, map: shares };
}

/** The largest difference as a share of the largest value. */
export function apart(got: Float32Array, want: Float32Array): number {
  expect(got.length).toBe(want.length);
  const largest = want.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
  return got.reduce((m, v, i) => Math.max(m, Math.abs(v - want[i]!)), 0) / largest;
}
