/**
 * Functions made only of + - * / and square roots: JavaScript leaves the last digits of Math.sin and the like to the
 * engine, and a picture must have the same bytes everywhere. Angles are in radians.
 */

export const PI = Math.PI;
export const TAU = 2 * PI;

export function clamp(value: number, low = 0, high = 1): number {
  return value < low ? low : value > high ? high : value;
}

export function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}

export function square(value: number): number {
  return value * value;
}

/** 0 below `from`, 1 above `to`, smooth between; `from` may be the larger one. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = clamp((value - from) / (to - from));
  return t * t * (3 - 2 * t);
}

/** Sine to 4e-6: the Taylor polynomial of degree 9 on a quarter turn. */
export function sin(angle: number): number {
  let x = angle - TAU * Math.floor(angle / TAU + 0.5);
  if (x > PI / 2) x = PI - x;
  else if (x < -PI / 2) x = -PI - x;
  const s = x * x;
  return x * (1 - (s / 6) * (1 - (s / 20) * (1 - (s / 42) * (1 - s / 72))));
}

export function cos(angle: number): number {
  return sin(angle + PI / 2);
}

/** Arc tangent of y / x over the full turn, to 1e-5 (Abramowitz and Stegun 4.4.49). */
export function atan2(y: number, x: number): number {
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  const t = Math.min(ax, ay) / Math.max(ax, ay, 1e-12);
  const s = t * t;
  let a = t * (0.999866 + s * (-0.3302995 + s * (0.180141 + s * (-0.085133 + s * 0.0208351))));
  if (ay > ax) a = PI / 2 - a;
  if (x < 0) a = PI - a;
  return y < 0 ? -a : a;
}

/** The fractional part, in [0, 1). */
export function fract(value: number): number {
  return value - Math.floor(value);
}

/** A triangle wave of period 1 between 0 and 1. */
export function zigzag(value: number): number {
  return Math.abs(2 * fract(value) - 1);
}

/** 2 to a power of 0 or more, to 3e-4. */
export function exp2(power: number): number {
  const x = fract(power);
  let whole = 1;
  for (let i = Math.floor(power); i > 0; i--) whole *= 2;
  return whole * (1 + x * (0.6951 + x * (0.2277 + x * 0.0772)));
}
