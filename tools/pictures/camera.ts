/** From light to bytes: exposure, colour temperature, lens, sensor. */
import { clamp, mix, square } from './arithmetic.js';
import { boxBlur, soften } from './blur.js';
import type { Rng } from './rng.js';

type Planes = readonly [Float32Array, Float32Array, Float32Array];

export interface Camera {
  /** Mean brightness the picture is brought to, 0..1 as on a screen. */
  readonly exposure: number;
  /** How far the picture is brought towards that mean; 0 leaves the scene as it is. */
  readonly adapt: number;
  readonly white: readonly [number, number, number];
  /** Darkening of the corners. */
  readonly vignette: number;
  /** Weights of up to three blurs, as `soften` takes them. */
  readonly blurs: readonly number[];
  /** Contrast about middle gray; 1 leaves it as it is. */
  readonly contrast: number;
  /** 0 is gray, 1 leaves colours as they are. */
  readonly saturation: number;
  /** Standard deviation of the sensor's noise in 0..255, and of its slow part. */
  readonly noise: number;
  readonly grain: number;
  readonly gray: boolean;
  /** A plane out of focus: direction and strength of the blur that grows across the picture. */
  readonly defocus: readonly [x: number, y: number];
  /** Whether colour is blurred more than brightness, as compression leaves it. */
  readonly compressed: boolean;
}

export function randomCamera(rng: Rng): Camera {
  const warm = rng.chance(0.25) ? 0 : rng.range(-0.1, 0.1);
  const tint = rng.range(-0.015, 0.015);
  const blurred = rng.chance(0.2);
  return {
    exposure: rng.range(0.35, 0.62),
    adapt: rng.range(0.1, 0.5),
    white: [1 + warm, 1 + tint, 1 - warm],
    vignette: rng.chance(0.4) ? rng.range(0.05, 0.4) : 0,
    blurs: blurred ? [0.25, rng.range(0.1, 0.3), rng.range(0, 0.25)] : [rng.range(0.02, 0.2)],
    contrast: rng.range(0.88, 1.15),
    saturation: rng.range(0.65, 1.05),
    noise: rng.chance(0.25) ? 0 : rng.range(0.5, 4.5) * rng.next(),
    grain: rng.chance(0.3) ? rng.range(0.5, 2.5) : 0,
    gray: rng.chance(0.08),
    defocus: rng.chance(0.12) ? [rng.range(-1, 1), rng.range(-1, 1)] : [0, 0],
    compressed: rng.chance(0.4),
  };
}

/** The factor that brings a picture to the camera's exposure; set once, so that a defect does not change the rest. */
export function meter(light: Planes, camera: Camera): number {
  let sum = 0;
  const [r, g, b] = light;
  for (let k = 0; k < r.length; k++) sum += Math.sqrt(Math.max(0, 0.25 * r[k] + 0.65 * g[k] + 0.1 * b[k]));
  const mean = sum / r.length;
  return square(mix(1, camera.exposure / Math.max(mean, 0.02), camera.adapt));
}

/** What the sensor would read without noise: red, green, blue in 0..255, not rounded. */
export function develop(light: Planes, size: number, camera: Camera, gain: number): Planes {
  const [r, g, b] = light.map((plane) => focused(plane, size, camera)) as [Float32Array, Float32Array, Float32Array];
  const keep = camera.gray ? 0 : camera.saturation;
  for (let j = 0; j < size; j++) {
    const v = ((j + 0.5) * 2) / size - 1;
    for (let i = 0, k = j * size; i < size; i++, k++) {
      const u = ((i + 0.5) * 2) / size - 1;
      const f = gain * (1 - camera.vignette * 0.5 * (u * u + v * v));
      const red = tone(r[k] * f * camera.white[0], camera.contrast);
      const green = tone(g[k] * f * camera.white[1], camera.contrast);
      const blue = tone(b[k] * f * camera.white[2], camera.contrast);
      const gray = 0.3 * red + 0.59 * green + 0.11 * blue;
      r[k] = clamp(gray + (red - gray) * keep, 0, 255);
      g[k] = clamp(gray + (green - gray) * keep, 0, 255);
      b[k] = clamp(gray + (blue - gray) * keep, 0, 255);
    }
  }
  if (camera.compressed && !camera.gray) blurColor([r, g, b], size);
  return [r, g, b];
}

function focused(plane: Float32Array, size: number, camera: Camera): Float32Array {
  const sharp = camera.blurs.reduce((p, share) => soften(p, size, share), plane);
  const [dx, dy] = camera.defocus;
  if (dx === 0 && dy === 0) return sharp;
  const soft = boxBlur(sharp, size, Math.max(1, Math.round(size / 100)));
  for (let j = 0, k = 0; j < size; j++) {
    for (let i = 0; i < size; i++, k++) {
      const share = clamp(dx * ((2 * i) / size - 1) + dy * ((2 * j) / size - 1));
      soft[k] = mix(sharp[k], soft[k], share);
    }
  }
  return soft;
}

/** Softens the difference from gray, in place. */
function blurColor(planes: Planes, size: number): void {
  const gray = planes[0].map((_, k) => 0.3 * planes[0][k] + 0.59 * planes[1][k] + 0.11 * planes[2][k]);
  for (const plane of planes) {
    const color = soften(
      plane.map((value, k) => value - gray[k]),
      size,
      0.3,
    );
    for (let k = 0; k < gray.length; k++) plane[k] = clamp(gray[k] + color[k], 0, 255);
  }
}

/** Linear light to 0..255: a square root for the screen's curve, highlights rolled off from 0.8. */
function tone(light: number, contrast: number): number {
  let value = Math.sqrt(light > 0 ? light : 0);
  if (value > 0.8) {
    const over = value - 0.8;
    value = 0.8 + (0.2 * over) / (over + 0.2);
  }
  return (0.45 + (value - 0.45) * contrast) * 255;
}

const NORMALS = 4096;

/** Adds the sensor's noise and rounds: RGB bytes [size, size, 3]. */
export function digitise(planes: Planes, size: number, camera: Camera, rng: Rng): Uint8Array {
  const normals = Float32Array.from({ length: NORMALS }, () => rng.normal());
  const slow = new Float32Array(size * size);
  if (camera.grain > 0) {
    for (let k = 0; k < slow.length; k++) slow[k] = normals[rng.bits() & (NORMALS - 1)];
  }
  const grain = camera.grain > 0 ? soften(slow, size, 0.25) : slow;
  const rgb = new Uint8Array(size * size * 3);
  for (let k = 0; k < size * size; k++) {
    const bits = rng.bits();
    const common = camera.grain * 2 * grain[k];
    for (let c = 0; c < 3; c++) {
      // A gray camera has one sensor per pixel.
      const own = normals[(bits >>> (camera.gray ? 0 : c * 10)) & (NORMALS - 1)];
      rgb[k * 3 + c] = Math.round(clamp((planes[c] as Float32Array)[k] + common + camera.noise * own, 0, 255));
    }
  }
  return rgb;
}
