/** The workgroup size stands only in the text of a kernel: halved there, every result must stay the same. */
import { afterAll, describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { knobsOf } from '../../src/gpu/shader.js';
import { multiplyAddCeiling } from '../../src/kernels/ceiling.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { MemoryBank } from '../../src/kernels/memory_bank.js';
import { bilinearTable } from '../../src/kernels/resample_table.js';
import { nodeHost, readShaders } from '../../src/node/device.js';
import { activate } from '../../src/ops/activation.js';
import { adamStep } from '../../src/ops/adam.js';
import { adapterMix } from '../../src/ops/adapter_mix.js';
import { add } from '../../src/ops/add.js';
import { attention } from '../../src/ops/attention.js';
import { concat } from '../../src/ops/concat.js';
import { coreset } from '../../src/ops/coreset.js';
import { cosineScore } from '../../src/ops/cosine_score.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { diceLoss } from '../../src/ops/dice_loss.js';
import { full } from '../../src/ops/fill.js';
import { focalLoss } from '../../src/ops/focal_loss.js';
import { gather } from '../../src/ops/gather.js';
import { l2Normalize } from '../../src/ops/l2_normalize.js';
import { layerNorm } from '../../src/ops/layer_norm.js';
import { linear } from '../../src/ops/linear.js';
import { multiply } from '../../src/ops/multiply.js';
import { nearestNeighbour } from '../../src/ops/nearest_neighbour.js';
import { mean } from '../../src/ops/reduce.js';
import { resample } from '../../src/ops/resample.js';
import { segmentationLoss } from '../../src/ops/segmentation_loss.js';
import { similarity } from '../../src/ops/similarity.js';
import { slice } from '../../src/ops/slice.js';
import { softmax } from '../../src/ops/softmax.js';
import { assembleTokens } from '../../src/ops/tokens.js';
import { unfold } from '../../src/ops/unfold.js';
import { augmentColour } from '../../src/picture/augment_colour.js';
import { augmentGeometry, STILL } from '../../src/picture/augment_geometry.js';
import { uploadPixels } from '../../src/picture/pixels.js';
import { preparePicture } from '../../src/picture/resize_picture.js';
import { read, readWords, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { ADAPTER_KINDS } from '../adapter_traits.js';
import { choicesOn, device, isCoarse, variants } from '../devices.js';
import { normalisedError } from '../op_harness.js';
import { poison } from '../poison.js';
import { arr } from '../reference/arr.js';
import { rehearse } from '../rehearsal.js';

type Run = (inputs: readonly Tensor[], gpu: Gpu) => Tensor;

/** Ops with the shapes of their inputs; gradients are taken for all inputs that have one. */
const OPS: Record<string, { readonly shapes: readonly (readonly number[])[]; readonly run: Run }> = {
  activation: { shapes: [[1003]], run: ([x]) => activate(x!, 'gelu') },
  adapter_mix: {
    shapes: [
      [37, 24],
      [37, 24],
    ],
    run: ([x, z]) => adapterMix(x!, z!, 0.3),
  },
  add: { shapes: [[37, 24], [24]], run: ([a, b]) => add(a!, b!) },
  attention: { shapes: [[2, 131, 48]], run: ([qkv]) => attention(qkv!, { heads: 2, mode: 'causal' }) },
  concat: {
    shapes: [
      [300, 3],
      [300, 2],
    ],
    run: (list) => concat(list, 1),
  },
  cross_entropy: { shapes: [[133, 5]], run: ([x]) => crossEntropy(x!, new Uint32Array(133).fill(2)) },
  dice_loss: {
    shapes: [
      [2, 5000],
      [2, 5000],
    ],
    run: ([p, m]) => diceLoss(p!, m!),
  },
  focal_loss: {
    shapes: [
      [2, 2, 70, 70],
      [2, 1, 70, 70],
    ],
    run: ([p, m]) => focalLoss(softmax(p!, 1), m!),
  },
  gather: {
    shapes: [[70, 24]],
    run: ([x]) =>
      gather(
        x!,
        Uint32Array.from({ length: 99 }, (_, i) => (i * 7) % 70),
      ),
  },
  l2_normalize: { shapes: [[37, 24]], run: ([x]) => l2Normalize(x!) },
  layer_norm: { shapes: [[137, 24], [24], [24]], run: ([x, w, b]) => layerNorm(x!, w!, b!) },
  linear: {
    shapes: [
      [70, 24],
      [40, 24],
    ],
    run: ([x, w]) => linear(x!, w!),
  },
  multiply: { shapes: [[37, 24], [24]], run: ([a, b]) => multiply(a!, b!) },
  reduce: { shapes: [[9, 300, 24]], run: ([x]) => mean(x!, 1) },
  resample: { shapes: [[37, 24]], run: ([x]) => resample(x!, 0, bilinearTable(37, 60)) },
  segmentation_loss: {
    shapes: [
      [2, 2, 9, 9],
      [2, 1, 90, 90],
    ],
    run: ([s, m]) => segmentationLoss(s!, m!),
  },
  similarity: {
    shapes: [
      [2, 200, 24],
      [2, 24, 2],
    ],
    run: ([f, t]) => similarity(f!, t!),
  },
  slice: { shapes: [[37, 24]], run: ([x]) => slice(x!, 0, 3, 30) },
  softmax: { shapes: [[133, 3]], run: ([x]) => softmax(x!, 1) },
  tokens: { shapes: [[2, 20, 24], [24], [21, 24]], run: ([p, c, e]) => assembleTokens(p!, c!, e!) },
  unfold: { shapes: [[2, 3, 23, 22]], run: ([x]) => unfold(x!, 4) },
};

/** Value and gradients of every op, and the results that have no gradient. */
function compute(gpu: Gpu): Map<string, Tensor> {
  const made = new Map<string, Tensor>();
  const put = (name: string, shape: readonly number[]): Tensor =>
    upload(gpu, Float32Array.from(arr(shape, name).data), shape);
  poison(gpu, true);
  for (const [name, { shapes, run }] of Object.entries(OPS)) {
    const list = tidy(() => {
      const inputs = shapes.map((shape, i) => put(`${name} ${i}`, shape));
      using tape = new Tape(add);
      tape.watch(inputs);
      const y = tape.record(() => run(inputs, gpu));
      return [y, ...tape.backward(y, inputs, put(`${name} cotangent`, y.shape))];
    });
    list.forEach((t, i) => {
      if (t) made.set(`${name} ${i}`, t);
    });
  }
  tidy(() => {
    const [w, g, m] = [put('w', [1003]), put('g', [1003]), put('m', [1003])];
    adamStep(w, g, m, full(gpu, [1003], 0.5), 2, { rate: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8 });
    made.set('adam', w);
    const pixels = Uint8Array.from({ length: 3 * 41 * 43 }, (_, i) => (i * 37) & 255);
    const x = uploadPixels(gpu, pixels);
    made.set('augment_colour', augmentColour(x, 41 * 43, { brightness: 1.1, contrast: 0.8, saturation: 1.3 }));
    made.set('resize_picture', preparePicture(gpu, { width: 41, height: 43, data: pixels }, 28));
    made.set('augment_geometry', augmentGeometry(put('x', [2, 3, 20, 20]), [{ ...STILL, rotate: 30 }, STILL]));
    using frozen = FrozenMatrix.pack(gpu, Float32Array.from(arr([40, 24], 'frozen').data), 40, 24, false);
    made.set('frozen', linear(put('y', [70, 24]), frozen));
    made.set('coreset', coreset(put('many', [70, 24]), 9, 3));
    using bank = MemoryBank.of([put('memory', [70, 24])]);
    made.set('nearest_neighbour', nearestNeighbour(put('z', [133, 24]), bank).cosine);
    const scores = { normal: -1, abnormal: 2, offset: 0.5 };
    made.set('cosine_score', cosineScore(put('feats', [2, 35, 24]), put('anchors', [2, 24, 2]), scores));
    multiplyAddCeiling(gpu, 1, 1003);
    return [...made.values()];
  });
  poison(gpu, false);
  return made;
}

async function everything(gpu: Gpu): Promise<Map<string, Float32Array>> {
  const made = compute(gpu);
  const values = new Map<string, Float32Array>();
  for (const [name, t] of made) {
    values.set(name, t.dtype === 'f32' ? await read(t) : Float32Array.from(await readWords(t)));
    t.release();
  }
  return values;
}

describe('halving the workgroup size of every kernel in its text', () => {
  const opened: Gpu[] = [];
  afterAll(() => {
    for (const gpu of opened) gpu[Symbol.dispose]();
  });

  const halved = new Map(
    [...readShaders()].map(([stem, text]) => [
      stem,
      text.replace(/^const WG: u32 = (\d+)u;$/m, (_, size) => `const WG: u32 = ${Number(size) / 2}u;`),
    ]),
  );

  it.each(variants)('changes no result (%s)', { timeout: 300_000 }, async (variant) => {
    const plain = await device(variant);
    const host = await nodeHost();
    const half = await Gpu.open({ ...host, shaders: halved }, { kernels: plain.preferred, precision: plain.precision });
    opened.push(half);
    const want = await everything(plain);
    for (const [name, got] of await everything(half)) {
      expect(normalisedError(got, want.get(name)!), name).toBeLessThan(isCoarse(variant) ? 2e-3 : 2e-6);
    }
  });

  it('leaves out no kernel that has one', () => {
    const dispatched = new Set<string>();
    for (const traits of ADAPTER_KINDS) {
      for (const choice of choicesOn(traits).values()) {
        const { dispatches } = rehearse(choice, (gpu) => void compute(gpu));
        for (const { kernel } of dispatches) dispatched.add(kernel);
      }
    }
    const sized = [...readShaders()].filter(([, text]) => knobsOf(text).has('WG')).map(([stem]) => stem);
    expect(sized.filter((stem) => !dispatched.has(stem))).toEqual([]);
  });
});
