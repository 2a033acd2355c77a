/** Where something is in the picture, and how large. */
import { cos, sin } from './arithmetic.js';

/**
 * Picture coordinates run from -1 (left, top) to 1 (right, bottom). A frame maps them to the drawing's own coordinates:
 * local = turn(-angle)(picture - centre) / scale, the second axis further divided by `stretch`.
 */
export interface Frame {
  readonly x: number;
  readonly y: number;
  /** Local units to picture units. */
  readonly scale: number;
  /** Radians, clockwise as seen. */
  readonly angle: number;
  /** Height over width, in the picture, of a square in local coordinates. */
  readonly stretch: number;
}

export function frame(x = 0, y = 0, scale = 1, angle = 0, stretch = 1): Frame {
  return { x, y, scale, angle, stretch };
}

/** A frame given in the coordinates of another. */
export function within(outer: Frame, inner: Frame): Frame {
  const c = cos(outer.angle);
  const s = sin(outer.angle);
  const lx = inner.x * outer.scale;
  const ly = inner.y * outer.scale * outer.stretch;
  return {
    x: outer.x + c * lx - s * ly,
    y: outer.y + s * lx + c * ly,
    scale: outer.scale * inner.scale,
    angle: outer.angle + inner.angle,
    stretch: outer.stretch * inner.stretch,
  };
}

/** The affine map picture to local as six numbers: lx = a u + b v + c, ly = d u + e v + f. */
export function toLocal(f: Frame): readonly [number, number, number, number, number, number] {
  const c = cos(f.angle) / f.scale;
  const s = sin(f.angle) / f.scale;
  const k = 1 / f.stretch;
  return [c, s, -(c * f.x + s * f.y), -s * k, c * k, (s * f.x - c * f.y) * k];
}

/** A local point in picture coordinates. */
export function toPicture(f: Frame, x: number, y: number): [number, number] {
  const c = cos(f.angle) * f.scale;
  const s = sin(f.angle) * f.scale;
  const ky = y * f.stretch;
  return [f.x + c * x - s * ky, f.y + s * x + c * ky];
}
