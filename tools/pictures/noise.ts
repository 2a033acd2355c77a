/** Random fields over the plane: gradient noise, sums of octaves, cells. Scale is set by the coordinates passed in. */
import { cos, sin, TAU } from './arithmetic.js';
import { Rng } from './rng.js';

/** A number for every point. */
export type Field = (x: number, y: number) => number;

const PERIOD = 256;
const TABLE = makeTable();
const GRADIENTS = 32;
const GX = Float64Array.from({ length: GRADIENTS }, (_, i) => cos((TAU * (i + 0.5)) / GRADIENTS));
const GY = Float64Array.from({ length: GRADIENTS }, (_, i) => sin((TAU * (i + 0.5)) / GRADIENTS));
/** Brings gradient noise to about -1..1. */
const GAIN = 1.5;

function makeTable(): Uint8Array {
  const order = new Rng('noise table').shuffled(Array.from({ length: PERIOD }, (_, i) => i));
  return Uint8Array.from([...order, ...order]);
}

/** Gradient noise (Perlin, 2002): smooth, about -1..1, features about 1 wide. Each call gives a different field. */
export function gradientNoise(rng: Rng): Field {
  const ox = rng.range(0, PERIOD);
  const oy = rng.range(0, PERIOD);
  return (px, py) => {
    const x = px + ox;
    const y = py + oy;
    const fx = Math.floor(x);
    const fy = Math.floor(y);
    const dx = x - fx;
    const dy = y - fy;
    const i = fx & 255;
    const j = fy & 255;
    const a = TABLE[i] + j;
    const b = TABLE[(i + 1) & 255] + j;
    const g00 = TABLE[a & 511] & 31;
    const g01 = TABLE[(a + 1) & 511] & 31;
    const g10 = TABLE[b & 511] & 31;
    const g11 = TABLE[(b + 1) & 511] & 31;
    const u = dx * dx * dx * (dx * (dx * 6 - 15) + 10);
    const v = dy * dy * dy * (dy * (dy * 6 - 15) + 10);
    const n00 = GX[g00] * dx + GY[g00] * dy;
    const n10 = GX[g10] * (dx - 1) + GY[g10] * dy;
    const n01 = GX[g01] * dx + GY[g01] * (dy - 1);
    const n11 = GX[g11] * (dx - 1) + GY[g11] * (dy - 1);
    const top = n00 + u * (n10 - n00);
    return GAIN * (top + v * (n01 + u * (n11 - n01) - top));
  };
}

/** Octaves of gradient noise, each twice as fine and `gain` times as strong as the one before; about -1..1. */
export function fractalNoise(rng: Rng, octaves: number, gain = 0.5): Field {
  const noise = gradientNoise(rng);
  let total = 0;
  for (let i = 0, weight = 1; i < octaves; i++, weight *= gain) total += weight;
  const scale = 1.2 / total;
  return (x, y) => {
    let sum = 0;
    let weight = scale;
    let px = x;
    let py = y;
    for (let i = 0; i < octaves; i++) {
      sum += weight * noise(px, py);
      weight *= gain;
      // A turn with each octave hides the lattice: (3, 4, 5) scaled to double the frequency.
      const qx = 1.6 * px - 1.2 * py + 17.3;
      py = 1.2 * px + 1.6 * py - 9.1;
      px = qx;
    }
    return sum;
  };
}

/** A number in [0, 1) for every lattice point. */
export function latticeNoise(rng: Rng): (i: number, j: number) => number {
  const seed = rng.bits();
  return (i, j) => {
    let h = Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1) ^ seed;
    h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  };
}

/**
 * The cell a point lies in: distances to the nearest and second nearest centre, and the cell's own number in [0, 1).
 */
export interface Cell {
  near: number;
  next: number;
  id: number;
}

/**
 * Cells around one random centre per unit square (Worley, 1996).
 * @param jitter how far centres stray from the middle of their squares: 0 gives a square grid, 1 allows any place
 * @returns a function whose result is overwritten by its next call
 */
export function cellNoise(rng: Rng, jitter = 1): (x: number, y: number) => Cell {
  const seed = rng.bits();
  const cell: Cell = { near: 0, next: 0, id: 0 };
  const margin = (1 - jitter) / 2;
  const step = jitter / 65536;
  return (x, y) => {
    const fx = Math.floor(x);
    const fy = Math.floor(y);
    let near = 8;
    let next = 8;
    let id = 0;
    for (let j = fy - 1; j <= fy + 1; j++) {
      for (let i = fx - 1; i <= fx + 1; i++) {
        let h = Math.imul(i, 0x27d4eb2d) ^ Math.imul(j, 0x165667b1) ^ seed;
        h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
        h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
        h ^= h >>> 16;
        const dx = i + margin + (h & 0xffff) * step - x;
        const dy = j + margin + (h >>> 16) * step - y;
        const d = dx * dx + dy * dy;
        if (d < near) {
          next = near;
          near = d;
          id = h;
        } else if (d < next) next = d;
      }
    }
    cell.near = Math.sqrt(near);
    cell.next = Math.sqrt(next);
    cell.id = (Math.imul(id, 0x9e3779b1) >>> 0) / 2 ** 32;
    return cell;
  };
}
