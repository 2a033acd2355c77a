/** Where a defect is placed, and the code that defects share. */
import { clamp, cos, sin, square, TAU } from '../arithmetic.js';
import { blend, type Color, luminance, shade, times } from '../colors.js';
import { type Frame, frame, toPicture } from '../frame.js';
import { fractalNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import type { Scene, Surface } from '../scene.js';
import { rough } from '../shape_ops.js';
import { circle, ellipse, outline, type Point, polar, rect, type Shape } from '../shapes.js';

export interface Site {
  readonly scene: Scene;
  readonly rng: Rng;
  /** Centred on the spot, turned at random; scale is the radius of a disc of the requested area. */
  readonly at: Frame;
  /** 1, or more after weaker attempts could not be seen. */
  readonly strength: number;
}

/** Draws a defect into a site. */
export type Defect = (site: Site) => void;

/** The part of the picture that bears defects, 0..1. */
export function coverShare(scene: Scene): number {
  let sum = 0;
  for (const c of scene.cover) sum += c;
  return sum / scene.cover.length;
}

/**
 * A random spot on the object.
 * @param area requested share of the picture's area
 */
export function pickSpot(scene: Scene, area: number, rng: Rng): Frame {
  const { size, cover } = scene;
  // Anything smaller than a few pixels could not be seen.
  const scale = Math.max(2 * Math.sqrt(area / Math.PI), 2.5 * scene.pixel);
  const angle = rng.range(0, TAU);
  // Not half outside the picture.
  const inset = 1 - 0.6 * Math.min(0.8, scale);
  for (let tries = 0; tries < 200; tries++) {
    const x = rng.range(-1, 1) * inset;
    const y = rng.range(-1, 1) * inset;
    if ((cover[pixelAt(size, x, y)] as number) > 0.9) return frame(x, y, scale, angle);
  }
  // A thin object: any of its fuller pixels.
  const fullest = cover.reduce((most, c) => Math.max(most, c), 0);
  const spots = Array.from(cover.keys()).filter((k) => (cover[k] as number) >= 0.7 * fullest);
  const spot = rng.pick(spots);
  const at = (index: number) => ((index + 0.5) * 2) / size - 1;
  return frame(at(spot % size), at(Math.floor(spot / size)), scale, angle);
}

export function pixelAt(size: number, u: number, v: number): number {
  const i = Math.floor(clamp(((u + 1) * size) / 2, 0, size - 1));
  const j = Math.floor(clamp(((v + 1) * size) / 2, 0, size - 1));
  return j * size + i;
}

/** The mean colour of a spot. */
export function colorAt(scene: Scene, at: Frame): Color {
  const sum: [number, number, number] = [0, 0, 0];
  const count = 24;
  for (let i = 0; i < count; i++) {
    const r = Math.sqrt((i + 0.5) / count);
    const [u, v] = toPicture(at, r * cos(i * 2.4), r * sin(i * 2.4));
    const k = pixelAt(scene.size, u, v);
    for (let c = 0; c < 3; c++) sum[c] += scene.planes[c]?.[k] ?? 0;
  }
  return [sum[0] / count, sum[1] / count, sum[2] / count];
}

/** A colour that stands out from the colour already there: darker, lighter or of another hue. */
export function contrasting(site: Site): Color {
  const { rng } = site;
  const there = colorAt(site.scene, site.at);
  const light = luminance(there);
  const kind = rng.int(3);
  if (kind === 0 && light > 0.06) return times(there, rng.range(0.1, 0.45));
  if (kind === 1 && light < 0.5) return blend(there, shade('white', rng), rng.range(0.4, 0.9));
  const other = shade(
    rng.pick(['red', 'blue', 'green', 'yellow', 'white', 'black', 'brown', 'orange', 'purple', 'pink']),
    rng,
  );
  // Another hue alone may be as bright as the colour below it.
  return Math.abs(luminance(other) - light) < 0.06 ? times(other, light > 0.2 ? 0.35 : 2.2) : other;
}

/** Kinds of outline without straight edges. */
const ROUND = [0, 1, 4, 5] as const;

/** An outline of about the area of the unit disc: rounded like a spill, or of any kind. */
export function anySpot(rng: Rng, round = false): Shape {
  const kind = round ? rng.pick(ROUND) : rng.int(6);
  const noise = fractalNoise(rng, 3);
  if (kind === 0) return ellipse(rng.range(0.8, 1.3), rng.range(0.7, 1));
  if (kind === 1) return rough(circle(0.95), noise, rng.range(0.6, 2), rng.range(0.3, 0.9));
  if (kind === 2) {
    const count = 4 + rng.int(5);
    const points = Array.from({ length: count }, (_, i): Point => {
      const a = ((i + rng.range(-0.3, 0.3)) * TAU) / count;
      const r = rng.range(0.75, 1.35);
      return [r * cos(a), r * sin(a)];
    });
    return outline(points);
  }
  if (kind === 3) {
    // Nearly square, or a bar.
    const w = rng.chance(0.3) ? rng.range(1.6, 3) : rng.range(0.55, 1.6);
    return rect(w, 0.8 / w, rng.range(0, 0.2));
  }
  if (kind === 4) return rough(ellipse(rng.range(0.9, 1.4), rng.range(0.6, 0.9)), noise, rng.range(2, 5), 0.18);
  const lobes = rng.range(0.6, 2.2);
  return polar((a) => 1 + 0.5 * noise(lobes * cos(a), lobes * sin(a)), 1.7, 0.9);
}

/** The values of planes at other places: `move` maps a local point to the local point that is copied. */
export function copied(
  scene: Scene,
  at: Frame,
  from: readonly Float32Array[],
  move: (x: number, y: number) => Point,
): Surface {
  const { size } = scene;
  return (p, x, y) => {
    const [mx, my] = move(x, y);
    const [u, v] = toPicture(at, mx, my);
    // Bilinear, mirrored at the borders.
    const px = mirrored(((u + 1) * size) / 2 - 0.5, size);
    const py = mirrored(((v + 1) * size) / 2 - 0.5, size);
    const i = Math.floor(px);
    const j = Math.floor(py);
    const fx = px - i;
    const fy = py - j;
    const k = j * size + i;
    const right = i < size - 1 ? 1 : 0;
    const down = j < size - 1 ? size : 0;
    for (let c = 0; c < 6; c++) {
      const plane = from[c] as Float32Array;
      const top = plane[k] + fx * (plane[k + right] - plane[k]);
      const bottom = plane[k + down] + fx * (plane[k + down + right] - plane[k + down]);
      const value = top + fy * (bottom - top);
      p[c] = c === 3 ? value / at.scale : value;
    }
  };
}

function mirrored(at: number, size: number): number {
  const last = size - 1;
  let p = at < 0 ? -at : at;
  p -= Math.floor(p / (2 * last)) * 2 * last;
  return p > last ? 2 * last - p : p;
}

/** A random length between two, short ones more often. */
export function shortish(rng: Rng, low: number, high: number): number {
  return low + (high - low) * square(rng.next());
}
