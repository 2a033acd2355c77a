import { expect, it } from 'vitest';
import type { Dispatch, Gpu } from '../../src/gpu/gpu.js';
import { tileGemm } from '../../src/kernels/gemm_tile.js';
import { empty } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

it('the tiles of a product fit the memory of a workgroup, on adapters with 16 KiB of it too', async () => {
  const gpu = await device();
  using t = empty(gpu, [4]);
  for (const workgroupMemory of [16384, 32768]) {
    for (const side of [64, 2048]) {
      const asked: Dispatch[] = [];
      const seen = { traits: { ...gpu.traits, workgroupMemory }, dispatch: (d: Dispatch) => asked.push(d) };
      tileGemm.dispatch(seen as unknown as Gpu, { m: side, n: side, k: 64, a: t, b: t, c: t });
      const { TM, TN, BK } = asked[0]!.knobs as Record<string, number>;
      // A row of each tile for every k, with a word of padding.
      expect(4 * BK! * (16 * TM! + 1 + 16 * TN! + 1)).toBeLessThanOrEqual(workgroupMemory);
      expect(TM).toBe(side === 64 ? 4 : 8);
    }
  }
});
