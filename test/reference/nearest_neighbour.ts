import type { Arr } from './arr.js';

/** For every row of x [..., C] the largest product with a row of the memory [M, C], and the first row that has it. */
export function nearestNeighbour(x: Arr, memory: Arr): { readonly cosine: Arr; readonly index: readonly number[] } {
  const [count, width] = memory.shape as [number, number];
  const rows = x.data.length / width;
  const cosine = new Float64Array(rows).fill(Number.NEGATIVE_INFINITY);
  const index = new Array<number>(rows).fill(0);
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < count; i++) {
      let product = 0;
      for (let c = 0; c < width; c++) product += x.data[r * width + c]! * memory.data[i * width + c]!;
      if (product > cosine[r]!) {
        cosine[r] = product;
        index[r] = i;
      }
    }
  return { cosine: { shape: x.shape.slice(0, -1), data: cosine }, index };
}
