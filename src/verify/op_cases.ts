/** Cases `op.*`: single operations and their gradients, each run as its case object says. */
import { Tape } from '../autograd/tape.js';
import { activationCase } from '../cases/activation_case.js';
import { attentionCase } from '../cases/attention_case.js';
import { crossEntropyCase } from '../cases/cross_entropy_case.js';
import { diceLossCase } from '../cases/dice_loss_case.js';
import { focalLossCase } from '../cases/focal_loss_case.js';
import { l2NormalizeCase } from '../cases/l2_normalize_case.js';
import { layerNormCase } from '../cases/layer_norm_case.js';
import { linearCase } from '../cases/linear_case.js';
import type { OpCase } from '../cases/op_case.js';
import { positionalCase } from '../cases/positional_case.js';
import { probabilityMapCase } from '../cases/probability_map_case.js';
import { residualAdapterCase } from '../cases/residual_adapter_case.js';
import { scoreMapCase } from '../cases/score_map_case.js';
import { similarityCase } from '../cases/similarity_case.js';
import type { Domain } from '../data/datasets.js';
import { synth } from '../io/synth.js';
import type { TensorFile } from '../io/tensor_file.js';
import { SCORE_BLUR } from '../model/anomaly.js';
import { add } from '../ops/add.js';
import { reshape } from '../ops/reshape.js';
import { slice } from '../ops/slice.js';
import { read, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { boundOf, type CaseContext, type CaseRunner, type Comparison, metadata, metadataNumber } from './case.js';

/** Bounds in f32, and where activations are rounded to f16. */
const forwardBound = (context: CaseContext): number => boundOf(context, 1e-5, 2e-3);
const gradientBound = (context: CaseContext): number => boundOf(context, 1e-4, 5e-3);
/** Where values rounded to f16 land on the other side of LeakyReLU's kink, their slope is another one. */
const kinkedBound = (context: CaseContext): number => boundOf(context, 1e-4, 5e-2);

/** Runs `body` on the file's inputs and compares output and gradients. */
async function* compareGradients(
  context: CaseContext,
  body: (inputs: Readonly<Record<string, Tensor>>) => Tensor,
  bound = gradientBound,
): AsyncIterable<Comparison> {
  const { gpu, file } = context;
  const names = [...file.tensors.keys()].filter((n) => n.startsWith('in.')).map((n) => n.slice(3));
  const host = await Promise.all(names.map((n) => file.readF32(`in.${n}`)));
  const ct = await file.readF32('ct');
  const { out, grads } = tidy(() => {
    const inputs = names.map((n, i) => upload(gpu, host[i]!, file.tensors.get(`in.${n}`)!.shape));
    using tape = new Tape(add);
    tape.watch(inputs);
    const y = tape.record(() => body(Object.fromEntries(names.map((n, i) => [n, inputs[i]!]))));
    return { out: y, grads: tape.backward(y, inputs, upload(gpu, ct, y.shape)) };
  });
  yield { tensor: 'out', got: await read(out), want: await file.readF32('out'), bound: forwardBound(context) };
  for (const [i, n] of names.entries()) {
    const g = grads[i];
    if (!file.tensors.has(`grad.${n}`)) continue;
    const got = g ? await read(g) : new Float32Array(0);
    yield { tensor: `grad.${n}`, got, want: await file.readF32(`grad.${n}`), bound: bound(context) };
  }
  out.release();
  for (const g of grads) g?.release();
}

/** The runner of an op whose case names its inputs as the files do. */
function runOf<Inputs extends object, Attrs>(
  op: OpCase<Inputs, Attrs>,
  attrs: Attrs,
  bound = gradientBound,
): CaseRunner {
  return (c) => compareGradients(c, (inputs) => op.run(inputs as Inputs, attrs, c.gpu), bound);
}

const shapeOf = (file: TensorFile, name: string): readonly number[] => {
  const info = file.tensors.get(name);
  if (!info) throw new Error(`${file.name}: no tensor ${name}`);
  return info.shape;
};

/** Attention on separate q, k, v [B, H, L, D]: packed as the layers have them, and the gradient unpacked again. */
async function* compareAttention(context: CaseContext, causal: boolean): AsyncIterable<Comparison> {
  const { gpu, file } = context;
  const [b, h, l, d] = shapeOf(file, 'in.q') as [number, number, number, number];
  const width = h * d;
  /** Calls `visit(place in [B, L, parts W], place in [B, H, L, D])` for every element. */
  const walk = (parts: number, part: number, visit: (packed: number, apart: number) => void): void => {
    for (let z = 0; z < b; z++)
      for (let i = 0; i < h; i++)
        for (let t = 0; t < l; t++)
          for (let e = 0; e < d; e++)
            visit(((z * l + t) * parts + part) * width + i * d + e, ((z * h + i) * l + t) * d + e);
  };
  const names = ['q', 'k', 'v'] as const;
  const qkv = new Float32Array(b * l * 3 * width);
  for (const [part, n] of names.entries()) {
    const data = await file.readF32(`in.${n}`);
    walk(3, part, (packed, apart) => {
      qkv[packed] = data[apart]!;
    });
  }
  const apartCt = await file.readF32('ct');
  const ct = new Float32Array(b * l * width);
  walk(1, 0, (packed, apart) => {
    ct[packed] = apartCt[apart]!;
  });
  const [out, grad] = tidy(() => {
    const x = upload(gpu, qkv, [b, l, 3 * width]);
    using tape = new Tape(add);
    tape.watch([x]);
    const y = tape.record(() => attentionCase.run({ qkv: x }, { heads: h, mode: causal ? 'causal' : 'full' }, gpu));
    const [g] = tape.backward(y, [x], upload(gpu, ct, y.shape));
    return [y, g!] as const;
  });
  const take = (data: Float32Array, parts: number, part: number): Float32Array => {
    const apart = new Float32Array(b * h * l * d);
    walk(parts, part, (from, to) => {
      apart[to] = data[from]!;
    });
    return apart;
  };
  yield {
    tensor: 'out',
    got: take(await read(out), 1, 0),
    want: await file.readF32('out'),
    bound: forwardBound(context),
  };
  const grads = await read(grad);
  for (const [part, n] of names.entries()) {
    yield {
      tensor: `grad.${n}`,
      got: take(grads, 3, part),
      want: await file.readF32(`grad.${n}`),
      bound: gradientBound(context),
    };
  }
  out.release();
  grad.release();
}

async function* compareScoreMap(context: CaseContext, domain: Domain): AsyncIterable<Comparison> {
  const { gpu, file } = context;
  const [b, l, e] = shapeOf(file, 'f') as [number, number, number];
  const f = await file.readF32('f');
  const t = await file.readF32('t');
  const size = shapeOf(file, 'out').at(-1)!;
  const g = Math.sqrt(l);
  const out = tidy(() => {
    const s = similarityCase.run({ f: upload(gpu, f, [b, l, e]), t: upload(gpu, t, [e, 2]) }, {}, gpu);
    return scoreMapCase.run({ s: reshape(s, [b, 2, g, g]) }, { size, blur: SCORE_BLUR[domain] }, gpu);
  });
  yield { tensor: 'out', got: await read(out), want: await file.readF32('out'), bound: forwardBound(context) };
  out.release();
}

async function* comparePositional(context: CaseContext): AsyncIterable<Comparison> {
  const { gpu, file } = context;
  const x = await file.readF32('x');
  const grid = Math.sqrt(shapeOf(file, 'out')[0]! - 1);
  const out = tidy(() => positionalCase.run({ x: upload(gpu, x, shapeOf(file, 'x')) }, { grid }, gpu));
  yield { tensor: 'out', got: await read(out), want: await file.readF32('out'), bound: forwardBound(context) };
  out.release();
}

/** Similarity, upsampling and softmax as training does them. */
function compareSimilarityMap(c: CaseContext): AsyncIterable<Comparison> {
  const [b, , size] = shapeOf(c.file, 'out') as [number, number, number];
  const g = Math.sqrt(shapeOf(c.file, 'in.f')[1]!);
  return compareGradients(c, ({ f, t }) => {
    const s = reshape(similarityCase.run({ f: f!, t: t! }, {}, c.gpu), [b, 2, g, g]);
    return probabilityMapCase.run({ s }, { size }, c.gpu);
  });
}

/** The mask that the loss cases share, from its own file. */
async function maskOf({ folder }: CaseContext): Promise<{ data: Float32Array; shape: readonly number[] }> {
  const file = await folder.open('op.loss_mask.safetensors');
  return { data: await file.readF32('mask'), shape: shapeOf(file, 'mask') };
}

async function* compareLoss(c: CaseContext, body: (p: Tensor, mask: Tensor) => Tensor): AsyncIterable<Comparison> {
  const mask = await maskOf(c);
  using m = upload(c.gpu, mask.data, mask.shape);
  yield* compareGradients(c, ({ p }) => reshape(body(p!, m), shapeOf(c.file, 'out')));
}

async function* compareMask({ file }: CaseContext): AsyncIterable<Comparison> {
  const shape = shapeOf(file, 'mask');
  const noise = synth(metadataNumber(file, 'seed') * 1000, 'mask', shape, 1);
  yield { tensor: 'mask', got: noise.map((v) => (v > 1.2 ? 1 : 0)), want: await file.readF32('mask'), bound: 0 };
}

/** Channel 1 of a map [B, 2, H, W]. */
const abnormal = (p: Tensor): Tensor => {
  const [b, , h, w] = p.shape as [number, number, number, number];
  return reshape(slice(p, 1, 1, 1), [b, h, w]);
};

/** Runners by the name after `op.`. */
export const OP_CASES: readonly (readonly [RegExp, CaseRunner])[] = [
  [/^op\.linear$/, runOf(linearCase, {})],
  [/^op\.layer_norm$/, runOf(layerNormCase, {})],
  [/^op\.gelu$/, runOf(activationCase, { kind: 'gelu' })],
  [/^op\.quick_gelu$/, runOf(activationCase, { kind: 'quickgelu' })],
  [/^op\.leaky_relu$/, runOf(activationCase, { kind: 'leaky_relu' })],
  [/^op\.l2_normalize$/, runOf(l2NormalizeCase, undefined)],
  [/^op\.residual_adapter$/, runOf(residualAdapterCase, { mix: 0.1 }, kinkedBound)],
  [/^op\.attention_causal_\d+$/, (c) => compareAttention(c, true)],
  [/^op\.attention_\d+$/, (c) => compareAttention(c, false)],
  [/^op\.similarity_map$/, compareSimilarityMap],
  [/^op\.score_map_Industrial$/, (c) => compareScoreMap(c, 'Industrial')],
  [/^op\.score_map_Medical$/, (c) => compareScoreMap(c, 'Medical')],
  [/^op\.positional_\d+$/, comparePositional],
  [/^op\.loss_mask$/, compareMask],
  [/^op\.focal_loss$/, (c) => compareLoss(c, (p, mask) => focalLossCase.run({ p, mask }, undefined, c.gpu))],
  [/^op\.dice_loss$/, (c) => compareLoss(c, (p, mask) => diceLossCase.run({ p: abnormal(p), mask }, undefined, c.gpu))],
  [
    /^op\.cross_entropy$/,
    (c) => {
      const labels = Uint32Array.from(metadata(c.file, 'label').split(','), Number);
      return compareGradients(c, ({ x }) =>
        reshape(crossEntropyCase.run({ x: x! }, { labels }, c.gpu), shapeOf(c.file, 'out')),
      );
    },
  ],
];
