/** Broken edges. */
import { TAU } from '../arithmetic.js';
import { gradientNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { rough } from '../shape_ops.js';
import { halfPlane, type Shape } from '../shapes.js';

/** A broken edge: everything beyond a rough line at that distance from the middle. */
export function brokenOff(rng: Rng, distance: number, roughness = 0.08): Shape {
  const line = halfPlane(-distance, rng.range(0, TAU));
  return rough(line, gradientNoise(rng), 6, roughness);
}
