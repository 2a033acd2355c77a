/** Pills, capsules, nuts, biscuits, leaves: what is swallowed or grows. */
import { atan2, clamp, cos, mix, sin, smoothstep, TAU } from '../arithmetic.js';
import { blend, type ColorName, screen, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { around, both, minus, placed, rough, union } from '../shape_ops.js';
import { arc, circle, ellipse, polar, rect, type Shape, stroke } from '../shapes.js';
import { bumps, coat, dome, glaze, ink, mottle, patches, plasticCoat, raise, rim, specks } from '../surfaces.js';
import { barrel } from './electronics.js';
import { brokenOff } from './fasteners.js';
import type { ObjectClass, Stage } from './object.js';

const PILLS: readonly ColorName[] = ['white', 'white', 'white', 'pink', 'yellow', 'orange', 'beige', 'blue', 'green', 'red'];

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
  const freckles = rng.chance(0.35) ? specks(rng, shade(rng.pick(['red', 'brown', 'blue']), rng), rng.range(10, 16), 0.3, 0.22) : raise(0);
  const chalk = bumps(fractalNoise(rng, 2), 30, 0.0012);
  stage.fill(whole, layered(skin, freckles, dome(rng.range(0.15, 0.35), rng.range(0.1, 0.18)), chalk));
  const moved = stage.hit('misplaced');
  const at = moved ? frame(moved.range(-0.25, 0.25), moved.range(0.1, 0.2) * moved.sign(), 1, moved.range(0.35, 1) * moved.sign()) : frame();
  const press = layered(raise(-0.035), glaze(0.8));
  const mark = rng.chance(0.5) ? lettering(rng.chance(0.5) ? 'FF' : randomText(rng, 2), 0.36, 0.035) : rect(oval ? 0.025 : 0.9, oval ? 0.9 : 0.025);
  stage.fillAt(at, both(mark, placed(whole, -at.x, -at.y)), press);
  return name;
}

function capsule(stage: Stage): ColorName {
  const { rng } = stage;
  const names = rng.shuffled<ColorName>(['black', 'orange', 'red', 'white', 'yellow', 'green', 'blue', 'brown', 'pink', 'beige']);
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
  stage.fillAt(frame(-0.45, 0), lettering(digits, half * 0.6, 0.025), ink(shade(name === 'white' || name === 'yellow' ? 'black' : 'white', rng), 0.85));
  const short = gone ? both(cap, rough({ at: (x) => x - gone.range(0.35, 0.6), box: [-1, -1, 0.65, 1] }, gradientNoise(gone), 6, 0.08)) : cap;
  stage.fillAt(tilt, short, layered(coat(shade(second, rng.fork('b')), 0.02, gloss), barrel(half), rim(0.02, 0.2)));
  return name;
}

function hazelnut(stage: Stage): ColorName {
  const { rng } = stage;
  const base = screen(rng.range(130, 170), rng.range(84, 108), rng.range(48, 66));
  const pointed = rng.range(0, 0.14);
  const shape = polar((a) => 0.86 + pointed * clamp(cos(a)) * cos(a) - 0.04 * cos(2 * a), 1.05);
  const stripes = fractalNoise(rng, 3);
  const count = rng.range(2.5, 5);
  const grain: Surface = (p, x, y) => {
    const a = atan2(y, x + 1.4);
    const n = stripes(a * count * 4, Math.sqrt(x * x + y * y) * 0.8);
    const f = 1 + 0.28 * n;
    for (let c = 0; c < 3; c++) p[c] *= f;
  };
  const gone = stage.hit('missing');
  const whole = gone ? minus(shape, brokenOff(gone, gone.range(0.35, 0.6), 0.12)) : shape;
  stage.fill(whole, layered(coat(base, 0, rng.range(0.1, 0.45)), dome(0.85, 0.6), grain, mottle(stripes, 9, 0.08)));
  const cap = rough(ellipse(rng.range(0.25, 0.4), rng.range(0.5, 0.62), -0.55, 0), gradientNoise(rng), 7, 0.05);
  stage.fill(both(cap, whole), layered(ink(screen(196, 160, 116), 0.75), mottle(stripes, 16, 0.25)), { soft: 0.06 });
  return 'brown';
}

function cashew(stage: Stage): ColorName {
  const { rng } = stage;
  const color = blend(shade('beige', rng), screen(214, 172, 110), rng.range(0.3, 0.9));
  const bend = rng.range(0.9, 1.25);
  const thick = rng.range(0.26, 0.34);
  const gone = stage.hit('missing');
  const points = arc(0.6, -bend - 0.35, bend + 0.35, 14).map(([x, y]) => [x - 0.3, y] as const);
  const whole = stroke(points, thick * 1.1, thick * 0.85);
  const broken = gone ? minus(whole, brokenOff(gone, gone.range(0.1, 0.4))) : whole;
  const cloud = fractalNoise(rng, 4);
  const surface = layered(coat(color, 0, rng.range(0.05, 0.3)), dome(thick, thick * 1.1), mottle(cloud, 4, 0.1), bumps(cloud, 9, 0.01));
  stage.fill(broken, surface);
  return 'beige';
}

function macaroni(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.chance(0.6) ? 'yellow' : 'orange';
  const color = blend(shade(name, rng), screen(224, 178, 96), 0.5);
  const bend = rng.range(0.9, 1.3);
  const thick = rng.range(0.22, 0.28);
  const gone = stage.hit('missing');
  const tube = stroke(arc(0.62, -bend, bend, 14).map(([x, y]) => [x - 0.35, y] as const), thick);
  const cut = (a: number, sign: number): Shape => {
    const [c, s] = [cos(a), sin(a)];
    return { at: (x, y) => sign * (c * y - s * (x + 0.35)), box: [-2, -2, 2, 2] };
  };
  const whole = both(both(tube, cut(-bend, -1)), cut(bend, 1));
  const body = gone ? minus(whole, brokenOff(gone, gone.range(0.1, 0.4))) : whole;
  const ridges: Surface = (p, x, y) => {
    const r = Math.sqrt((x + 0.35) * (x + 0.35) + y * y);
    p[3] += 0.012 * sin((r * TAU) / 0.07);
  };
  stage.fill(body, layered(coat(color, 0, 0.15), dome(thick, thick), rng.chance(0.4) ? ridges : raise(0), mottle(fractalNoise(rng, 3), 6, 0.06)));
  for (const a of [-bend, bend]) {
    const at = frame(0.62 * cos(a) - 0.35, 0.62 * sin(a), 1, a);
    const mouth = ellipse(thick * 0.62, thick * 0.2);
    stage.fill(both(placed(mouth, at.x, at.y, a), body), coat(times(color, 0.25), 0.05));
  }
  return name;
}

function biscuit(stage: Stage): ColorName {
  const { rng } = stage;
  const base = screen(rng.range(196, 224), rng.range(152, 176), rng.range(92, 118));
  const dark = screen(130, 78, 36);
  const round = rng.chance(0.6);
  const waves = rng.chance(0.6) ? 16 + rng.int(14) : 0;
  const body: Shape = round
    ? polar((a) => 0.92 + (waves > 0 ? 0.03 * sin(a * waves) : 0), 1)
    : rect(0.95, rng.range(0.55, 0.9), 0.12);
  const gone = stage.hit('missing');
  const bite = gone
    ? rough(circle(gone.range(0.3, 0.55), 0.9 * cos(gone.range(0, TAU)), (gone.chance(0.5) ? 0.75 : -0.75)), gradientNoise(gone), 5, 0.06)
    : undefined;
  const whole = bite ? minus(body, bite) : body;
  const crumb = fractalNoise(rng, 4, 0.6);
  const baked: Surface = (p, x, y, d) => {
    const s = clamp(0.75 * smoothstep(-0.25, 0, d) + 0.3 * crumb(x * 3, y * 3));
    for (let c = 0; c < 3; c++) p[c] = mix(p[c], dark[c], s * 0.7);
  };
  const layers: Surface[] = [coat(base, 0.1), baked, dome(0.1, 0.08), bumps(crumb, 12, 0.012), mottle(crumb, 16, 0.14)];
  if (rng.chance(0.35)) layers.push(specks(rng, screen(60, 34, 22), rng.range(4, 7), 0.42, 0.3));
  stage.fill(whole, layered(...layers));
  const moved = stage.hit('misplaced');
  const at = moved ? frame(moved.range(0.15, 0.3) * moved.sign(), moved.range(0.1, 0.25) * moved.sign(), 1, moved.range(0.2, 0.6)) : frame();
  const count = 5 + rng.int(5);
  const dots = round ? union(around(circle(0.04, 0.55, 0), count), around(circle(0.04, 0.25, 0), 4)) : around(circle(0.04, 0.45, 0), count);
  stage.fillAt(at, both(dots, placed(whole, -at.x, -at.y)), layered(raise(-0.08), glaze(0.35)));
  return 'brown';
}

function leaf(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.chance(0.7) ? 'green' : rng.pick(['yellow', 'red', 'brown', 'orange']);
  const base = shade(name, rng);
  const wide = rng.range(0.32, 0.55);
  const teeth = rng.chance(0.5) ? rng.range(0.01, 0.03) : 0;
  const half = (x: number) => wide * Math.sqrt(clamp((1 - x * x) * (0.9 - 0.35 * x)));
  const blade: Shape = {
    at: (x, y) => (Math.abs(y) - half(x * 1.08) + teeth * sin(x * 60)) * 0.85 + Math.max(0, Math.abs(x) - 0.92),
    box: [-0.98, -0.75, 0.98, 0.75],
  };
  const gone = stage.hit('missing');
  const whole = gone ? minus(blade, brokenOff(gone, gone.range(0.15, 0.4), 0.12)) : blade;
  const cloud = fractalNoise(rng, 4);
  const veins: Surface = (p, x, y) => {
    const side = Math.abs(y);
    const t = (x - side * 0.9) * 6;
    const vein = Math.max(smoothstep(0.022, 0.006, side), 0.6 * smoothstep(0.1, 0.02, Math.abs(t - Math.floor(t + 0.5)) * (0.6 + side)));
    for (let c = 0; c < 3; c++) p[c] *= 1 + 0.45 * vein;
    p[3] += 0.01 * vein + 0.05 * Math.sqrt(side + 0.02);
  };
  stage.fill(stroke([[0.85, 0], [1.05, 0.06]], 0.03, 0.02), coat(times(base, 0.7), 0.03));
  stage.fill(whole, layered(coat(base, 0.03, rng.range(0.05, 0.35)), mottle(cloud, 3, 0.15), patches(cloud, 5, times(base, 0.7), 0.3, 0.3, 0.5), veins));
  return name;
}

export const EDIBLE: readonly ObjectClass[] = [
  { name: 'pill', words: 'pill', synonyms: ['tablet', 'white pill', "oval white pill with small red speckles and the letters 'FF' engraved"], draw: pill, faults: ['missing', 'misplaced'], zoom: [0.35, 0.9], many: true },
  { name: 'capsule', words: 'capsule', synonyms: ['capsules', 'black and orange capsule'], draw: capsule, faults: ['missing', 'misplaced'], zoom: [0.4, 0.95], many: true },
  { name: 'hazelnut', words: 'hazelnut', synonyms: ['single brown hazelnut', 'brown nut'], draw: hazelnut, faults: ['missing'], zoom: [0.4, 0.9] },
  { name: 'cashew', words: 'cashew nut', synonyms: ['cashew'], draw: cashew, faults: ['missing'], zoom: [0.4, 0.95], many: true },
  { name: 'macaroni', words: 'macaroni', synonyms: ['orange macaroni', 'scattered yellow macaroni', 'pasta'], draw: macaroni, faults: ['missing'], zoom: [0.4, 0.95], many: true },
  { name: 'biscuit', words: 'biscuit', synonyms: ['cookie', 'round biscuit'], draw: biscuit, faults: ['missing', 'misplaced'], zoom: [0.45, 0.95] },
  { name: 'leaf', words: 'leaf', synonyms: ['green leaf', 'plant leaf'], draw: leaf, faults: ['missing'], zoom: [0.5, 0.98] },
];
