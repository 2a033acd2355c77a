import { describe, expect, it } from 'vitest';
import { fillCase } from '../../src/cases/fill_case.js';
import { zeros } from '../../src/ops/fill.js';
import { liveTensors, read } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

describe('fill', () => {
  it('writes every element and nothing else', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    for (const n of [1, 63, 64, 65, 331]) {
      using x = fillCase.run({}, { shape: [n], value: 7 }, gpu);
      using y = fillCase.run({}, { shape: [n], value: -0.1 }, gpu);
      using z = zeros(gpu, [n]);
      expect(await read(y)).toEqual(new Float32Array(n).fill(-0.1));
      expect(await read(z)).toEqual(new Float32Array(n));
      expect(await read(x)).toEqual(new Float32Array(n).fill(7));
    }
    expect(liveTensors(gpu)).toBe(before);
  });
});
