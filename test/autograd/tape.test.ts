import { describe, expect, it } from 'vitest';
import type { Op } from '../../src/autograd/op.js';
import { recompute } from '../../src/autograd/recompute.js';
import { apply, recording, Tape } from '../../src/autograd/tape.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { activate } from '../../src/ops/activation.js';
import { add, combine } from '../../src/ops/add.js';
import { linear } from '../../src/ops/linear.js';
import { multiply } from '../../src/ops/multiply.js';
import { liveTensors, read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { arr } from '../reference/arr.js';

const put = (gpu: Gpu, ...values: number[]): Tensor => upload(gpu, Float32Array.from(values), [values.length]);

describe('the tape', () => {
  it('sums the cotangents that reach a tensor by several paths', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const [g] = tidy(() => {
      const x = put(gpu, 3, -2);
      using tape = new Tape(add);
      tape.watch([x]);
      // x² + 2x + x: slope 2x + 3.
      const y = tape.record(() => add(combine(multiply(x, x), 1, x, 2), x));
      return tape.backward(y, [x], put(gpu, 1, 1));
    });
    expect([...(await read(g!))]).toEqual([9, -1]);
    g!.release();
    expect(liveTensors(gpu)).toBe(before);
  });

  it('gives null for a tensor the result does not depend on, and the cotangent for the result itself', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const grads = tidy(() => {
      const [x, z] = [put(gpu, 1), put(gpu, 1)];
      using tape = new Tape(add);
      tape.watch([x, z]);
      const y = tape.record(() => add(x, x));
      return tape.backward(y, [z, y, x], put(gpu, 5));
    });
    expect(grads[0]).toBeNull();
    expect([...(await read(grads[1]!))]).toEqual([5]);
    expect([...(await read(grads[2]!))]).toEqual([10]);
    for (const g of grads) g?.release();
    expect(liveTensors(gpu)).toBe(before);
  });

  it('notes nothing outside record, and nothing for tensors it does not follow', async () => {
    const gpu = await device();
    using x = put(gpu, 1);
    using tape = new Tape(add);
    tape.watch([x]);
    using y = add(x, x);
    expect(tape.follows(y)).toBe(false);
    expect(recording()).toBe(false);
    using other = put(gpu, 2);
    using z = tape.record(() => add(other, other));
    expect(tape.follows(z)).toBe(false);
  });

  it('releases what it held when it is abandoned', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    tidy(() => {
      using tape = new Tape(add);
      const x = put(gpu, 1);
      tape.watch([x]);
      tape.record(() => activate(multiply(x, x), 'gelu'));
    });
    expect(liveTensors(gpu)).toBe(before);
  });

  it('checks the shapes of cotangents, from the caller and from rules', async () => {
    const gpu = await device();
    const wrong: Op<null> = {
      name: 'wrong',
      forward: ([x]) => ({ out: add(x!, x!), saved: [] }),
      vjp: (dy) => [dy.view([1, dy.size])],
    };
    tidy(() => {
      const x = put(gpu, 1, 2);
      const tape = new Tape(add);
      tape.watch([x]);
      const y = tape.record(() => apply(wrong, [x], null));
      expect(() => tape.backward(y, [x], put(gpu, 1))).toThrow('expected a cotangent of shape [2], got [1]');
      expect(() => tape.backward(y, [x], put(gpu, 1, 1))).toThrow(
        'wrong: gradient of input 0: expected f32 [2], got f32 [1, 2]',
      );
    });
  });
});

describe('recompute', () => {
  it('gives the same value and gradients, and keeps only its inputs', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const [x0, w0] = [arr([6, 8], 'x'), arr([8, 8], 'w')];
    const run = (kept: boolean): { y: Tensor; grads: (Tensor | null)[]; held: number } =>
      tidy(() => {
        const x = upload(gpu, Float32Array.from(x0.data), x0.shape);
        const w = upload(gpu, Float32Array.from(w0.data), w0.shape);
        const body = ([a, b]: readonly Tensor[]): Tensor =>
          linear(linear(a!, b!, { activation: 'gelu' }), b!, { residual: a! });
        using tape = new Tape(add);
        tape.watch([x, w]);
        const start = liveTensors(gpu);
        const y = tape.record(() => tidy(() => (kept ? body([x, w]) : recompute([x, w], body))));
        const held = liveTensors(gpu) - start;
        return {
          y,
          grads: tape.backward(y, [x, w], upload(gpu, Float32Array.from(arr([6, 8], 'ct').data), [6, 8])),
          held,
        };
      });
    const [plain, again] = [run(true), run(false)];
    expect(await read(again.y)).toEqual(await read(plain.y));
    for (const i of [0, 1]) expect(await read(again.grads[i]!)).toEqual(await read(plain.grads[i]!));
    expect(again.held).toBe(1);
    expect(plain.held).toBeGreaterThan(1);
    for (const t of [plain.y, again.y, ...plain.grads, ...again.grads]) t?.release();
    expect(liveTensors(gpu)).toBe(before);
  });
});
