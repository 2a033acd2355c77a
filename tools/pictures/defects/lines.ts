/** Defects along lines: scratches, cracks, cuts, folds. */
import { clamp, cos, mix, sin, smoothstep, TAU } from '../arithmetic.js';
import { blend, luminance, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { rough } from '../shape_ops.js';
import { type Point, type Shape, stroke } from '../shapes.js';
import { ink, mottle, raise } from '../surfaces.js';
import { colorAt, type Defect, type Site, shortish } from './site.js';

/** A line about the origin in picture units: bent by a steady and a random curve. */
function curve(rng: Rng, length: number, bend: number, wobble: number, steps = 14): Point[] {
  const points: Point[] = [];
  let angle = -bend / 2;
  let x = 0;
  let y = 0;
  for (let i = 0; i <= steps; i++) {
    points.push([x, y]);
    angle += bend / steps + wobble * rng.normal();
    x += (length / steps) * cos(angle);
    y += (length / steps) * sin(angle);
  }
  return points.map(([px, py]): Point => [px - x / 2, py - y / 2]);
}

/** The site's frame in picture units, so that widths can be given in pixels. */
function unscaled(site: Site): ReturnType<typeof frame> {
  return frame(site.at.x, site.at.y, 1, site.at.angle);
}

/** Thicker for larger sites, and at least most of a pixel. */
function lineWidth(site: Site, low: number, high: number): number {
  const { rng, scene } = site;
  return (
    Math.max(scene.pixel * 0.4, scene.pixel * 0.35 + site.at.scale * rng.range(low, high)) * Math.sqrt(site.strength)
  );
}

export const scratch: Defect = (site) => {
  const { rng, scene } = site;
  const count = rng.pick([1, 1, 1, 2, 3, 5]);
  const there = colorAt(scene, site.at);
  const bright = luminance(there) < 0.35 ? rng.chance(0.8) : rng.chance(0.35);
  const tint = bright ? blend(there, shade('white', rng), rng.range(0.5, 0.9)) : times(there, rng.range(0.15, 0.5));
  const opacity = clamp(rng.range(0.5, 1) * site.strength);
  const bend = rng.range(-0.8, 0.8);
  const noise = gradientNoise(rng);
  for (let i = 0; i < count; i++) {
    const length = clamp(site.at.scale * rng.range(2, 5), 0.1, 1.7);
    const half = lineWidth(site, 0.01, 0.07);
    const at = frame(
      site.at.x + (i === 0 ? 0 : rng.range(-0.5, 0.5) * site.at.scale),
      site.at.y + (i === 0 ? 0 : rng.range(-0.5, 0.5) * site.at.scale),
      1,
      site.at.angle + rng.range(-0.15, 0.15),
    );
    const line = stroke(curve(rng, length, bend, 0.03), half, half * rng.range(0.3, 1));
    // Unevenly deep: in places the tool hardly touched.
    const shape: Shape = { at: (x, y) => line.at(x, y) + half * 0.6 * noise(x * 14, y * 14 + i * 9), box: line.box };
    scene.fill(shape, at, layered(ink(tint), raise(-0.006 * site.strength)), { opacity, onObject: true });
  }
};

/** A crack: steps in about one direction, with branches. */
function jagged(rng: Rng, from: Point, angle: number, length: number, half: number, depth: number): Shape[] {
  const steps = 5 + rng.int(6);
  const points: Point[] = [from];
  const branches: Shape[] = [];
  let [x, y] = from;
  let heading = angle;
  for (let i = 0; i < steps; i++) {
    heading = angle + 0.7 * rng.normal();
    x += (length / steps) * cos(heading);
    y += (length / steps) * sin(heading);
    points.push([x, y]);
    if (depth > 0 && rng.chance(0.3)) {
      const side = heading + rng.range(0.4, 1.1) * rng.sign();
      branches.push(...jagged(rng, [x, y], side, length * rng.range(0.25, 0.6), half * 0.65, depth - 1));
    }
  }
  return [stroke(points, half, half * 0.25), ...branches];
}

export const crack: Defect = (site) => {
  const { rng, scene } = site;
  const at = unscaled(site);
  const half = lineWidth(site, 0.01, 0.06);
  const length = clamp(site.at.scale * rng.range(1.6, 4), 0.1, 1.6);
  const dark = times(colorAt(scene, site.at), rng.range(0.03, 0.25));
  const surface = layered(ink(dark, clamp(rng.range(0.7, 1) * site.strength)), raise(-0.03));
  const arms = rng.chance(0.25) ? 3 + rng.int(4) : 1;
  const shapes = Array.from({ length: arms }, (_, i) =>
    arms === 1
      ? jagged(rng, [-length / 2, 0], 0, length, half, 2)
      : // A star, as from an impact.
        jagged(rng, [0, 0], (i * TAU) / arms + rng.range(-0.3, 0.3), length * 0.5, half, 1),
  ).flat();
  for (const shape of shapes) scene.fill(shape, at, surface, { onObject: true });
};

export const cut: Defect = (site) => {
  const { rng, scene } = site;
  const at = unscaled(site);
  const length = clamp(site.at.scale * rng.range(1.8, 3.4), 0.12, 1.4);
  const open = Math.max(scene.pixel * 1.2, length * rng.range(0.02, 0.13)) * Math.sqrt(site.strength);
  const spine = curve(rng, length, rng.range(-0.9, 0.9), 0.05);
  const line = stroke(spine, 0);
  const noise = fractalNoise(rng, 3, 0.6);
  const ragged = rng.range(0, 0.5);
  // Wide in the middle, pointed at the ends.
  const gape = (x: number, y: number) => {
    const [x0, y0] = spine[0] as Point;
    const [x1, y1] = spine.at(-1) as Point;
    const ends = Math.min((x - x0) * (x - x0) + (y - y0) * (y - y0), (x - x1) * (x - x1) + (y - y1) * (y - y1));
    return open * Math.min(1, (Math.sqrt(ends) / length) * 2.6) * (1 + ragged * noise(x * 18, y * 18));
  };
  const [x0, y0, x1, y1] = line.box;
  const grow = open * 3;
  const box = [x0 - grow, y0 - grow, x1 + grow, y1 + grow] as const;
  const there = colorAt(scene, site.at);
  const inside = rng.chance(0.7) ? times(there, rng.range(0.04, 0.3)) : blend(there, shade('white', rng), 0.6);
  const lips: Surface = (p, x, y) => {
    const d = line.at(x, y) - gape(x, y);
    p[3] += open * 0.5 * smoothstep(open * 1.8, 0, d);
  };
  if (rng.chance(0.6))
    scene.fill({ at: (x, y) => line.at(x, y) - gape(x, y) - open * 1.6, box }, at, lips, { onObject: true });
  const fill = layered(ink(inside, clamp(0.85 * site.strength)), raise(-open * 1.2), mottle(noise, 20, 0.2));
  scene.fill({ at: (x, y) => line.at(x, y) - gape(x, y), box }, at, fill, { onObject: true });
  if (!rng.chance(0.35)) return;
  // Frayed: loose ends stick out across the cut.
  const frays = 4 + rng.int(10);
  for (let i = 0; i < frays; i++) {
    const [x, y] = rng.pick(spine);
    const a = rng.range(0, TAU);
    const reach = open * rng.range(0.8, 2.2);
    const fray = stroke(
      [
        [x, y],
        [x + reach * cos(a), y + reach * sin(a)],
      ],
      scene.pixel * 0.5,
    );
    scene.fill(fray, at, layered(ink(times(there, rng.range(0.7, 1.6))), raise(0.02)), { onObject: true });
  }
};

export const fold: Defect = (site) => {
  const { rng, scene } = site;
  const at = unscaled(site);
  const length = clamp(site.at.scale * rng.range(2, 5), 0.25, 2);
  const half = Math.max(scene.pixel * 2, shortish(rng, 0.03, 0.12) * Math.min(1, length));
  const count = rng.pick([1, 1, 2, 3]);
  for (let i = 0; i < count; i++) {
    const line = stroke(curve(rng, length * rng.range(0.6, 1), rng.range(-1, 1), 0.06), 0);
    const shift = i === 0 ? 0 : rng.range(-0.3, 0.3) * length;
    const [x0, y0, x1, y1] = line.box;
    const band: Shape = {
      at: (x, y) => line.at(x, y - shift) - half,
      box: [x0 - half, y0 - half + shift, x1 + half, y1 + half + shift],
    };
    const height = half * rng.range(0.5, 0.9) * rng.sign() * site.strength;
    const valley = clamp(rng.range(0.1, 0.35) * site.strength);
    const ridge: Surface = (p, _x, _y, d) => {
      const t = clamp(-d / half);
      const s = t * t * (3 - 2 * t);
      p[3] += height * s;
      const f = mix(1, 1 - valley, smoothstep(0.5, 1, t));
      for (let c = 0; c < 3; c++) p[c] *= f;
    };
    scene.fill(rough(band, gradientNoise(rng), 5, half * 0.2), at, ridge, { onObject: true });
  }
};
