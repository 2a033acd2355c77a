import { type Arr, zerosLike } from './arr.js';

export function gather(table: Arr, indices: ArrayLike<number>): Arr {
  const width = table.shape[1]!;
  const y = zerosLike([indices.length, width]);
  for (let n = 0; n < indices.length; n++)
    for (let w = 0; w < width; w++) y.data[n * width + w] = table.data[indices[n]! * width + w]!;
  return y;
}
