import { type Arr, zerosLike } from './arr.js';

export function assembleTokens(patches: Arr, cls: Arr, positional: Arr): Arr {
  const [batch, length, width] = patches.shape as [number, number, number];
  const y = zerosLike([batch, length + 1, width]);
  for (let b = 0; b < batch; b++)
    for (let t = 0; t <= length; t++)
      for (let w = 0; w < width; w++) {
        const token = t === 0 ? cls.data[w]! : patches.data[(b * length + t - 1) * width + w]!;
        y.data[(b * (length + 1) + t) * width + w] = token + positional.data[t * width + w]!;
      }
  return y;
}
