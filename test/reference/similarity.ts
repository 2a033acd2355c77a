import { type Arr, zerosLike } from './arr.js';

/** scale feats @ text, transposed; a text of one picture serves all. */
export function similarity(feats: Arr, text: Arr, scale: number): Arr {
  const [batch, length, width] = feats.shape as [number, number, number];
  const channels = text.shape.at(-1)!;
  const shared = text.data.length === width * channels;
  const y = zerosLike([batch, channels, length]);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let l = 0; l < length; l++) {
        let sum = 0;
        for (let e = 0; e < width; e++)
          sum += feats.data[(b * length + l) * width + e]! * text.data[((shared ? 0 : b) * width + e) * channels + c]!;
        y.data[(b * channels + c) * length + l] = scale * sum;
      }
  return y;
}
