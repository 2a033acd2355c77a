/**
 * Tests an op in every kernel variant: forward against a float64 reference in plain loops, the VJP against central
 * differences of that reference under a random cotangent, every mask of needed gradients, buffers that start as NaN, and
 * no tensor left behind. `testCase` takes an op from its case object, `testOp` a combination of several ops.
 */
import { describe, expect, it } from 'vitest';
import { Tape } from '../src/autograd/tape.js';
import { type Attributes, disposeAttrs, type OpCase } from '../src/cases/op_case.js';
import type { Gpu } from '../src/gpu/gpu.js';
import { add } from '../src/ops/add.js';
import { liveTensors, read, type Tensor, tidy, upload } from '../src/tensor/tensor.js';
import { device, isCoarse, type Variant, variantsFor } from './devices.js';
import { poison } from './poison.js';
import { type Arr, arr } from './reference/arr.js';

/** What only a test knows: how far off the result may be, and how much of it is tested. */
export interface Bounds {
  /**
   * Bounds on the error relative to the largest magnitude of the expected values; by default 1e-5 and 1e-4, and 2e-3 and
   * 5e-3 where activations are rounded to f16.
   */
  readonly forwardBound?: number;
  readonly gradientBound?: number;
  /** Step of the central differences, relative to 1; smaller where the reference bends sharply. */
  readonly step?: number;
  readonly variants?: readonly Variant[];
  /** Skips the gradient part where the function has a kink at the inputs or large logits make differences useless. */
  readonly forwardOnly?: boolean;
}

export interface OpTest extends Bounds {
  readonly name: string;
  readonly inputs: readonly Arr[];
  /** The op on tensors, in the order of `inputs`. */
  readonly run: (inputs: readonly Tensor[], gpu: Gpu) => Tensor;
  /** The same in float64. */
  readonly reference: (inputs: readonly Arr[]) => Arr;
  /** Inputs that have no gradient (masks, labels). */
  readonly constant?: readonly number[];
}

/** A test of a case object: inputs by name, attributes, and the same computation in float64. */
export type CaseTest<Inputs extends object, Attrs> = Bounds &
  Attributes<Attrs> & {
    readonly name: string;
    readonly inputs: { readonly [Name in keyof Inputs]: Arr };
    readonly reference: (inputs: { readonly [Name in keyof Inputs]: Arr }) => Arr;
  };

/** Largest |got - want| over the largest |want| (or 1e-6 where all are smaller); NaN counts as infinite. */
export function normalisedError(got: ArrayLike<number>, want: ArrayLike<number>): number {
  if (got.length !== want.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  let scale = 1e-6;
  for (let i = 0; i < want.length; i++) {
    const d = Math.abs(got[i]! - want[i]!);
    if (!(d <= worst)) worst = Number.isNaN(d) ? Number.POSITIVE_INFINITY : d;
    scale = Math.max(scale, Math.abs(want[i]!));
  }
  return worst / scale;
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let s = 0;
  for (let i = 0; i < a.length; i++) s += a[i]! * b[i]!;
  return s;
};

/** d/dh of <ct, reference(inputs + h * direction on input i)> by central differences. */
function slopeAlong(c: OpTest, i: number, direction: Float64Array, ct: Float64Array, h: number): number {
  const at = (sign: number): number => {
    const moved = c.inputs.map((x, j) =>
      j === i ? { shape: x.shape, data: x.data.map((v, e) => v + sign * h * direction[e]!) } : x,
    );
    return dot(ct, c.reference(moved).data);
  };
  return (at(1) - at(-1)) / (2 * h);
}

/**
 * Compares a gradient with central differences: at some single elements (they find a wrong term in a corner) and
 * along random directions (they weigh every element at once).
 */
function checkGradient(c: OpTest, i: number, got: Float32Array, ct: Float64Array, bound: number): void {
  const size = got.length;
  const h = c.step ?? 1e-4;
  const scale = Math.max(1e-6, ...[...got].map(Math.abs));
  const picks = size <= 12 ? [...got.keys()] : arr([8], `pick ${c.name} ${i}`, 0.28, 0.5).data;
  for (const pick of picks) {
    const e = size <= 12 ? pick : Math.min(size - 1, Math.max(0, Math.floor(pick * size)));
    const unit = new Float64Array(size);
    unit[e] = 1;
    const want = slopeAlong(c, i, unit, ct, h);
    expect(Math.abs(got[e]! - want) / scale, `gradient of input ${i} at ${e}: ${got[e]} for ${want}`).toBeLessThan(
      bound,
    );
  }
  for (let d = 0; d < 2; d++) {
    const direction = arr([size], `direction ${c.name} ${i} ${d}`).data;
    const want = slopeAlong(c, i, direction, ct, h);
    const norm = Math.sqrt(dot(got, got)) * Math.sqrt(dot(direction, direction));
    const error = Math.abs(dot(got, direction) - want) / Math.max(norm, 1e-6);
    expect(error, `gradient of input ${i} along direction ${d}`).toBeLessThan(bound);
  }
}

const uploaded = (c: OpTest, gpu: Gpu): Tensor[] =>
  c.inputs.map((x) => upload(gpu, Float32Array.from(x.data), x.shape));

function backward(c: OpTest, gpu: Gpu, mask: readonly boolean[], ct: Arr): (Tensor | null)[] {
  const inputs = uploaded(c, gpu);
  using tape = new Tape(add);
  tape.watch(inputs.filter((_, i) => mask[i]));
  const out = tape.record(() => c.run(inputs, gpu));
  return tape.backward(out, inputs, upload(gpu, Float32Array.from(ct.data), ct.shape));
}

async function gradients(c: OpTest, gpu: Gpu, mask: readonly boolean[], ct: Arr): Promise<(Float32Array | null)[]> {
  const made = tidy(() => backward(c, gpu, mask, ct));
  const result = await Promise.all(made.map((g) => (g ? read(g) : null)));
  for (const g of made) g?.release();
  return result;
}

/** Registers the tests of an op as its case runs it. */
export function testCase<Inputs extends object, Attrs>(c: OpCase<Inputs, Attrs>, test: CaseTest<Inputs, Attrs>): void {
  const { inputs, reference, attrs, ...rest } = test as CaseTest<Record<string, Arr>, unknown>;
  const op = c as unknown as OpCase;
  const names = Object.keys(inputs);
  const named = <T>(list: readonly T[]): Record<string, T> => Object.fromEntries(names.map((n, i) => [n, list[i]!]));
  testOp({
    ...rest,
    inputs: names.map((n) => inputs[n]!),
    constant: names.flatMap((n, i) => (op.constant?.includes(n) ? [i] : [])),
    run: (tensors, gpu) => {
      const made = attrs?.(gpu);
      try {
        return op.run(named(tensors), made, gpu);
      } finally {
        disposeAttrs(made);
      }
    },
    reference: (arrays) => reference(named(arrays)),
  });
}

/** Registers the tests of an op, or of a combination of ops, in each variant that dispatches other kernels. */
export function testOp(c: OpTest): void {
  const wanted = c.inputs.map((_, i) => !c.constant?.includes(i));
  const forward = variantsFor(c.variants, (gpu) => void c.run(uploaded(c, gpu), gpu));
  const differentiated = c.forwardOnly
    ? []
    : variantsFor(c.variants, (gpu) => {
        const like = c.run(uploaded(c, gpu), gpu);
        backward(c, gpu, wanted, { shape: like.shape, data: new Float64Array(like.size) });
      });
  if (forward.length + differentiated.length === 0) return;
  describe(c.name, () => {
    for (const variant of forward) {
      it(`forward equals float64 (${variant})`, async () => {
        const gpu = await device(variant);
        const before = liveTensors(gpu);
        poison(gpu, true);
        try {
          const out = tidy(() => c.run(uploaded(c, gpu), gpu));
          const want = c.reference(c.inputs);
          expect(out.shape).toEqual(want.shape);
          const error = normalisedError(await read(out), want.data);
          out.release();
          expect(error).toBeLessThan(c.forwardBound ?? (isCoarse(variant) ? 2e-3 : 1e-5));
        } finally {
          poison(gpu, false);
        }
        expect(liveTensors(gpu), 'tensors left behind').toBe(before);
      });
    }
    for (const variant of differentiated) {
      it(`gradients equal central differences, for every mask of needed gradients (${variant})`, async () => {
        const gpu = await device(variant);
        const before = liveTensors(gpu);
        const bound = c.gradientBound ?? (isCoarse(variant) ? 5e-3 : 1e-4);
        const ct = arr(c.reference(c.inputs).shape, `cotangent ${c.name}`);
        poison(gpu, true);
        try {
          const all = await gradients(c, gpu, wanted, ct);
          all.forEach((g, i) => {
            if (!wanted[i]) return;
            expect(g, `gradient of input ${i}`).not.toBeNull();
            checkGradient(c, i, g!, ct.data, bound);
          });
          const free = wanted.flatMap((w, i) => (w ? [i] : []));
          for (let bits = 1; bits < 2 ** free.length - 1; bits++) {
            const mask = wanted.map((_, i) => free.includes(i) && ((bits >> free.indexOf(i)) & 1) === 1);
            const some = await gradients(c, gpu, mask, ct);
            some.forEach((g, i) => {
              expect(g !== null, `mask ${mask}: gradient of input ${i}`).toBe(mask[i]);
              if (g) expect(normalisedError(g, all[i]!)).toBeLessThan(1e-6);
            });
          }
        } finally {
          poison(gpu, false);
        }
        expect(liveTensors(gpu), 'tensors left behind').toBe(before);
      });
    }
  });
}
