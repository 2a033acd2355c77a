/** A block's shortcuts compared with the whole block: values alone, the class row alone, a batch in parts. */
import { describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import { packF16, unpackF16 } from '../../src/io/dtype.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { firstOfBlock } from '../../src/nn/class_row.js';
import { type Block, block, partOf } from '../../src/nn/layers.js';
import { linear } from '../../src/ops/linear.js';
import { slice } from '../../src/ops/slice.js';
import { liveTensors, read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { device, isCoarse, variantsOf } from '../devices.js';
import { normalisedError } from '../op_harness.js';
import { arr } from '../reference/arr.js';

const HEADS = 2;

interface MadeBlock extends Disposable {
  readonly weights: Block;
}

const values = (shape: readonly number[], name: string, std: number): Float32Array =>
  Float32Array.from(arr(shape, name, std).data);

/** A block of width d whose weights are exact in f16, or not. */
function makeBlock(gpu: Gpu, d: number, half: boolean): MadeBlock {
  const made: Disposable[] = [];
  const keep = <X extends Disposable>(x: X): X => {
    made.push(x);
    return x;
  };
  const vector = (n: number, name: string, std: number): Tensor => keep(upload(gpu, values([n], name, std), [n]));
  const layer = (n: number, k: number, name: string) => {
    const data = values([n, k], name, k ** -0.5);
    const exact = half ? unpackF16(packF16(data)) : data;
    return { weight: keep(FrozenMatrix.pack(gpu, exact, n, k, half)), bias: vector(n, `${name} bias`, 0.1) };
  };
  const weights = {
    ln1: { weight: vector(d, 'ln1', 1), bias: vector(d, 'ln1 bias', 0.1) },
    inProj: layer(3 * d, d, 'in'),
    outProj: layer(d, d, 'out'),
    ln2: { weight: vector(d, 'ln2', 1), bias: vector(d, 'ln2 bias', 0.1) },
    fc: layer(4 * d, d, 'fc'),
    proj: layer(d, 4 * d, 'proj'),
  };
  const dispose = (): void => {
    for (const m of made) m[Symbol.dispose]();
  };
  return { weights, [Symbol.dispose]: dispose };
}

async function results(...made: readonly Tensor[]): Promise<Float32Array[]> {
  const out: Float32Array[] = [];
  for (const t of made) {
    out.push(await read(t));
    t.release();
  }
  return out;
}

describe.each(variantsOf('matmul'))('a block (%s)', (variant) => {
  // Panels hold 24 or 32 columns: a third of 48 columns begins inside a panel, a third of 96 between two.
  it.each([
    [48, false],
    [48, true],
    [96, false],
    [96, true],
  ])('of width %i (f16 weights: %s) has layers that can be taken in part', async (d, half) => {
    const gpu = await device(variant);
    const before = liveTensors(gpu);
    {
      using made = makeBlock(gpu, d, half);
      const { inProj } = made.weights;
      using x = upload(gpu, values([7, d], 'x', 1), [7, d]);
      for (const from of [0, d, 2 * d]) {
        const [all, part] = tidy(() => {
          const { weight, bias } = partOf(inProj, from, d);
          const whole = linear(x, inProj.weight, { bias: inProj.bias });
          return [slice(whole, 1, from, d), linear(x, weight, { bias })];
        });
        const [want, got] = await results(all!, part!);
        expect(normalisedError(got!, want!)).toBeLessThan(1e-6);
      }
    }
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });

  it('gives the same first token when only that is asked for', async () => {
    const gpu = await device(variant);
    const before = liveTensors(gpu);
    {
      using made = makeBlock(gpu, 48, true);
      using x = upload(gpu, values([3, 11, 48], 'x', 1), [3, 11, 48]);
      const options = { heads: HEADS, activation: 'gelu' } as const;
      const [all, first] = tidy(() => [
        slice(block({ x }, made.weights, { ...options, mode: 'full' }).x, 1, 0, 1),
        firstOfBlock(x, made.weights, options),
      ]);
      const [want, got] = await results(all!, first!);
      expect(normalisedError(got!, want!)).toBeLessThan(isCoarse(variant) ? 2e-3 : 2e-6);
    }
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });
});
