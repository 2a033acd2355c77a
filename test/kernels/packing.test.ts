import { describe, expect, it } from 'vitest';
import { unpackF16 } from '../../src/io/dtype.js';
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
  // Odd sizes, where a row of f16 does not end with a word; the values include the smallest and the largest of f16.
  it.each(
    variantsOf('matmul').flatMap((variant) =>
      [
        [6, 8],
        [5, 9],
        [33, 16],
        [1, 3],
      ].map(([n, k]) => [variant, n!, k!] as const),
    ),
  )('is the same from the bits of f16 values as from floats (%s, %i x %i)', async (variant, n, k) => {
    const gpu = await device(variant);
    const bits = Uint16Array.from(
      { length: n * k },
      (_, i) => [0x0001, 0x7bff, 0x8000, 0x3c00 + ((37 * i) % 1000)][i % 4]!,
    );
    using fromBits = FrozenMatrix.pack(gpu, bits, n, k, true);
    using fromFloats = FrozenMatrix.pack(gpu, unpackF16(bits), n, k, true);
    expect(fromBits.half).toBe(fromFloats.half);
    const [words, want] = [await readWords(fromBits.forward().data), await readWords(fromFloats.forward().data)];
    expect(words.subarray(0, want.length)).toEqual(want);
  });

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
