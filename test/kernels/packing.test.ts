import { describe, expect, it } from 'vitest';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { packPanels, panelWords } from '../../src/kernels/packing.js';
import { readWords, tidy, upload } from '../../src/tensor/tensor.js';
import { device, variantsOf } from '../devices.js';

describe('panels', () => {
  const [n, k, columns] = [5, 9, 4];
  const value = (row: number, col: number): number => 100 * row + col; // k, n
  const byRows = Float32Array.from({ length: n * k }, (_, i) => value(Math.floor(i / n), i % n));

  it('hold blocks of columns, k after k, with zeros beyond', async () => {
    const gpu = await device();
    using src = upload(gpu, byRows, [k, n]);
    const packed = packPanels(src, n, k, { half: false, columns });
    const words = new Float32Array((await readWords(packed.data)).buffer);
    expect(words.length).toBe(panelWords(n, k, columns, false));
    words.forEach((word, i) => {
      const block = Math.floor(i / (16 * columns));
      const row = Math.floor(i / columns) % 16;
      const col = block * columns + (i % columns);
      expect(word).toBe(row < k && col < n ? value(row, col) : 0);
    });
    packed.data.release();
  });

  it('of the transpose are equal, from rows and from panels', async () => {
    const gpu = await device();
    const transposed = Float32Array.from({ length: n * k }, (_, i) => value(i % k, Math.floor(i / k)));
    using src = upload(gpu, byRows, [k, n]);
    using srcT = upload(gpu, transposed, [n, k]);
    const direct = packPanels(src, n, k, { half: false });
    const turned = packPanels(srcT, n, k, { half: false, trans: true });
    expect(await readWords(turned.data)).toEqual(await readWords(direct.data));
    const back = packPanels(direct, k, n, { half: false });
    const want = packPanels(src, k, n, { half: false, trans: true });
    expect(await readWords(back.data)).toEqual(await readWords(want.data));
    for (const p of [direct, turned, back, want]) p.data.release();
  });
});

describe('a frozen matrix', () => {
  it.each(variantsOf('matmul'))(
    'is really transposed for the backward pass, even after a dry run (%s)',
    async (variant) => {
      const gpu = await device(variant);
      const [n, k] = [6, 8];
      const data = Float32Array.from({ length: n * k }, (_, i) => i);
      using first = FrozenMatrix.pack(gpu, data, n, k, true);
      await gpu.compileAhead(() => tidy(() => void first.backward()));
      using second = FrozenMatrix.pack(gpu, data, n, k, true);
      expect(await readWords(first.backward().data)).toEqual(await readWords(second.backward().data));
      expect(first.backward()).toBe(first.backward());
    },
  );
});
