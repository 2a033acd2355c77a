import { expect, it } from 'vitest';
import { openGpu } from '../../src/node/device.js';
import { add } from '../../src/ops/add.js';
import { constant, resident } from '../../src/tensor/resident.js';
import { liveTensors, read, upload } from '../../src/tensor/tensor.js';
import { collectGarbage } from '../../tools/soak/samples.js';
import { device } from '../devices.js';

/** Collects garbage until something has happened, for a second at most. */
async function collectUntil(happened: () => boolean): Promise<void> {
  for (let i = 0; i < 100 && !happened(); i++) {
    // Not in the turn of the look: what a weak reference showed stays until its end.
    await new Promise((next) => setTimeout(next, 10));
    collectGarbage();
  }
}

it('a resident table is built and uploaded once for each device', async () => {
  const [gpu, other] = [await device('best'), await device('second')];
  const [key, second] = [{}, {}];
  let asked = 0;
  const words = () => {
    asked++;
    return Uint32Array.of(1, 2, asked);
  };
  const first = resident(gpu, key, words);
  expect(resident(gpu, key, words)).toBe(first);
  expect(asked).toBe(1);
  expect(first.bytes).toBe(12);
  expect(resident(gpu, second, words).storage).not.toBe(first.storage);
  expect(resident(other, key, words).storage).not.toBe(first.storage);
  expect([...new Uint32Array(await gpu.read(first.storage, 12))]).toEqual([1, 2, 1]);
  expect([...new Uint32Array(await other.read(resident(other, key, words).storage, 12))]).toEqual([1, 2, 3]);
  expect(asked).toBe(3);
});

it('a constant is uploaded once; its tensors come and go without giving the buffer back', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  const values = Float32Array.of(1, 2, 3);
  const first = constant(gpu, values, [3]);
  const { storage } = first;
  first.release();
  expect(liveTensors(gpu)).toBe(before);
  using other = upload(gpu, Float32Array.of(7, 7, 7), [3]);
  using again = constant(gpu, values, [1, 3]);
  expect(again.storage).toBe(storage);
  expect(other.storage).not.toBe(storage);
  using sum = add(again, other);
  expect([...(await read(sum))]).toEqual([8, 9, 10]);
  expect(() => constant(gpu, values, [2])).toThrow('constant: expected 2 elements for [2], got 3');
});

it('a copy is given back when its host object is gone', async () => {
  using gpu = await openGpu();
  const copyOf = (key: object) => resident(gpu, key, () => new Uint32Array(1000)).storage.id;
  const id = copyOf({});
  const idle = gpu.pool.idle;
  await collectUntil(() => gpu.pool.idle > idle);
  using next = upload(gpu, new Float32Array(1000), [1000]);
  expect(next.storage.id).toBe(id);
});

it('a copy goes with its device, though its host object stays', async () => {
  const values = Float32Array.of(1, 2, 3);
  const copied = async (): Promise<WeakRef<object>> => {
    using gpu = await openGpu();
    return new WeakRef(resident(gpu, values, () => values).storage);
  };
  const storage = await copied();
  // The binding hears of a closed device while it waits for something else.
  await copied();
  await collectUntil(() => storage.deref() === undefined);
  expect(storage.deref()).toBeUndefined();
  expect(values).toHaveLength(3);
});
