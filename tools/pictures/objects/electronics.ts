/** Electrical parts: transistors, chips, resistors, connectors, batteries. */
import { cos, sin, TAU } from '../arithmetic.js';
import { type Color, type ColorName, screen, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { layered } from '../scene.js';
import { both, minus, placed, union } from '../shape_ops.js';
import { circle, type Point, rect, stroke } from '../shapes.js';
import { barrel, bevel, coat, dome, glaze, ink, metalCoat, plasticCoat, raise } from '../surfaces.js';
import type { ObjectClass, Stage } from './object.js';
import { WIRES } from './wiring.js';

function transistor(stage: Stage): ColorName {
  const { rng } = stage;
  const tin = metalCoat(shade('silver', rng, 0.6), rng, 0.06);
  const dx = rng.range(0.2, 0.26);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const which = (gone ?? moved)?.int(3);
  const half = rng.range(0.035, 0.055);
  const long = rng.range(0.75, 0.95);
  const tab = rng.chance(0.6);
  for (let i = 0; i < 3; i++) {
    const x = (i - 1) * dx;
    const end = i === which && gone ? gone.range(-0.1, long * 0.5) : long;
    const bend = i === which && moved ? moved.range(0.15, 0.3) * (i === 0 ? -1 : i === 2 ? 1 : moved.sign()) : 0;
    const leg: Point[] = [
      [x, -0.2],
      [x, 0.2],
      [x + bend * 0.7, 0.45],
      [x + bend, end],
    ];
    stage.fill(
      stroke(
        gone && i === which
          ? [
              [x, -0.2],
              [x, Math.max(-0.05, end)],
            ]
          : leg,
        half,
      ),
      layered(tin, dome(half, 0.03)),
    );
    stage.fill(rect(half * 1.7, 0.12, 0.01, x, 0.02), tin);
  }
  if (tab) {
    stage.fill(minus(rect(0.44, 0.4, 0.03, 0, -0.58), circle(0.12, 0, -0.76)), layered(tin, bevel(0.03, 0.03)));
  }
  const body = rect(0.44, tab ? 0.32 : 0.38, 0.03, 0, tab ? -0.27 : -0.35);
  stage.fill(body, layered(plasticCoat(screen(40, 40, 43), rng, 0.2), bevel(0.05, 0.08)));
  stage.fillAt(frame(0, -0.27), lettering(randomText(rng, 4), 0.14, 0.012), ink(screen(170, 170, 168), 0.6));
  return 'black';
}

function chip(stage: Stage): ColorName {
  const { rng } = stage;
  const legs = 4 + rng.int(6);
  const half = rng.range(0.34, 0.6);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const which = (gone ?? moved)?.int(legs * 2);
  const tin = metalCoat(shade('silver', rng, 0.6), rng, 0.06);
  for (let i = 0; i < legs * 2; i++) {
    if (i === which && gone) continue;
    const side = i < legs ? -1 : 1;
    const x = -0.92 + ((i % legs) + 0.5) * (1.84 / legs);
    const lean = i === which && moved ? moved.range(0.4, 0.8) * moved.sign() : 0;
    const leg = placed(rect(0.36 / legs, 0.13, 0.01, 0, side * 0.1), x, side * half, lean);
    stage.fill(leg, layered(tin, bevel(0.02, 0.03)));
  }
  stage.fill(rect(0.97, half, 0.03), layered(plasticCoat(screen(42, 42, 45), rng, 0.22), bevel(0.05, 0.06)));
  stage.fill(circle(0.07, -0.8, half - 0.16), layered(glaze(0.7), raise(-0.03)));
  const mark = ink(screen(186, 186, 182), 0.65);
  stage.fillAt(frame(0, -half * 0.3), lettering(randomText(rng, 7), half * 0.4, 0.018), mark);
  stage.fillAt(frame(0, half * 0.35), lettering(randomText(rng, 5), half * 0.3, 0.015), mark);
  return 'black';
}

function resistor(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['beige', 'beige', 'blue', 'green']);
  const half = rng.range(0.14, 0.2);
  const gone = stage.hit('missing');
  const bent = stage.hit('misplaced');
  const lead = coat(shade('silver', rng, 0.5), 0.04, 0.5, 0.8);
  const drop = bent ? bent.range(0.2, 0.45) * bent.sign() : 0;
  const end = gone?.chance(0.5) ? gone.range(-0.7, -0.5) : -0.98;
  stage.fill(
    stroke(
      [
        [0, 0],
        [-0.55, 0],
        [-0.75, drop * 0.6],
        [end, drop],
      ],
      0.03,
    ),
    layered(lead, dome(0.03, 0.04)),
  );
  stage.fill(
    stroke(
      [
        [0, 0],
        [0.98, 0],
      ],
      0.03,
    ),
    layered(lead, dome(0.03, 0.04)),
  );
  const bulge = half * 1.15;
  const body = union(rect(0.4, half, half * 0.4), rect(0.14, bulge, 0.09, -0.36, 0), rect(0.14, bulge, 0.09, 0.36, 0));
  stage.fill(body, layered(plasticCoat(shade(name, rng), rng, 0.06), barrel(bulge)));
  const bands = rng.shuffled(WIRES).slice(0, 4);
  const lost = gone && end === -0.98 ? gone.int(4) : -1;
  bands.forEach((band, i) => {
    const tint = shade(band, rng);
    if (i === lost) return;
    stage.fill(both(rect(0.045, 0.5, 0, [-0.36, -0.14, 0.05, 0.36][i], 0), body), ink(tint, 0.95));
  });
  return name;
}

function connector(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['white', 'black', 'blue', 'green', 'gray', 'orange']);
  const columns = 3 + rng.int(5);
  const rows = 1 + rng.int(2);
  const step = 1.7 / columns;
  const half = Math.max(0.3, (rows * step) / 2 + 0.1);
  const skin = layered(plasticCoat(shade(name, rng), rng, 0.2), bevel(0.03, 0.05));
  stage.fill(union(rect(0.96, half, 0.05), rect(0.2, 0.12, 0.02, 0, -half)), skin);
  stage.fill(rect(0.9, half - 0.07, 0.03), layered(coat(times(shade(name, rng), 0.35), 0.08), bevel(0.03, -0.02)));
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const which = (gone ?? moved)?.int(columns * rows);
  const pin = shade(rng.chance(0.6) ? 'gold' : 'silver', rng);
  const size = step * rng.range(0.16, 0.24);
  for (let i = 0; i < columns * rows; i++) {
    if (i === which && gone) continue;
    const off = i === which && moved ? moved.range(0.25, 0.42) * step : 0;
    const turn = off > 0 && moved ? moved.range(0, TAU) : 0;
    const x = -0.85 + ((i % columns) + 0.5) * step;
    const y = (Math.floor(i / columns) - (rows - 1) / 2) * step;
    const at = frame(x + off * cos(turn), y + off * sin(turn), 1, off > 0 ? turn : 0);
    stage.fillAt(at, rect(size, size, size * 0.2), layered(coat(pin, 0.18, 0.7, 0.8), bevel(size * 0.6, 0.04)));
  }
  return name;
}

function battery(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['black', 'blue', 'green', 'red', 'gold', 'white']);
  const half = rng.range(0.26, 0.36);
  const body = rect(0.9, half, 0.04, -0.04, 0);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const cap = gone?.chance(0.5) ? 0 : 1;
  if (cap)
    stage.fill(
      rect(0.08, half * 0.4, 0.02, 0.9, moved ? half * 0.4 : 0),
      layered(metalCoat(shade('silver', rng.fork('cap')), rng.fork('cap'), 0), barrel(half * 0.4)),
    );
  stage.fill(body, layered(plasticCoat(shade(name, rng), rng), barrel(half)));
  const other: Color = shade(rng.pick(['gold', 'copper', 'silver', 'orange', 'white']), rng);
  const split = rng.range(0.2, 0.5);
  stage.fill(both(rect(0.5, 1, 0, split + 0.5, 0), body), ink(other, 0.95));
  stage.fill(both(rect(0.04, 1, 0, -0.9, 0), body), coat(shade('silver', rng), 0, 0.4, 0.8));
  const print = lettering(randomText(rng, 5), half * 0.8, 0.03);
  if (!(gone && cap)) stage.fillAt(frame(-0.3, 0), print, ink(shade('white', rng.fork('print')), 0.9));
  return name;
}

export const ELECTRONICS: readonly ObjectClass[] = [
  {
    name: 'transistor',
    words: 'transistor',
    synonyms: ['three-legged transistor', 'a three-legged transistor placed vertically'],
    draw: transistor,
    faults: ['missing', 'misplaced'],
    zoom: [0.45, 0.95],
    upright: true,
  },
  {
    name: 'chip',
    words: 'chip',
    synonyms: ['integrated circuit', 'black chip'],
    draw: chip,
    faults: ['missing', 'misplaced'],
    zoom: [0.45, 0.95],
  },
  {
    name: 'resistor',
    words: 'resistor',
    synonyms: ['resistor with color bands'],
    draw: resistor,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
    many: true,
  },
  {
    name: 'connector',
    words: 'connector',
    synonyms: ['plastic connector', 'connector with metal pins'],
    draw: connector,
    faults: ['missing', 'misplaced'],
    zoom: [0.45, 0.95],
  },
  {
    name: 'battery',
    words: 'battery',
    synonyms: ['battery cell'],
    draw: battery,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
];
