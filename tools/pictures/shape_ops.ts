/** Shapes made from other shapes. */
import { atan2, cos, sin, square, TAU } from './arithmetic.js';
import type { Field } from './noise.js';
import type { Shape } from './shapes.js';

type Box = Shape['box'];

function grown(box: Box, by: number): Box {
  return [box[0] - by, box[1] - by, box[2] + by, box[3] + by];
}

export function union(...shapes: readonly Shape[]): Shape {
  return {
    at: (x, y) => {
      let best = 1e12;
      for (const shape of shapes) {
        const d = shape.at(x, y);
        if (d < best) best = d;
      }
      return best;
    },
    box: [
      Math.min(...shapes.map((s) => s.box[0])),
      Math.min(...shapes.map((s) => s.box[1])),
      Math.max(...shapes.map((s) => s.box[2])),
      Math.max(...shapes.map((s) => s.box[3])),
    ],
  };
}

/** The part of the first shape that is outside all others. */
export function minus(shape: Shape, ...holes: readonly Shape[]): Shape {
  const hole = holes.length === 1 ? (holes[0] as Shape) : union(...holes);
  return { at: (x, y) => Math.max(shape.at(x, y), -hole.at(x, y)), box: shape.box };
}

export function both(a: Shape, b: Shape): Shape {
  return {
    at: (x, y) => Math.max(a.at(x, y), b.at(x, y)),
    box: [
      Math.max(a.box[0], b.box[0]),
      Math.max(a.box[1], b.box[1]),
      Math.min(a.box[2], b.box[2]),
      Math.min(a.box[3], b.box[3]),
    ],
  };
}

/** Larger by `by` on every side (smaller if negative). */
export function offset(shape: Shape, by: number): Shape {
  return { at: (x, y) => shape.at(x, y) - by, box: grown(shape.box, by) };
}

/** An uneven edge: the outline moves by up to `by`. */
export function rough(shape: Shape, noise: Field, frequency: number, by: number): Shape {
  return { at: (x, y) => shape.at(x, y) + by * noise(x * frequency, y * frequency), box: grown(shape.box, by) };
}

/** Turned about the origin, then moved. */
export function placed(shape: Shape, x: number, y: number, angle = 0): Shape {
  const c = cos(angle);
  const s = sin(angle);
  const [x0, y0, x1, y1] = shape.box;
  const corners = [x0, x1].flatMap((bx) => [y0, y1].map((by) => [c * bx - s * by + x, s * bx + c * by + y] as const));
  const xs = corners.map((p) => p[0]);
  const ys = corners.map((p) => p[1]);
  return {
    at: (px, py) => {
      const dx = px - x;
      const dy = py - y;
      return shape.at(c * dx + s * dy, c * dy - s * dx);
    },
    box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)],
  };
}

/**
 * Copies of a shape that lies on the positive x axis, spread evenly around the origin.
 * @param change the shape of a copy that differs from the others, undefined where one is missing
 */
export function around(shape: Shape, count: number, change: ReadonlyMap<number, Shape | undefined> = new Map()): Shape {
  const step = TAU / count;
  const turns = Array.from({ length: count }, (_, i) => [cos(i * step), sin(i * step)] as const);
  const all = [shape, ...[...change.values()].filter((s) => s !== undefined)];
  const reach = Math.sqrt(
    Math.max(...all.map((s) => square(Math.max(-s.box[0], s.box[2])) + square(Math.max(-s.box[1], s.box[3])))),
  );
  return {
    at: (x, y) => {
      const nearest = Math.floor(atan2(y, x) / step + 0.5);
      let best = 1e12;
      for (let k = nearest - 1; k <= nearest + 1; k++) {
        const i = ((k % count) + count) % count;
        const one = change.has(i) ? change.get(i) : shape;
        if (!one) continue;
        const [c, s] = turns[i] as readonly [number, number];
        const d = one.at(c * x + s * y, c * y - s * x);
        if (d < best) best = d;
      }
      return best;
    },
    box: [-reach, -reach, reach, reach],
  };
}
