/** Keys, clips and pipes. */
import { clamp, PI } from '../arithmetic.js';
import { type ColorName, screen, shade } from '../colors.js';
import { frame } from '../frame.js';
import { gradientNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { both, minus, placed, rough, union } from '../shape_ops.js';
import { arc, circle, outline, type Point, rect, type Shape, stroke } from '../shapes.js';
import { anyMetal, bevel, dome, metalCoat, mottle, plasticCoat } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

function key(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const bow = rng.chance(0.5) ? circle(0.34, -0.6, 0) : rect(0.3, 0.36, 0.14, -0.62, 0);
  const eye = circle(rng.range(0.09, 0.14), -0.72, 0);
  const steps = 5 + rng.int(3);
  const broken = stage.hit('missing');
  const worn = stage.hit('misplaced');
  const which = worn?.int(steps - 1);
  const end = broken ? broken.range(0.25, 0.65) : 0.95;
  const points: Point[] = [[-0.4, -0.13]];
  const width = 1.15 / steps;
  for (let i = 0; i < steps; i++) {
    const x = -0.2 + i * width;
    const own = rng.range(-0.02, 0.14);
    const deep = i === which && worn ? 0.12 - own : own;
    points.push([x, -0.14], [x + width * 0.3, 0.16 - deep - 0.3], [x + width * 0.6, 0.16 - deep - 0.3]);
  }
  points.push([0.88, -0.1], [0.97, 0.04], [0.9, 0.15], [-0.4, 0.15]);
  let body: Shape = minus(union(bow, outline(points)), eye);
  if (broken) body = minus(body, rough(rect(1, 1, 0, end + 1, 0), gradientNoise(broken), 8, 0.05));
  stage.fill(body, layered(metalCoat(color, rng, 0.08), bevel(0.025, 0.03)));
  const groove = both(rect(0.62, 0.03, 0.02, 0.3, 0.06), body);
  stage.fill(groove, (p) => {
    p[3] -= 0.03;
    for (let c = 0; c < 3; c++) p[c] *= 0.7;
  });
  return name;
}

function paperClip(stage: Stage): ColorName {
  const { rng } = stage;
  const plastic = rng.chance(0.4);
  const name: ColorName = plastic ? rng.pick(['red', 'blue', 'green', 'yellow', 'black', 'white', 'pink']) : 'silver';
  const wire = rng.range(0.035, 0.055);
  const gone = stage.hit('missing');
  const bent = stage.hit('misplaced');
  const turn = (cx: number, r: number, from: number, to: number) =>
    arc(r, from, to, 12).map(([x, y]): Point => [x + cx, y]);
  const points: Point[] = [
    [-0.25, 0.12],
    ...turn(0.45, 0.12, PI / 2, -PI / 2).map(([x, y]): Point => [x, y]),
    [-0.55, -0.12],
    ...turn(-0.68, 0.2, -PI / 2, -3 * (PI / 2)).map(([x, y]): Point => [x, y + 0.08]),
    [0.62, 0.28],
    ...turn(0.66, 0.25, PI / 2, -PI / 2).map(([x, y]): Point => [x, y + 0.03]),
    [-0.45, -0.22],
  ];
  const shown = gone ? points.slice(0, points.length - 8 - gone.int(12)) : points;
  if (bent) {
    // The free end is bent outwards.
    const out = bent.range(0.25, 0.55);
    shown.splice(shown.length - 1, 1, [0.1, -0.24], [-0.3, -0.24 - out]);
  }
  const skin = plastic ? plasticCoat(shade(name, rng), rng, 0.05) : metalCoat(shade('silver', rng, 0.6), rng, 0.05);
  stage.fill(stroke(shown, wire), layered(skin, dome(wire, wire * 1.5)));
  return name;
}

function pipe(stage: Stage): ColorName {
  const { rng } = stage;
  const plastic = rng.chance(0.5);
  const metal = anyMetal(rng);
  const name: ColorName = plastic ? rng.pick(['white', 'gray', 'orange', 'blue', 'black']) : metal.name;
  const color = plastic ? shade(name, rng) : metal.color;
  const half = rng.range(0.3, 0.5);
  const skin = plastic ? plasticCoat(color, rng) : metalCoat(color, rng);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const round =
    (h: number): Surface =>
    (p, _x, y) => {
      const t = clamp(Math.abs(y) / h);
      p[3] += h * 0.9 * Math.sqrt(1 - t * t);
    };
  let body: Shape = rect(0.98, half);
  if (gone) body = minus(body, brokenOff(gone, gone.range(0.45, 0.8)));
  stage.fill(body, layered(skin, round(half)));
  const collars = 1 + rng.int(3);
  const wide = half * rng.range(1.12, 1.25);
  for (let i = 0; i < collars; i++) {
    const x = -0.8 + (1.6 * (i + 0.5)) / collars;
    const tilt = moved && i === 0 ? moved.range(0.15, 0.4) * moved.sign() : 0;
    const collar = rect(0.09, wide, 0.02);
    const shape = gone ? both(collar, placed(body, -x, 0)) : collar;
    stage.fillAt(frame(x, 0, 1, tilt), shape, layered(skin, round(wide), mottle(gradientNoise(rng), 3, 0.05)));
  }
  if (rng.chance(0.3))
    stage.fill(both(rect(0.2, half * 0.9, 0, 0.3, 0), body), (p) => void p.set(screen(60, 60, 64)), { opacity: 0.25 });
  return name;
}

export const HARDWARE: readonly ObjectClass[] = [
  {
    name: 'key',
    words: 'key',
    synonyms: ['metal key'],
    draw: key,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
  {
    name: 'paper_clip',
    words: 'paper clip',
    synonyms: ['clip'],
    draw: paperClip,
    faults: ['missing', 'misplaced'],
    zoom: [0.45, 0.95],
    many: true,
  },
  {
    name: 'pipe',
    words: 'pipe',
    synonyms: ['metal or plastic pipe', 'tube'],
    draw: pipe,
    faults: ['missing', 'misplaced'],
    zoom: [0.6, 1.3],
  },
];
