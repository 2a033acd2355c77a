/** Colours by their names in captions. */
import { clamp, square } from './arithmetic.js';
import type { Rng } from './rng.js';

/** Linear red, green, blue in 0..1. */
export type Color = readonly [number, number, number];

/** As on a screen, 0..255. */
const NAMED = {
  black: [32, 32, 34],
  gray: [125, 126, 128],
  white: [232, 231, 227],
  silver: [188, 190, 194],
  red: [178, 38, 36],
  orange: [222, 118, 32],
  yellow: [228, 196, 52],
  green: [52, 128, 62],
  blue: [40, 84, 166],
  purple: [112, 62, 142],
  pink: [222, 142, 160],
  brown: [112, 72, 42],
  beige: [212, 192, 158],
  gold: [206, 164, 84],
  copper: [190, 112, 74],
  dark: [58, 54, 52],
} as const;

export type ColorName = keyof typeof NAMED;
export const COLOR_NAMES = Object.keys(NAMED) as readonly ColorName[];

/** From screen values 0..255; the screen's curve is taken as a square. */
export function screen(r: number, g: number, b: number): Color {
  return [square(r / 255), square(g / 255), square(b / 255)];
}

/** A shade of a named colour. `spread` is how far shades differ: 1 is as much as things described by that name do. */
export function shade(name: ColorName, rng: Rng, spread = 1): Color {
  const [r, g, b] = NAMED[name];
  const light = 1 + 0.16 * spread * rng.normal();
  // A gray that leans far towards a colour would be called by its name.
  const lean = (2 + 0.06 * (Math.max(r, g, b) - Math.min(r, g, b))) * spread;
  const gray = 0.3 * r + 0.59 * g + 0.11 * b;
  const pale = Math.max(0, 0.12 + 0.12 * spread * rng.normal());
  const channel = (value: number) =>
    square(clamp(((value + (gray - value) * pale) * light + lean * rng.normal()) / 255, 0.03, 0.98));
  return [channel(r), channel(g), channel(b)];
}

export function blend(a: Color, b: Color, share: number): Color {
  return [a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, a[2] + (b[2] - a[2]) * share];
}

export function times(a: Color, factor: number): Color {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

export function luminance(c: Color): number {
  return 0.25 * c[0] + 0.65 * c[1] + 0.1 * c[2];
}

/** Any colour, of any brightness and strength. */
export function anyColor(rng: Rng): Color {
  const gray = rng.range(0.1, 0.95);
  const strength = square(rng.next());
  const channel = () => square(clamp(gray + strength * rng.range(-0.6, 0.6), 0.04, 0.98));
  return [channel(), channel(), channel()];
}
