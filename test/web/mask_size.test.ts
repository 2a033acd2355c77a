import { expect, it } from 'vitest';
import { resizedMask } from '../../src/web/mask_size.js';

it('gives each pixel of another size the nearest one', () => {
  const mask = { width: 2, height: 2, data: Uint8Array.of(1, 0, 0, 1) };
  const larger = resizedMask(mask, 5, 3);
  expect([larger.width, larger.height]).toEqual([5, 3]);
  expect([...larger.data]).toEqual([1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1, 1, 1]);
  expect([...resizedMask(larger, 2, 2).data]).toEqual([1, 0, 0, 1]);
});
