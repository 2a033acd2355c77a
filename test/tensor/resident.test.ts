import { expect, it } from 'vitest';
import { resident } from '../../src/tensor/resident.js';
import { device } from '../devices.js';

it('a resident table is asked for and uploaded once for each device', async () => {
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
