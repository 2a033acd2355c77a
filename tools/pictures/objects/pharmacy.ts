import { type ColorName, shade } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import { layered } from '../scene.js';
import { both, minus, placed, rough, union } from '../shape_ops.js';
import { circle, ellipse, rect, type Shape } from '../shapes.js';
import { barrel, bumps, coat, dome, glaze, ink, plasticCoat, raise, rim, specks } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

const PILLS: readonly ColorName[] = [
  'white',
  'white',
  'white',
  'pink',
  'yellow',
  'orange',
  'beige',
  'blue',
  'green',
  'red',
];

function pill(stage: Stage): ColorName {
  const { rng } = stage;
  const name = rng.pick(PILLS);
  const oval = rng.chance(0.6);
  const body: Shape = oval
    ? rng.chance(0.5)
      ? ellipse(0.97, rng.range(0.5, 0.7))
      : rect(0.97, rng.range(0.4, 0.55), 0.4)
    : circle(0.95);
  const gone = stage.hit('missing');
  const whole = gone ? minus(body, brokenOff(gone, (oval ? 0.35 : 0.5) + gone.range(0, 0.2), 0.1)) : body;
  const skin = plasticCoat(shade(name, rng), rng, 0.12);
  const freckles = rng.chance(0.35)
    ? specks(rng, shade(rng.pick(['red', 'brown', 'blue']), rng), rng.range(10, 16), 0.3, 0.22)
    : raise(0);
  const chalk = bumps(fractalNoise(rng, 2), 30, 0.0012);
  stage.fill(whole, layered(skin, freckles, dome(rng.range(0.15, 0.35), rng.range(0.1, 0.18)), chalk));
  const moved = stage.hit('misplaced');
  const at = moved
    ? frame(moved.range(-0.25, 0.25), moved.range(0.1, 0.2) * moved.sign(), 1, moved.range(0.35, 1) * moved.sign())
    : frame();
  const press = layered(raise(-0.035), glaze(0.8));
  const mark = rng.chance(0.5)
    ? lettering(rng.chance(0.5) ? 'FF' : randomText(rng, 2), 0.36, 0.035)
    : rect(oval ? 0.025 : 0.9, oval ? 0.9 : 0.025);
  stage.fillAt(at, both(mark, placed(whole, -at.x, -at.y)), press);
  return name;
}

function capsule(stage: Stage): ColorName {
  const { rng } = stage;
  const names = rng.shuffled<ColorName>([
    'black',
    'orange',
    'red',
    'white',
    'yellow',
    'green',
    'blue',
    'brown',
    'pink',
    'beige',
  ]);
  const half = rng.range(0.3, 0.38);
  const [name, second] = [names[0] as ColorName, names[1] as ColorName];
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const gloss = rng.range(0.4, 0.9);
  const left = rect(0.6, half * 0.96, half * 0.96, -0.36, 0);
  const right = rect(0.56, half, half, 0.41, 0);
  const open = rect(0.6, 1, 0, -0.35, 0);
  // The cap is open at its left end: its rounding there is cut off.
  const cap = both(union(right, rect(0.3, half, 0.01, 0.2, 0)), { at: (x) => -0.02 - x, box: [-0.05, -1, 1, 1] });
  const tilt = moved ? frame(moved.range(-0.06, 0.1), 0, 1, moved.range(0.12, 0.35) * moved.sign()) : frame();
  if (gone) stage.fill(both(left, open), layered(coat(shade(name, rng.fork('a')), 0, gloss), barrel(half)));
  else stage.fill(left, layered(coat(shade(name, rng.fork('a')), 0, gloss), barrel(half)));
  const digits = randomText(rng, 3);
  stage.fillAt(
    frame(-0.45, 0),
    lettering(digits, half * 0.6, 0.025),
    ink(shade(name === 'white' || name === 'yellow' ? 'black' : 'white', rng), 0.85),
  );
  const short = gone
    ? both(cap, rough({ at: (x) => x - gone.range(0.35, 0.6), box: [-1, -1, 0.65, 1] }, gradientNoise(gone), 6, 0.08))
    : cap;
  stage.fillAt(tilt, short, layered(coat(shade(second, rng.fork('b')), 0.02, gloss), barrel(half), rim(0.02, 0.2)));
  return name;
}

export const PHARMACY: readonly ObjectClass[] = [
  {
    name: 'pill',
    words: 'pill',
    synonyms: ['tablet', 'white pill', "oval white pill with small red speckles and the letters 'FF' engraved"],
    draw: pill,
    faults: ['missing', 'misplaced'],
    zoom: [0.35, 0.9],
    many: true,
  },
  {
    name: 'capsule',
    words: 'capsule',
    synonyms: ['capsules', 'black and orange capsule'],
    draw: capsule,
    faults: ['missing', 'misplaced'],
    zoom: [0.4, 0.95],
    many: true,
  },
];
