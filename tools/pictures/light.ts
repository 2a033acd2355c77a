/** Light on a scene: one lamp with shadows, the surroundings mirrored in metal, hollows darker than hills. */
import { clamp, cos, mix, sin, smoothstep, TAU } from './arithmetic.js';
import { boxBlur } from './blur.js';
import type { Color } from './colors.js';
import type { Rng } from './rng.js';
import type { Scene } from './scene.js';

export interface Light {
  /** Towards the lamp, unit length; z towards the camera. */
  readonly lamp: Color;
  /** Share of light that comes from everywhere. */
  readonly ambient: number;
  /** How dark shadows are, 0..1. */
  readonly shadow: number;
  /** Strength of relief: 1 takes the heights as they are. */
  readonly relief: number;
  /** Strength and direction of the brightness gradient over the picture. */
  readonly gradient: readonly [number, number];
  /** A pool of light: centre, radius and strength. */
  readonly pool: readonly [x: number, y: number, radius: number, strength: number];
  /** Waves, direction and phase of what metal mirrors. */
  readonly mirror: readonly [fx: number, fy: number, phase: number, contrast: number];
  /** Word for captions. */
  readonly word: 'bright' | 'dim' | 'soft' | 'side';
}

export function randomLight(rng: Rng): Light {
  const side = rng.chance(0.3);
  const azimuth = rng.range(0, TAU);
  const height = side ? rng.range(0.35, 0.7) : rng.range(0.8, 1.35);
  const flat = cos(height);
  const soft = !side && rng.chance(0.4);
  const gradient = rng.range(0, 0.35) * rng.next();
  const turn = rng.range(0, TAU);
  const mirror = rng.range(0, TAU);
  const waves = rng.range(2, 5);
  return {
    lamp: [flat * cos(azimuth), flat * sin(azimuth), sin(height)],
    ambient: soft ? rng.range(0.5, 0.75) : rng.range(0.2, 0.5),
    shadow: soft ? rng.range(0.15, 0.4) : rng.range(0.35, 0.85),
    relief: rng.range(0.75, 1.25),
    gradient: [gradient * cos(turn), gradient * sin(turn)],
    pool: [rng.range(-0.8, 0.8), rng.range(-0.8, 0.8), rng.range(0.6, 1.6), rng.chance(0.35) ? rng.range(0.1, 0.5) : 0],
    mirror: [waves * cos(mirror), waves * sin(mirror), rng.range(0, TAU), rng.range(0.35, 0.75)],
    word: side ? 'side' : soft ? 'soft' : rng.chance(0.5) ? 'bright' : 'dim',
  };
}

/** Slopes are lit as if no steeper than this: edges of objects would be black or white needles otherwise. */
const STEEPEST = 1.6;

/** The light every pixel sends to the camera: linear red, green, blue. */
export function illuminate(scene: Scene, light: Light): [Float32Array, Float32Array, Float32Array] {
  const { size } = scene;
  const [r, g, b, height, gloss, metal] = scene.planes as Float32Array[];
  const out: [Float32Array, Float32Array, Float32Array] = [
    new Float32Array(size * size),
    new Float32Array(size * size),
    new Float32Array(size * size),
  ];
  const shadow = castShadows(height, size, light);
  const around = boxBlur(height, size, Math.max(1, Math.round(size / 50)));
  const perPixel = (light.relief * size) / 4;
  const [lx, ly, lz] = light.lamp;
  // Half way between lamp and camera.
  const hl = 1 / Math.sqrt(lx * lx + ly * ly + (lz + 1) * (lz + 1));
  const [hx, hy, hz] = [lx * hl, ly * hl, (lz + 1) * hl];
  const [mx, my, phase, contrast] = light.mirror;
  const [px, py, poolRadius, poolStrength] = light.pool;
  for (let j = 0; j < size; j++) {
    const v = ((j + 0.5) * 2) / size - 1;
    const up = j > 0 ? size : 0;
    const down = j < size - 1 ? size : 0;
    for (let i = 0, k = j * size; i < size; i++, k++) {
      const u = ((i + 0.5) * 2) / size - 1;
      const sx = clamp((height[i < size - 1 ? k + 1 : k] - height[i > 0 ? k - 1 : k]) * perPixel, -STEEPEST, STEEPEST);
      const sy = clamp((height[k + down] - height[k - up]) * perPixel, -STEEPEST, STEEPEST);
      const unit = 1 / Math.sqrt(sx * sx + sy * sy + 1);
      const nx = -sx * unit;
      const ny = -sy * unit;
      // Height grows towards the camera and v downwards: slopes in u and v are lit by the lamp's u and v.
      const facing = Math.max(0, nx * lx + ny * ly + unit * lz) / lz;
      const seen = 1 - light.shadow * shadow[k];
      const hollow = clamp(1 - 9 * (around[k] - height[k]), 0.35, 1.12);
      const dx = u - px;
      const dy = v - py;
      const pool = 1 + poolStrength * (smoothstep(poolRadius, 0, Math.sqrt(dx * dx + dy * dy)) - 0.5);
      const field = (1 + light.gradient[0] * u + light.gradient[1] * v) * pool * hollow;
      let strength = (light.ambient + (1 - light.ambient) * Math.min(facing, 1.9) * seen) * field;
      const m = metal[k];
      if (m > 0) {
        const wave = sin(mx * (nx + 0.22 * u) + my * (ny + 0.22 * v) + phase);
        const mirrored = (1 + contrast * wave) * (0.55 + 0.45 * seen) * field;
        strength = mix(strength, mirrored, m * 0.85);
      }
      let spot = 0;
      if (gloss[k] > 0) {
        const h = Math.max(0, nx * hx + ny * hy + unit * hz);
        const h4 = h * h * h * h;
        const h16 = h4 * h4 * h4 * h4;
        // Minus what a flat surface sends, so that gloss shapes a picture rather than brightening all of it.
        spot = gloss[k] * seen * (0.9 * h16 * h16 * h4 + 0.25 * h16) * (0.4 + 0.6 * field);
      }
      out[0][k] = r[k] * (strength + spot * m) + spot * (1 - m) * 0.6;
      out[1][k] = g[k] * (strength + spot * m) + spot * (1 - m) * 0.6;
      out[2][k] = b[k] * (strength + spot * m) + spot * (1 - m) * 0.6;
    }
  }
  return out;
}

/** 0 in the light, 1 in the shadow of something higher: marching from each pixel towards the lamp. */
function castShadows(height: Float32Array, size: number, light: Light): Float32Array {
  const [lx, ly, lz] = light.lamp;
  const across = Math.sqrt(lx * lx + ly * ly);
  const shadow = new Float32Array(size * size);
  let top = -1e9;
  let bottom = 1e9;
  for (const h of height) {
    if (h > top) top = h;
    if (h < bottom) bottom = h;
  }
  const rise = (lz / across) * (2 / size);
  const farthest = Math.min(size / 3, (top - bottom) / rise);
  const dx: number[] = [];
  const dy: number[] = [];
  const up: number[] = [];
  const soft: number[] = [];
  for (let t = 1; t < farthest; t = t * 1.25 + 0.6) {
    dx.push(Math.round((t * lx) / across));
    dy.push(Math.round((t * ly) / across));
    up.push(t * rise);
    // The farther the edge, the softer its shadow.
    soft.push(1 / ((1 + t * 0.15) * rise * 0.9 + 0.004));
  }
  for (let j = 0; j < size; j++) {
    for (let i = 0, k = j * size; i < size; i++, k++) {
      const base = height[k];
      let most = 0;
      for (let n = 0; n < up.length; n++) {
        const level = base + up[n];
        if (level > top) break;
        const x = i + dx[n];
        const y = j + dy[n];
        if (x < 0 || y < 0 || x >= size || y >= size) break;
        const over = (height[y * size + x] - level) * soft[n];
        if (over > most) most = over;
      }
      shadow[k] = most > 1 ? 1 : most;
    }
  }
  return boxBlur(shadow, size, size >= 128 ? 1 : 0);
}
