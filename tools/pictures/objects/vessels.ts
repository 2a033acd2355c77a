/** Bottles, cups and cans, seen from above. */
import { atan2, cos, smoothstep } from '../arithmetic.js';
import { blend, type ColorName, screen, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { minus, rough } from '../shape_ops.js';
import { circle, ellipse, rect, type Shape } from '../shapes.js';
import { anyMetal, bevel, coat, dome, glaze, metalCoat, mottle, plasticCoat, raise, rim } from '../surfaces.js';
import type { ObjectClass, Stage } from './object.js';

function bottle(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['dark', 'dark', 'brown', 'green', 'blue', 'white']);
  const glass = times(shade(name, rng), 0.7);
  const body = rng.range(0.9, 0.97);
  const neck = rng.range(0.5, 0.64);
  const moved = stage.hit('misplaced');
  const off: [number, number] = moved
    ? [moved.range(0.1, 0.2) * moved.sign(), moved.range(0.05, 0.15) * moved.sign()]
    : [0, 0];
  const sheen = gradientNoise(rng);
  const streaks: Surface = (p, x, y) => {
    // Lamps mirrored as bows around the shoulder.
    const bow = smoothstep(0.25, 0.7, sheen(atan2(y, x) * 1.3, 2));
    const f = 1 + 1.6 * bow;
    for (let c = 0; c < 3; c++) p[c] = Math.min(1, p[c] * f + 0.06 * bow);
  };
  const gone = stage.hit('missing');
  stage.fill(circle(body), layered(coat(glass, 0.05, 0.7, 0.3), dome(body - neck + 0.1, 0.3), streaks));
  stage.fillAt(frame(...off), circle(neck), layered(coat(times(glass, 0.8), 0.4, 0.8, 0.35), dome(0.1, 0.1)));
  const bore = neck * rng.range(0.62, 0.78);
  let lip: Shape = minus(circle(neck * 0.98), circle(bore));
  if (gone)
    lip = minus(
      lip,
      rough(
        circle(gone.range(0.12, 0.3), neck * 0.85 * cos(gone.range(0, 1)), neck * 0.6 * gone.sign()),
        gradientNoise(gone),
        7,
        0.06,
      ),
    );
  stage.fillAt(
    frame(...off),
    lip,
    layered(coat(times(glass, 1.3), 0.5, 0.9, 0.4), dome((neck - bore) / 2, 0.1), streaks),
  );
  stage.fillAt(
    frame(...off),
    circle(bore),
    layered(coat(screen(16, 15, 15), 0.05, 0.1), rim(0.1, -1.2), mottle(sheen, 2, 0.3)),
  );
  return name;
}

function cup(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['white', 'white', 'red', 'blue', 'green', 'black', 'yellow', 'gray']);
  const skin = plasticCoat(shade(name, rng), rng, 0.3);
  const gone = stage.hit('missing');
  const broken = gone?.chance(0.5);
  const saucer = rng.chance(0.4);
  if (saucer) stage.fill(circle(0.98), layered(plasticCoat(shade(name, rng), rng, 0.03), bevel(0.12, 0.08)));
  const r = saucer ? 0.55 : 0.72;
  if (!gone || broken)
    stage.fillAt(
      frame(r + 0.1, 0),
      minus(rect(0.2, 0.11, 0.1), rect(0.12, 0.045, 0.04)),
      layered(skin, dome(0.05, 0.06)),
    );
  let wall: Shape = circle(r);
  if (gone && broken)
    wall = minus(
      wall,
      rough(circle(gone.range(0.12, 0.25), -r * 0.9, r * 0.4 * gone.sign()), gradientNoise(gone), 7, 0.05),
    );
  stage.fill(wall, layered(skin, dome(0.05, 0.05)));
  const drink = rng.pick([screen(52, 30, 20), screen(110, 66, 36), screen(150, 90, 30), screen(200, 196, 186)]);
  const inner = r * rng.range(0.84, 0.92);
  stage.fill(circle(inner), layered(coat(blend(shade(name, rng), drink, 0.15), 0.2), glaze(0.75)));
  const moved = stage.hit('misplaced');
  const at = moved ? frame(moved.range(0.06, 0.12), moved.range(-0.08, 0.08)) : frame();
  stage.fillAt(
    at,
    circle(inner * 0.93),
    layered(coat(drink, 0.16, 0.5), rim(0.08, -0.35), mottle(fractalNoise(rng, 3), 3, 0.1)),
  );
  return name;
}

function canLid(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const skin = metalCoat(color, rng, 0.1);
  const steps = rng.range(0.62, 0.8);
  const grooves: Surface = (p, x, y) => {
    const r = Math.sqrt(x * x + y * y);
    p[3] -=
      0.06 * smoothstep(0.9, 0.86, r) -
      0.05 * smoothstep(steps, steps - 0.04, r) +
      0.03 * smoothstep(0.04, 0, Math.abs(r - 0.5));
  };
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  stage.fill(circle(0.97), layered(skin, dome(0.05, 0.06), grooves));
  stage.fill(minus(ellipse(0.36, 0.3, -0.32, 0), ellipse(0.34, 0.28, -0.32, 0)), layered(glaze(0.6), raise(-0.02)));
  const turn = moved ? moved.range(0.4, 1.6) * moved.sign() : 0;
  const shift = moved?.chance(0.4) ? 0.15 : 0;
  const tab = minus(rect(0.27, 0.15, 0.13, 0.12, 0), ellipse(0.12, 0.08, 0.22, 0));
  if (!gone)
    stage.fillAt(
      frame(shift, shift, 1, turn),
      tab,
      layered(coat(times(color, 1.05), 0.2, 0.6, 0.9), bevel(0.04, 0.05)),
    );
  stage.fill(circle(0.055), layered(coat(times(color, 0.9), 0.22, 0.6, 0.9), dome(0.05, 0.04)));
  return name;
}

export const VESSELS: readonly ObjectClass[] = [
  {
    name: 'bottle',
    words: 'bottle',
    synonyms: ['dark bottle', 'glass bottle', 'top view of a bottle'],
    draw: bottle,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
  {
    name: 'cup',
    words: 'cup',
    synonyms: ['coffee cup', 'top view of a cup'],
    draw: cup,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
  {
    name: 'can_lid',
    words: 'can lid',
    synonyms: ['metal can', 'top view of a can'],
    draw: canLid,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
];
