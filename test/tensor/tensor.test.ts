import { describe, expect, it } from 'vitest';
import { around, sizeOf } from '../../src/tensor/shape.js';
import { empty, liveTensors, persist, read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

describe('shapes', () => {
  it('split around an axis', () => {
    expect(around([2, 3, 4, 5], 2)).toEqual({ outer: 6, length: 4, inner: 5 });
    expect(around([7], 0)).toEqual({ outer: 1, length: 7, inner: 1 });
    expect(() => around([2], 1)).toThrow('axis 1 of [2]');
    expect(sizeOf([])).toBe(1);
  });
});

describe('tidy', () => {
  it('releases everything but the result, in inner and outer scopes', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const kept = tidy(() => {
      const a = empty(gpu, [4]);
      const inner = tidy(() => ({ deep: [empty(gpu, [2]), a], dropped: 1 }));
      empty(gpu, [8]);
      return { list: [inner.deep[0]!], map: new Map([['a', a]]) };
    });
    expect(liveTensors(gpu)).toBe(before + 2);
    expect(kept.map.get('a')!.released).toBe(false);
    for (const t of [kept.list[0]!, kept.map.get('a')!]) t.release();
    expect(liveTensors(gpu)).toBe(before);
  });

  it('releases what was made when the body throws, and lets the error through', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    expect(() =>
      tidy(() => {
        empty(gpu, [4]);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(liveTensors(gpu)).toBe(before);
  });

  it('refuses a Promise', () => {
    expect(() => tidy(() => Promise.resolve())).toThrow('got a Promise');
  });

  it('leaves persisted tensors to their owner', async () => {
    const gpu = await device();
    let owned: Tensor | undefined;
    tidy(() => {
      owned = persist(upload(gpu, Float32Array.of(1, 2), [2]));
    });
    expect([...(await read(owned!))]).toEqual([1, 2]);
    owned!.release();
  });
});

describe('tensors', () => {
  it('say so when used after release, and a second release does nothing', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const t = empty(gpu, [3]);
    t.release();
    t.release();
    expect(liveTensors(gpu)).toBe(before);
    expect(() => t.storage).toThrow('tensor [3]: used after it was released');
  });

  it('share a buffer with their views until the last one is gone', async () => {
    const gpu = await device();
    const t = upload(gpu, Float32Array.of(1, 2, 3, 4), [4]);
    const v = t.view([2, 2]);
    t.release();
    // Taken while the view lives: it must be another buffer.
    using other = upload(gpu, Float32Array.of(9, 9, 9, 9), [4]);
    expect([...(await read(v))]).toEqual([1, 2, 3, 4]);
    expect(other.storage).not.toBe(v.storage);
    expect(() => v.view([3])).toThrow('reshape: expected a shape of 4 elements, got [3] for [2, 2]');
    v.release();
  });

  it('are uploaded into recycled buffers without reaching dispatches recorded before', async () => {
    const gpu = await device();
    const { add } = await import('../../src/ops/add.js');
    using one = upload(gpu, new Float32Array(64).fill(1), [64]);
    const first = upload(gpu, new Float32Array(64).fill(2), [64]);
    using sum = add(one, first);
    const { storage } = first;
    first.release();
    using second = upload(gpu, new Float32Array(64).fill(50), [64]);
    expect(second.storage).toBe(storage);
    expect((await read(sum))[63]).toBe(3);
  });

  it('refuse data that do not fit their shape', async () => {
    const gpu = await device();
    expect(() => upload(gpu, new Float32Array(3), [2])).toThrow('expected 2 elements for [2], got 3');
    expect(() => empty(gpu, [2, -1])).toThrow('bad shape: expected whole numbers of at least 0, got [2, -1]');
  });
});
