/** Small pictures for training tests: a noisy weave, and on abnormal ones a blot with an exact mask. */
import type { Picture } from '../../src/picture/picture.js';
import type { LoadedSample } from '../../src/train/training_run.js';
import { arr } from '../reference/arr.js';

export const SIZE = 112;

export function drawSample(index: number): LoadedSample {
  const label = (index % 2) as 0 | 1;
  const noise = arr([SIZE, SIZE], `noise ${index}`, 12).data;
  const [cx, cy, r] = arr([3], `place ${index}`, 0.2, 0.5).data as unknown as [number, number, number];
  const x0 = 20 + cx * (SIZE - 40);
  const y0 = 20 + cy * (SIZE - 40);
  const radius = 10 + 12 * r;
  const data = new Uint8Array(3 * SIZE * SIZE);
  const mask = new Uint8Array(SIZE * SIZE);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const i = y * SIZE + x;
      const inside = label === 1 && (x - x0) ** 2 + (y - y0) ** 2 < radius ** 2;
      if (inside) mask[i] = 1;
      const weave = 128 + 25 * Math.sin((x + index) / 3) + 25 * Math.sin((y - index) / 4) + noise[i]!;
      for (let c = 0; c < 3; c++) {
        data[3 * i + c] = Math.max(0, Math.min(255, inside ? 0.5 * weave + [90, 20, 10][c]! : weave + 6 * c));
      }
    }
  }
  const picture: Picture = { name: `picture ${index}`, width: SIZE, height: SIZE, channels: 3, data };
  return { index, path: picture.name, picture, mask, label, className: 'cloth' };
}
