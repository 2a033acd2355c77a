import { type Arr, zerosLike } from './arr.js';

/** Patches [B, Gy Gx, C P P] of [B, C, H, W]. */
export function unfold(x: Arr, side: number): Arr {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [rows, columns] = [Math.floor(height / side), Math.floor(width / side)];
  const y = zerosLike([batch, rows * columns, channels * side * side]);
  let at = 0;
  for (let b = 0; b < batch; b++)
    for (let gy = 0; gy < rows; gy++)
      for (let gx = 0; gx < columns; gx++)
        for (let c = 0; c < channels; c++)
          for (let py = 0; py < side; py++)
            for (let px = 0; px < side; px++)
              y.data[at++] = x.data[((b * channels + c) * height + gy * side + py) * width + gx * side + px]!;
  return y;
}

/** Convolution of [B, C, H, W] with [N, C, P, P], stride P, as [B, Gy Gx, N]: summed at the picture, not at patches. */
export function convolve(x: Arr, w: Arr): Arr {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const [filters, , side] = w.shape as [number, number, number, number];
  const [rows, columns] = [Math.floor(height / side), Math.floor(width / side)];
  const y = zerosLike([batch, rows * columns, filters]);
  for (let b = 0; b < batch; b++)
    for (let c = 0; c < channels; c++)
      for (let py = 0; py < rows * side; py++)
        for (let px = 0; px < columns * side; px++)
          for (let n = 0; n < filters; n++) {
            const l = Math.floor(py / side) * columns + Math.floor(px / side);
            const weight = w.data[((n * channels + c) * side + (py % side)) * side + (px % side)]!;
            y.data[(b * rows * columns + l) * filters + n]! +=
              weight * x.data[((b * channels + c) * height + py) * width + px]!;
          }
  return y;
}
