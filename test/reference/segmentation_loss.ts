import { type Arr, zerosLike } from './arr.js';

/** Focal plus two dice losses of a similarity grid upsampled to the mask, in float64, with every map written out. */
export function segmentationLoss(s: Arr, mask: Arr): Arr {
  const [batch, , grid] = s.shape as [number, number, number];
  const size = mask.shape[2]!;
  const pixels = size * size;
  const at = (b: number, c: number, y: number, x: number): number => s.data[((b * 2 + c) * grid + y) * grid + x]!;
  const up = (b: number, c: number, y: number, x: number): number => {
    const scale = size > 1 ? (grid - 1) / (size - 1) : 0;
    const [fy, fx] = [y * scale, x * scale];
    const [y0, x0] = [Math.min(grid - 1, Math.floor(fy)), Math.min(grid - 1, Math.floor(fx))];
    const [y1, x1] = [Math.min(grid - 1, y0 + 1), Math.min(grid - 1, x0 + 1)];
    const [wy, wx] = [fy - y0, fx - x0];
    return (
      (1 - wy) * ((1 - wx) * at(b, c, y0, x0) + wx * at(b, c, y0, x1)) +
      wy * ((1 - wx) * at(b, c, y1, x0) + wx * at(b, c, y1, x1))
    );
  };
  let focal = 0;
  let dice = 0;
  for (let b = 0; b < batch; b++) {
    const sums = { p0: 0, p1: 0, m: 0, n: 0, both0: 0, both1: 0 };
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const p1 = 1 / (1 + Math.exp(up(b, 0, y, x) - up(b, 1, y, x)));
        const m = mask.data[(b * size + y) * size + x]!;
        const t1 = Math.min(1 - 1e-5, Math.max(1e-5, m));
        const t0 = Math.min(1 - 1e-5, Math.max(1e-5, 1 - m));
        const pt = t0 * (1 - p1) + t1 * p1 + 1e-5;
        focal -= (1 - pt) ** 2 * Math.log(pt);
        sums.p0 += 1 - p1;
        sums.p1 += p1;
        sums.m += m;
        sums.n += 1 - m;
        sums.both0 += (1 - p1) * (1 - m);
        sums.both1 += p1 * m;
      }
    }
    dice += (2 * sums.both0 + 1) / (sums.p0 + sums.n + 1) + (2 * sums.both1 + 1) / (sums.p1 + sums.m + 1);
  }
  const y = zerosLike([1]);
  y.data[0] = focal / (batch * pixels) + 2 - dice / batch;
  return y;
}
