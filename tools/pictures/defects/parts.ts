/** Missing and misplaced pieces, for classes that draw no such fault themselves. */
import { cos, PI, sin, TAU } from '../arithmetic.js';
import { blend, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import { layered, type Scene, type Surface } from '../scene.js';
import { rough } from '../shape_ops.js';
import { circle, polygon, rect, type Shape } from '../shapes.js';
import { bumps, coat, mottle, raise, rim } from '../surfaces.js';
import { anySpot, colorAt, copied, type Defect, pixelAt, type Site } from './site.js';

/** A point on the object's outline, if it has one within the picture. */
function edgePoint(scene: Scene, site: Site): [number, number] | undefined {
  const { rng } = site;
  for (let tries = 0; tries < 12; tries++) {
    const a = rng.range(0, TAU);
    let [x, y] = [site.at.x, site.at.y];
    for (let step = 0; step < 200; step++) {
      x += 0.01 * cos(a);
      y += 0.01 * sin(a);
      if (Math.abs(x) > 0.97 || Math.abs(y) > 0.97) break;
      if ((scene.cover[pixelAt(scene.size, x, y)] as number) < 0.5) return [x, y];
    }
  }
  return undefined;
}

export const missing: Defect = (site) => {
  const { rng, scene } = site;
  const noise = fractalNoise(rng, 3, 0.6);
  const backdrop = scene.backdrop;
  const edge = backdrop ? edgePoint(scene, site) : undefined;
  if (backdrop && edge) {
    const at = frame(edge[0], edge[1], site.at.scale * 1.3, site.at.angle);
    const bite = rough(rng.chance(0.5) ? circle(1) : polygon(3 + rng.int(3), 0.8, 0.1), noise, 2, rng.range(0.05, 0.3));
    scene.fill(
      bite,
      at,
      copied(scene, at, backdrop, (x, y) => [x, y]),
      { onObject: true },
    );
    return;
  }
  // A piece has come off and shows what is beneath.
  const there = colorAt(scene, site.at);
  const below = blend(
    times(there, rng.range(0.25, 0.6)),
    shade(rng.pick(['gray', 'dark', 'beige', 'white', 'brown']), rng),
    rng.range(0.1, 0.6),
  );
  const depth = rng.range(0.08, 0.2);
  const ground: Surface = layered(
    coat(below),
    mottle(noise, 4, 0.2),
    bumps(noise, 4, 0.03),
    raise(-depth),
    rim(0.15, 0.35),
  );
  const shape: Shape = rng.chance(0.4) ? rough(rect(1, 0.8, 0.1), gradientNoise(rng), 3, 0.08) : anySpot(rng);
  scene.fill(shape, site.at, ground, { onObject: true });
};

export const misplaced: Defect = (site) => {
  const { rng, scene } = site;
  const source = scene.planes.map((plane) => plane.slice());
  const at = { ...site.at, scale: site.at.scale * 1.1 };
  const shape = rng.chance(0.5) ? rect(rng.range(0.8, 1.3), rng.range(0.6, 0.9), rng.range(0, 0.3)) : anySpot(rng);
  const turn = rng.chance(0.6) ? rng.range(PI / 8, PI / 2) * rng.sign() : 0;
  const shift = turn === 0 ? rng.range(0.35, 0.9) * site.strength : rng.range(0, 0.4);
  const [c, s] = [cos(turn), sin(turn)];
  const away = rng.range(0, TAU);
  const [dx, dy] = [shift * cos(away), shift * sin(away)];
  const moved = copied(scene, at, source, (x, y) => [c * x - s * y + dx, s * x + c * y + dy]);
  // On a plain surface only its joint and its tilt towards the light show that a piece has moved.
  const gap = rng.chance(0.6) || site.strength > 1;
  const tilt = 1 + rng.sign() * (rng.range(0, 0.12) + 0.35 * (site.strength - 1));
  const joint = 0.45 / site.strength;
  const settled: Surface = (p, _x, _y, d) => {
    const edge = gap && d > -0.12;
    const f = Math.max(0.3, tilt) * (edge ? joint : 1);
    for (let k = 0; k < 3; k++) p[k] *= f;
    if (edge) p[3] -= 0.04;
  };
  scene.fill(shape, at, layered(moved, settled), { onObject: rng.chance(0.7) });
};
