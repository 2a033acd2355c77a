/** Cases `op.*`: single operations and their gradients. */
import { Tape } from '../autograd/tape.js';
import { synth } from '../io/synth.js';
import type { TensorFile } from '../io/tensor_file.js';
import { activate } from '../ops/activation.js';
import { residualAdapter } from '../ops/adapter_mix.js';
import { add } from '../ops/add.js';
import { attention } from '../ops/attention.js';
import { crossEntropy } from '../ops/cross_entropy.js';
import { diceLoss } from '../ops/dice_loss.js';
import { focalLoss } from '../ops/focal_loss.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { layerNorm } from '../ops/layer_norm.js';
import { linear } from '../ops/linear.js';
import { resizePositional } from '../ops/positional.js';
import { reshape } from '../ops/reshape.js';
import { type Domain, probabilityMap, scoreMap } from '../ops/score_map.js';
import { similarity } from '../ops/similarity.js';
import { slice } from '../ops/slice.js';
import { read, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { type CaseContext, type CaseRunner, type Comparison, metadata, metadataNumber } from './case.js';

const FORWARD = 1e-5;
const GRADIENT = 1e-4;

/** Runs `body` on the file's inputs and compares output and gradients. */
async function* gradientCase(
  { gpu, file }: CaseContext,
  body: (inputs: Readonly<Record<string, Tensor>>) => Tensor,
): AsyncIterable<Comparison> {
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
  yield { tensor: 'out', got: await read(out), want: await file.readF32('out'), bound: FORWARD };
  for (const [i, n] of names.entries()) {
    const g = grads[i];
    if (!file.tensors.has(`grad.${n}`)) continue;
    const got = g ? await read(g) : new Float32Array(0);
    yield { tensor: `grad.${n}`, got, want: await file.readF32(`grad.${n}`), bound: GRADIENT };
  }
  out.release();
  for (const g of grads) g?.release();
}

const shapeOf = (file: TensorFile, name: string): readonly number[] => {
  const info = file.tensors.get(name);
  if (!info) throw new Error(`${file.name}: no tensor ${name}`);
  return info.shape;
};

/** Attention on q, k, v apart [B, H, L, D]: packed as the layers have it, and the gradient taken apart again. */
async function* attentionCase({ gpu, file }: CaseContext, causal: boolean): AsyncIterable<Comparison> {
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
    const y = tape.record(() => attention(x, { heads: h, mode: causal ? 'causal' : 'full' }));
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
  yield { tensor: 'out', got: take(await read(out), 1, 0), want: await file.readF32('out'), bound: FORWARD };
  const grads = await read(grad);
  for (const [part, n] of names.entries()) {
    yield { tensor: `grad.${n}`, got: take(grads, 3, part), want: await file.readF32(`grad.${n}`), bound: GRADIENT };
  }
  out.release();
  grad.release();
}

async function* scoreMapCase({ gpu, file }: CaseContext, domain: Domain): AsyncIterable<Comparison> {
  const [b, l, e] = shapeOf(file, 'f') as [number, number, number];
  const f = await file.readF32('f');
  const t = await file.readF32('t');
  const size = shapeOf(file, 'out').at(-1)!;
  const g = Math.sqrt(l);
  const out = tidy(() => {
    const s = similarity(upload(gpu, f, [b, l, e]), upload(gpu, t, [e, 2]));
    return scoreMap(reshape(s, [b, 2, g, g]), size, domain);
  });
  yield { tensor: 'out', got: await read(out), want: await file.readF32('out'), bound: FORWARD };
  out.release();
}

async function* positionalCase({ gpu, file }: CaseContext): AsyncIterable<Comparison> {
  const x = await file.readF32('x');
  const grid = Math.sqrt(shapeOf(file, 'out')[0]! - 1);
  const out = tidy(() => resizePositional(upload(gpu, x, shapeOf(file, 'x')), grid));
  yield { tensor: 'out', got: await read(out), want: await file.readF32('out'), bound: FORWARD };
  out.release();
}

/** Similarity, upsampling and softmax as training does them. */
function similarityCase(c: CaseContext): AsyncIterable<Comparison> {
  const [b, , size] = shapeOf(c.file, 'out') as [number, number, number];
  const g = Math.sqrt(shapeOf(c.file, 'in.f')[1]!);
  return gradientCase(c, ({ f, t }) => probabilityMap(reshape(similarity(f!, t!), [b, 2, g, g]), size));
}

/** The mask the loss cases share: its own file, or recomputed from the seed to check it. */
async function maskOf({ folder }: CaseContext): Promise<{ data: Float32Array; shape: readonly number[] }> {
  const file = await folder.open('op.loss_mask.safetensors');
  return { data: await file.readF32('mask'), shape: shapeOf(file, 'mask') };
}

async function* lossCase(c: CaseContext, body: (p: Tensor, mask: Tensor) => Tensor): AsyncIterable<Comparison> {
  const mask = await maskOf(c);
  using m = upload(c.gpu, mask.data, mask.shape);
  yield* gradientCase(c, ({ p }) => reshape(body(p!, m), shapeOf(c.file, 'out')));
}

async function* maskCase({ file }: CaseContext): AsyncIterable<Comparison> {
  const shape = shapeOf(file, 'mask');
  const noise = synth(metadataNumber(file, 'seed') * 1000, 'mask', shape, 1);
  yield { tensor: 'mask', got: noise.map((v) => (v > 1.2 ? 1 : 0)), want: await file.readF32('mask'), bound: 0 };
}

const half = (p: Tensor): Tensor => {
  const [b, , h, w] = p.shape as [number, number, number, number];
  return reshape(slice(p, 1, 1, 1), [b, h, w]);
};

/** Runners by the name after `op.`. */
export const OP_CASES: readonly (readonly [RegExp, CaseRunner])[] = [
  [/^op\.linear$/, (c) => gradientCase(c, ({ x, w, b }) => linear(x!, w!, { bias: b! }))],
  [/^op\.layer_norm$/, (c) => gradientCase(c, ({ x, w, b }) => layerNorm(x!, w!, b!))],
  [/^op\.gelu$/, (c) => gradientCase(c, ({ x }) => activate(x!, 'gelu'))],
  [/^op\.quick_gelu$/, (c) => gradientCase(c, ({ x }) => activate(x!, 'quickgelu'))],
  [/^op\.leaky_relu$/, (c) => gradientCase(c, ({ x }) => activate(x!, 'leaky_relu'))],
  [/^op\.l2_normalize$/, (c) => gradientCase(c, ({ x }) => l2Normalize(x!))],
  [/^op\.residual_adapter$/, (c) => gradientCase(c, ({ x, w }) => residualAdapter(x!, w!, 0.1))],
  [/^op\.attention_causal_\d+$/, (c) => attentionCase(c, true)],
  [/^op\.attention_\d+$/, (c) => attentionCase(c, false)],
  [/^op\.similarity_map$/, similarityCase],
  [/^op\.score_map_Industrial$/, (c) => scoreMapCase(c, 'Industrial')],
  [/^op\.score_map_Medical$/, (c) => scoreMapCase(c, 'Medical')],
  [/^op\.positional_\d+$/, positionalCase],
  [/^op\.loss_mask$/, maskCase],
  [/^op\.focal_loss$/, (c) => lossCase(c, (p, m) => focalLoss(p, m))],
  [/^op\.dice_loss$/, (c) => lossCase(c, (p, m) => diceLoss(half(p), m))],
  [
    /^op\.cross_entropy$/,
    (c) => {
      const labels = Uint32Array.from(metadata(c.file, 'label').split(','), Number);
      return gradientCase(c, ({ x }) => reshape(crossEntropy(x!, labels), shapeOf(c.file, 'out')));
    },
  ],
];
