import { describe, expect, it } from 'vitest';
import { full, zeros } from '../../src/ops/fill.js';
import { liveTensors, read } from '../../src/tensor/tensor.js';
import { device, variants } from '../devices.js';

describe('fill', () => {
  for (const variant of variants) {
    it(`writes every element and nothing else changes (${variant})`, async () => {
      const gpu = await device(variant);
      const before = liveTensors(gpu);
      for (const n of [1, 63, 64, 65, 331]) {
        using x = full(gpu, [n], 7);
        using y = full(gpu, [n], -0.1);
        using z = zeros(gpu, [n]);
        expect(await read(y)).toEqual(new Float32Array(n).fill(-0.1));
        expect(await read(z)).toEqual(new Float32Array(n));
        expect(await read(x)).toEqual(new Float32Array(n).fill(7));
      }
      expect(liveTensors(gpu)).toBe(before);
    });
  }
});
