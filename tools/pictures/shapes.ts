/** Outlines as signed distances: negative inside, in local units. Boxes bound the inside and the pixels visited. */
import { atan2, clamp, cos, PI, sin, TAU } from './arithmetic.js';
import type { Field } from './noise.js';

export interface Shape {
  readonly at: Field;
  /** Left, top, right, bottom. */
  readonly box: readonly [number, number, number, number];
}

export type Point = readonly [x: number, y: number];

const EVERYWHERE = 1e6;

/** The whole plane. */
export const everywhere: Shape = {
  at: () => -EVERYWHERE,
  box: [-EVERYWHERE, -EVERYWHERE, EVERYWHERE, EVERYWHERE],
};

export function circle(radius: number, cx = 0, cy = 0): Shape {
  return {
    at: (x, y) => Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy)) - radius,
    box: [cx - radius, cy - radius, cx + radius, cy + radius],
  };
}

/** A distance to first order, exact on the outline. */
export function ellipse(rx: number, ry: number, cx = 0, cy = 0): Shape {
  return {
    at: (px, py) => {
      const x = (px - cx) / rx;
      const y = (py - cy) / ry;
      const k = Math.sqrt(x * x + y * y);
      const slope = Math.sqrt((x * x) / (rx * rx) + (y * y) / (ry * ry));
      return slope < 1e-9 ? -Math.min(rx, ry) : (k * (k - 1)) / slope;
    },
    box: [cx - rx, cy - ry, cx + rx, cy + ry],
  };
}

/** A rectangle of half sizes w and h with round corners. */
export function rect(w: number, h: number, round = 0, cx = 0, cy = 0): Shape {
  return {
    at: (x, y) => {
      const dx = Math.abs(x - cx) - w + round;
      const dy = Math.abs(y - cy) - h + round;
      const ox = dx > 0 ? dx : 0;
      const oy = dy > 0 ? dy : 0;
      const inside = dx > dy ? dx : dy;
      return Math.sqrt(ox * ox + oy * oy) + (inside < 0 ? inside : 0) - round;
    },
    box: [cx - w, cy - h, cx + w, cy + h],
  };
}

/** A regular polygon by the radius of its inner circle, with round corners; a flat side looks right. */
export function polygon(sides: number, inner: number, round = 0): Shape {
  const step = TAU / sides;
  const outer = inner / cos(PI / sides);
  return {
    at: (x, y) => {
      const a = atan2(y, x);
      const t = a - step * Math.floor(a / step + 0.5);
      const r = Math.sqrt(x * x + y * y);
      const along = r * cos(t);
      const across = Math.abs(r * sin(t));
      const reach = (inner - round) * (sin(step / 2) / cos(step / 2));
      const dx = along - (inner - round);
      const dy = across - reach;
      if (dy <= 0) return dx - round;
      return (dx > 0 ? Math.sqrt(dx * dx + dy * dy) : dx) - round;
    },
    box: [-outer, -outer, outer, outer],
  };
}

/** The half plane to the left of a vertical line at x, turned by an angle. */
export function halfPlane(x: number, angle: number): Shape {
  const c = cos(angle);
  const s = sin(angle);
  return { at: (px, py) => c * px + s * py - x, box: everywhere.box };
}

/** A closed polygon. */
export function outline(points: readonly Point[]): Shape {
  const px = Float64Array.from(points, (p) => p[0]);
  const py = Float64Array.from(points, (p) => p[1]);
  const n = px.length;
  return {
    at: (x, y) => {
      let best = 1e12;
      let inside = false;
      for (let i = 0, j = n - 1; i < n; j = i++) {
        const ex = px[j] - px[i];
        const ey = py[j] - py[i];
        const wx = x - px[i];
        const wy = y - py[i];
        const t = clamp((wx * ex + wy * ey) / (ex * ex + ey * ey || 1));
        const dx = wx - ex * t;
        const dy = wy - ey * t;
        const d = dx * dx + dy * dy;
        if (d < best) best = d;
        if (py[i] > y !== py[j] > y && wx < (ex * wy) / ey) inside = !inside;
      }
      return inside ? -Math.sqrt(best) : Math.sqrt(best);
    },
    box: [Math.min(...px), Math.min(...py), Math.max(...px), Math.max(...py)],
  };
}

/**
 * A line through points with round ends.
 * @param width half the thickness at the start, and at the end where it differs
 */
export function stroke(points: readonly Point[], width: number, last = width): Shape {
  const px = Float64Array.from(points, (p) => p[0]);
  const py = Float64Array.from(points, (p) => p[1]);
  const n = px.length - 1;
  const most = Math.max(width, last);
  return {
    at: (x, y) => {
      let best = 1e12;
      for (let i = 0; i < n; i++) {
        const ex = px[i + 1] - px[i];
        const ey = py[i + 1] - py[i];
        const wx = x - px[i];
        const wy = y - py[i];
        const t = clamp((wx * ex + wy * ey) / (ex * ex + ey * ey || 1));
        const dx = wx - ex * t;
        const dy = wy - ey * t;
        const d = Math.sqrt(dx * dx + dy * dy) - (width + ((last - width) * (i + t)) / n);
        if (d < best) best = d;
      }
      return best;
    },
    box: [Math.min(...px) - most, Math.min(...py) - most, Math.max(...px) + most, Math.max(...py) + most],
  };
}

/** Points of an arc about the origin, from one angle to another. */
export function arc(radius: number, from: number, to: number, steps = 16): Point[] {
  return Array.from({ length: steps + 1 }, (_, i) => {
    const a = from + ((to - from) * i) / steps;
    return [radius * cos(a), radius * sin(a)];
  });
}

export function ring(radius: number, half: number): Shape {
  const r = radius + half;
  return { at: (x, y) => Math.abs(Math.sqrt(x * x + y * y) - radius) - half, box: [-r, -r, r, r] };
}

/** A closed outline around the origin by its radius in each direction (angle in radians, -PI to PI). */
export function polar(radius: (angle: number) => number, most: number, steepness = 1): Shape {
  return {
    at: (x, y) => (Math.sqrt(x * x + y * y) - radius(atan2(y, x))) * steepness,
    box: [-most, -most, most, most],
  };
}
