import { expect, it } from 'vitest';
import { BLOCK_TILES, blockTile, squareSide } from '../../src/kernels/tuning.js';

it('threads hold large squares of sums only where enough of them remain to fill a device', () => {
  expect(squareSide(0)).toBe(4);
  expect(squareSide(128 * 128 * 96 - 1)).toBe(4);
  expect(squareSide(128 * 128 * 96)).toBe(8);
});

it('blocks of sums are as large as leaves a device enough of them, within the memory of a workgroup', () => {
  const sides = (memory: number, outputs: number) => {
    const { rows, columns, bytes } = blockTile(memory, outputs);
    expect(bytes).toBeLessThanOrEqual(memory);
    return [rows, columns];
  };
  expect(sides(32768, 10960 * 1024)).toEqual([128, 128]);
  expect(sides(16384, 10960 * 1024)).toEqual([64, 128]);
  expect(sides(32768, 1370 * 1024)).toEqual([64, 64]);
  expect(sides(32768, 2 * 768)).toEqual([32, 32]);
  expect(BLOCK_TILES.at(-1)!.outputs).toBe(0);
});
