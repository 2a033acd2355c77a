import { expect, it } from 'vitest';
import { chooseBatch } from '../../src/detect/batch_size.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { VIT_L_14_336 } from '../../src/model/synthetic.js';

const model = (imageSize: number, tokensToFillDevice: number, bindingLimit = 2 ** 31) => ({
  gpu: { bindingLimit, traits: { tokensToFillDevice } } as Gpu,
  config: VIT_L_14_336,
  imageSize,
});

it('a batch keeps the device busy, and no more', () => {
  expect(chooseBatch(model(518, 8 * 1370), undefined)).toBe(8);
  expect(chooseBatch(model(336, 8 * 1370), undefined)).toBe(18);
  expect(chooseBatch(model(518, 2048), undefined)).toBe(1);
  expect(chooseBatch(model(1036, 2048), undefined)).toBe(1);
});

it('small sizes do not fill the memory with decoded photographs', () => {
  expect(chooseBatch(model(56, 8 * 1370), undefined)).toBe(32);
  expect(chooseBatch(model(56, 8 * 1370), 100)).toBe(100);
});

it('a batch fits the largest binding, whoever chooses it', () => {
  // 1370 tokens of the hidden layer are 4096 wide.
  const small = model(518, 8 * 1370, 3 * 4 * 1370 * 4096);
  expect(chooseBatch(small, undefined)).toBe(3);
  expect(chooseBatch(small, 3)).toBe(3);
  expect(() => chooseBatch(small, 4, '--batch_size')).toThrow(
    '--batch_size 4: this adapter holds at most 3 pictures of 518 px at a time',
  );
});
