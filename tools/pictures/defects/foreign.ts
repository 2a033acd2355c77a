/** Foreign material: dirt, fibres, ink, patches of other materials. */
import { clamp, cos, mix, sin, smoothstep, TAU } from '../arithmetic.js';
import { anyColor, shade, times } from '../colors.js';
import { composeObject, composeTexture } from '../compose.js';
import { frame, within } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import { anyShape } from '../objects/any.js';
import { OBJECTS } from '../objects/index.js';
import type { Rng } from '../rng.js';
import { layered, Scene, type Surface } from '../scene.js';
import { rough } from '../shape_ops.js';
import { circle, ellipse, type Point, polar, ring, type Shape, stroke } from '../shapes.js';
import { bevel, coat, dome, ink, mottle, plasticCoat, raise } from '../surfaces.js';
import { TEXTURES } from '../textures/index.js';
import { anySpot, contrasting, copied, type Defect, type Site } from './site.js';

/** A loose thread: a line that keeps turning. */
function thread(rng: Rng, length: number, turn: number): Point[] {
  const points: Point[] = [];
  let angle = rng.range(0, TAU);
  let bend = rng.range(-turn, turn);
  let x = 0;
  let y = 0;
  for (let i = 0; i < 18; i++) {
    points.push([x, y]);
    bend = clamp(bend + 0.5 * turn * rng.normal(), -2 * turn, 2 * turn);
    angle += bend;
    x += (length / 18) * cos(angle);
    y += (length / 18) * sin(angle);
  }
  return points.map(([px, py]): Point => [px - x / 2, py - y / 2]);
}

function fibres(site: Site): void {
  const { rng, scene } = site;
  const count = rng.pick([1, 1, 1, 2, 3]);
  const tint = contrasting(site);
  for (let i = 0; i < count; i++) {
    const half = Math.max(scene.pixel * 0.55, site.at.scale * rng.range(0.02, 0.07));
    const length = clamp(site.at.scale * rng.range(3, 7), 0.2, 2.2);
    const at = frame(site.at.x + i * rng.range(-0.2, 0.2), site.at.y + i * rng.range(-0.2, 0.2), 1, site.at.angle);
    const surface = layered(ink(tint), raise(0.02), dome(half, half));
    scene.fill(stroke(thread(rng, length, 0.3), half), at, surface, { onObject: rng.chance(0.5) });
  }
}

function debris(site: Site): void {
  const { rng, scene } = site;
  const count = rng.pick([1, 1, 2, 4, 8, 14]);
  const tint = contrasting(site);
  const noise = fractalNoise(rng, 3);
  for (let i = 0; i < count; i++) {
    const r = count === 1 ? 0.9 : rng.range(0.25, 0.7) / Math.sqrt(count / 2);
    const far = count === 1 ? 0 : 1.3 * Math.sqrt(rng.next());
    const a = rng.range(0, TAU);
    const at = within(site.at, frame(far * cos(a), far * sin(a), r, rng.range(0, TAU)));
    const shape = rough(anyShape(rng), noise, rng.range(1, 3), 0.2);
    const lump = layered(
      coat(times(tint, rng.range(0.7, 1.3)), 0, rng.range(0, 0.5)),
      // Height of a coat is absolute: lumps lie on top of the material below.
      raise(heightAt(site) / at.scale + 0.05),
      dome(rng.range(0.3, 0.9), rng.range(0.2, 0.6)),
      mottle(noise, 5, 0.2),
    );
    scene.fill(shape, at, lump, { onObject: rng.chance(0.6) });
  }
}

function heightAt(site: Site): number {
  const { size } = site.scene;
  const i = Math.floor(((site.at.x + 1) * size) / 2);
  const j = Math.floor(((site.at.y + 1) * size) / 2);
  return site.scene.planes[3]?.[clamp(j, 0, size - 1) * size + clamp(i, 0, size - 1)] ?? 0;
}

/** Dust, powder or spray: many specks, thinner outwards. */
function powder(site: Site): void {
  const { rng, scene } = site;
  const tint = contrasting(site);
  const fine = gradientNoise(rng);
  const cloud = fractalNoise(rng, 3);
  const frequency = Math.max(3, site.at.scale * scene.size * rng.range(0.12, 0.25));
  const level = rng.range(0, 0.25);
  const surface: Surface = (p, x, y) => {
    const r = Math.sqrt(x * x + y * y) / 1.2;
    const n = fine(x * frequency, y * frequency) + 0.6 * cloud(x * 2, y * 2) - 0.9 * r * r;
    const s = smoothstep(level - 0.25, level + 0.05, n);
    for (let c = 0; c < 3; c++) p[c] += s * (tint[c] - p[c]);
    p[3] += 0.02 * s;
  };
  scene.fill(circle(1.1), site.at, surface, { onObject: true, soft: 0.3 });
}

/** A drop of water or oil: darker, bright at its edge, with a highlight. */
function drop(site: Site): void {
  const { rng, scene } = site;
  const count = rng.pick([1, 1, 3, 6]);
  const thick = rng.range(0.75, 0.95);
  for (let i = 0; i < count; i++) {
    const scale = i === 0 && count === 1 ? 1 : rng.range(0.2, 0.6);
    const at = within(
      site.at,
      frame(count === 1 ? 0 : rng.range(-1.2, 1.2), count === 1 ? 0 : rng.range(-1.2, 1.2), scale),
    );
    const shape = rough(circle(0.95), gradientNoise(rng), 1.2, 0.2);
    const wet = layered(
      (p) => {
        for (let c = 0; c < 3; c++) p[c] *= thick * 0.7;
        p[4] = 1;
        p[5] = 0;
      },
      dome(0.6, 0.4),
    );
    scene.fill(shape, at, wet, { onObject: true });
  }
}

export const contamination: Defect = (site) => {
  const kinds = [fibres, fibres, debris, debris, debris, powder, drop];
  site.rng.pick(kinds)(site);
};

export const print: Defect = (site) => {
  const { rng, scene } = site;
  const there = contrasting(site);
  const tint = rng.chance(0.5) ? shade(rng.pick(['black', 'blue', 'red', 'black']), rng) : there;
  const half = Math.max(rng.range(0.04, 0.12), (scene.pixel * 0.7) / site.at.scale);
  const opacity = clamp(rng.range(0.65, 1) * site.strength);
  const kind = rng.int(4);
  let shape: Shape;
  if (kind === 0) shape = lettering(randomText(rng, 1 + rng.int(4)), rng.range(0.8, 1.5), half);
  else if (kind === 1) shape = stroke(thread(rng, rng.range(4, 9), 0.8), half);
  else if (kind === 2) {
    const rough1 = gradientNoise(rng);
    const stamp = ring(0.9, half * 1.5);
    shape = rng.chance(0.5)
      ? rough(stamp, rough1, 4, half)
      : rough(
          polar(() => 0.5, 0.6),
          rough1,
          3,
          0.2,
        );
  } else
    shape = stroke(
      [
        [-1.2, rng.range(-0.5, 0.5)],
        [0, rng.range(-0.3, 0.3)],
        [1.2, rng.range(-0.5, 0.5)],
      ],
      half * 2,
    );
  scene.fill(shape, site.at, ink(tint), { opacity, onObject: true });
};

/** A random texture, at its own angle and scale. */
function otherTexture(site: Site, lift: Surface): Surface {
  const { rng } = site;
  // Often, a texture of no particular kind.
  const texture = rng.chance(0.6) ? rng.pick(TEXTURES) : (TEXTURES.at(-1) ?? rng.pick(TEXTURES));
  const { surface } = texture.make(rng);
  const zoom = site.at.scale / rng.range(0.3, 1.4);
  const turn = rng.range(0, TAU);
  const [c, s] = [cos(turn) * zoom, sin(turn) * zoom];
  return layered((p, x, y, d) => {
    surface(p, c * x - s * y + 3, s * x + c * y, d);
    p[3] /= site.at.scale;
  }, lift);
}

/** A piece cut out of this picture or another one: turned, shifted, lighter or darker. */
function cutOut(site: Site, from: Scene): Surface {
  const { rng } = site;
  const source = from.planes.map((plane) => plane.slice());
  const turn = rng.chance(0.5) ? rng.range(0, TAU) : 0;
  const [c, s] = [cos(turn), sin(turn)];
  const away = rng.range(0, TAU);
  const far = from === site.scene ? rng.range(1.5, 4) : 0;
  const light = rng.range(0.75, 1.35);
  return layered(
    copied(from, site.at, source, (x, y) => [c * x - s * y + far * cos(away), s * x + c * y + far * sin(away)]),
    (p) => {
      for (let k = 0; k < 3; k++) p[k] *= light;
    },
  );
}

/** Any material that does not belong here. */
function otherMaterial(site: Site): Surface {
  const { rng, scene } = site;
  const kind = rng.int(10);
  const lift = raise(heightAt(site) / site.at.scale);
  if (kind < 5) return otherTexture(site, lift);
  if (kind === 5) return layered(plasticCoat(anyColor(rng), rng), lift);
  if (kind === 6)
    return mottle(gradientNoise(rng), site.at.scale * scene.size * rng.range(0.15, 0.4), rng.range(0.3, 0.9));
  if (kind === 7) {
    // From one colour to another.
    const [one, other] = [anyColor(rng), anyColor(rng)];
    return (p, x) => {
      for (let k = 0; k < 3; k++) p[k] = mix(one[k] as number, other[k] as number, clamp(0.5 + 0.5 * x));
    };
  }
  if (kind === 8) return cutOut(site, scene);
  const elsewhere = new Scene(scene.size);
  if (rng.chance(0.3)) composeTexture(elsewhere, rng.pick(TEXTURES), rng);
  else composeObject(elsewhere, rng.pick(OBJECTS), rng);
  return cutOut(site, elsewhere);
}

export const foreign: Defect = (site) => {
  const { rng, scene } = site;
  const material = otherMaterial(site);
  const noise = fractalNoise(rng, 1 + rng.int(5), rng.range(0.4, 0.7));
  const kind = rng.int(4);
  const shape =
    kind === 0
      ? rough(circle(0.8), noise, rng.range(0.8, 4), rng.range(0.5, 1.4))
      : kind === 1
        ? ellipse(rng.range(0.8, 1.3), rng.range(0.6, 1))
        : anySpot(rng);
  const soft = rng.chance(0.45) ? 0 : rng.range(0.05, 0.9);
  const opacity = clamp(rng.chance(0.5) ? 1 : rng.range(0.35, 0.95) * site.strength);
  const thick = rng.chance(0.3) ? bevel(0.1, rng.range(0.02, 0.15)) : raise(0);
  scene.fill(shape, site.at, layered(material, thick), { soft, opacity, onObject: rng.chance(0.6) });
};
