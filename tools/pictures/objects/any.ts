/**
 * A part of no particular kind, and a jumble of things: they stand for objects that are not in the list. Nothing in
 * them is clearly missing or out of place, so they draw no faults themselves.
 */
import { cos, sin, square, TAU } from '../arithmetic.js';
import { anyColor, type ColorName } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { around, both, minus, placed, rough, union } from '../shape_ops.js';
import {
  arc,
  circle,
  ellipse,
  outline,
  type Point,
  polar,
  polygon,
  rect,
  ring,
  type Shape,
  stroke,
} from '../shapes.js';
import { bevel, bumps, coat, dome, glaze, ink, metalCoat, mottle, plasticCoat, raise } from '../surfaces.js';
import { TEXTURES } from '../textures/index.js';
import type { ObjectClass, Stage } from './object.js';

/** A random outline within the circle of that radius. */
export function anyShape(rng: Rng, radius = 1): Shape {
  const kind = rng.int(8);
  const r = radius;
  if (kind === 0) return circle(r);
  if (kind === 1) return ellipse(r, r * rng.range(0.35, 0.9));
  if (kind === 2) return rect(r * 0.95, r * rng.range(0.2, 0.9), r * rng.range(0, 0.3));
  if (kind === 3) return polygon(3 + rng.int(6), r * 0.8, r * rng.range(0, 0.2));
  if (kind === 4) {
    const noise = gradientNoise(rng);
    const deep = rng.range(0.1, 0.5);
    const turns = rng.range(0.5, 2.5);
    return polar((a) => r * (1 - deep * (0.5 + 0.5 * noise(turns * cos(a), turns * sin(a)))), r, 0.85);
  }
  if (kind === 5) {
    const count = 5 + rng.int(6);
    const points = Array.from({ length: count }, (_, i): Point => {
      const a = (i * TAU) / count;
      const reach = r * rng.range(0.45, 1);
      return [reach * cos(a), reach * sin(a)];
    });
    return outline(points);
  }
  if (kind === 6) {
    const from = rng.range(0, TAU);
    return stroke(arc(r * 0.7, from, from + rng.range(1, 5), 12), r * rng.range(0.08, 0.28));
  }
  return ring(r * 0.75, r * rng.range(0.1, 0.24));
}

/** A random material. */
export function anySkin(rng: Rng, height: number): Surface {
  const kind = rng.int(5);
  if (kind === 0) return metalCoat(anyColor(rng), rng, height);
  if (kind === 1) {
    const texture = rng.pick(TEXTURES).make(rng).surface;
    const zoom = 1 / rng.range(0.5, 2);
    return layered((p, x, y, d) => texture(p, x * zoom, y * zoom, d), raise(height));
  }
  if (kind === 2)
    return layered(coat(anyColor(rng), height, rng.range(0, 0.5)), mottle(fractalNoise(rng, 4), rng.range(1, 10), 0.2));
  return plasticCoat(anyColor(rng), rng, height);
}

function part(stage: Stage): ColorName | undefined {
  const { rng } = stage;
  const height = rng.range(0.05, 0.3);
  let body = anyShape(rng);
  if (rng.chance(0.5))
    body = union(body, placed(anyShape(rng, 0.6), rng.range(-0.35, 0.35), rng.range(-0.35, 0.35), rng.range(0, TAU)));
  const pieces: Shape[] = [];
  const holes = rng.int(4);
  for (let i = 0; i < holes; i++) pieces.push(circle(rng.range(0.06, 0.2), rng.range(-0.6, 0.6), rng.range(-0.6, 0.6)));
  if (rng.chance(0.25)) pieces.push(around(circle(rng.range(0.04, 0.1), rng.range(0.4, 0.7), 0), 3 + rng.int(8)));
  const edge = rng.pick([bevel(0.06, 0.06), dome(rng.range(0.1, 0.8), rng.range(0.1, 0.4)), raise(0)]);
  const skin = layered(anySkin(rng, height), edge);
  stage.fill(pieces.length > 0 ? minus(body, ...pieces) : body, skin);
  const extras = 1 + rng.int(5);
  for (let i = 0; i < extras; i++) {
    const own = anyShape(rng, rng.range(0.08, 0.35));
    const at = frame(rng.range(-0.6, 0.6), rng.range(-0.6, 0.6), 1, rng.range(0, TAU));
    const style = rng.int(4);
    const tint = anyColor(rng);
    const text = randomText(rng, 2 + rng.int(4));
    const lift = rng.range(-0.06, 0.12);
    const lumps = bumps(fractalNoise(rng, 3), 8, 0.01);
    const within = (shape: Shape) => both(placed(shape, at.x, at.y, at.angle), body);
    if (style === 0) stage.fill(within(own), ink(tint, 0.9));
    else if (style === 1) stage.fill(within(lettering(text, 0.2, 0.02)), ink(tint, 0.9));
    else if (style === 2) stage.fill(within(own), layered(raise(lift), glaze(lift < 0 ? 0.75 : 1.1), lumps));
    else stage.fill(within(own), layered(coat(tint, height + Math.abs(lift), 0.3, 0.3), bevel(0.04, 0.04)));
  }
  return undefined;
}

/** A jumble of things of every size that overlap and extend beyond the picture. */
function scene(stage: Stage): undefined {
  const { rng } = stage;
  stage.scene.cover.fill(1);
  const count = 3 + rng.int(12);
  for (let i = 0; i < count; i++) {
    const scale = 0.12 + 0.9 * square(rng.next());
    const x = rng.range(-1.1, 1.1);
    const y = rng.range(-1.1, 1.1);
    const angle = rng.range(0, TAU);
    const height = rng.range(0, 0.3);
    const noise = fractalNoise(rng, 3);
    const shape = rng.chance(0.4) ? rough(anyShape(rng), noise, rng.range(1, 5), rng.range(0, 0.25)) : anyShape(rng);
    const edge = rng.pick([raise(0), bevel(0.06, 0.05), dome(rng.range(0.1, 1), rng.range(0.1, 0.6))]);
    const soft = rng.chance(0.3) ? rng.range(0, 0.4) : 0;
    const skin = layered(anySkin(rng, height), edge);
    const text = rng.chance(0.2) ? lettering(randomText(rng, 2 + rng.int(5)), rng.range(0.2, 0.5), 0.03) : undefined;
    const print = anyColor(rng);
    const at = frame(x, y, scale, angle);
    stage.fillAt(at, shape, skin, { soft });
    if (text) stage.fillAt(at, text, ink(print, 0.9));
  }
  return undefined;
}

export const ANYTHING: readonly ObjectClass[] = [
  {
    name: 'part',
    words: 'part',
    synonyms: ['object', 'metal part', 'plastic part', 'product'],
    draw: part,
    faults: [],
    zoom: [0.4, 0.95],
  },
  {
    name: 'scene',
    words: 'scene',
    synonyms: ['objects', 'image', 'picture'],
    draw: scene,
    faults: [],
    zoom: [0.8, 1.2],
  },
];
