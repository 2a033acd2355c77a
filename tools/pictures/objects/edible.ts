/** Things that are eaten or grow: nuts, pasta, biscuits, leaves. */
import { atan2, clamp, cos, mix, sin, smoothstep, TAU } from '../arithmetic.js';
import { blend, type ColorName, screen, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { around, both, minus, placed, rough, union } from '../shape_ops.js';
import { arc, circle, ellipse, polar, rect, type Shape, stroke } from '../shapes.js';
import { bumps, coat, dome, glaze, ink, mottle, patches, raise, specks } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

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
  const surface = layered(
    coat(color, 0, rng.range(0.05, 0.3)),
    dome(thick, thick * 1.1),
    mottle(cloud, 4, 0.1),
    bumps(cloud, 9, 0.01),
  );
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
  const tube = stroke(
    arc(0.62, -bend, bend, 14).map(([x, y]) => [x - 0.35, y] as const),
    thick,
  );
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
  stage.fill(
    body,
    layered(
      coat(color, 0, 0.15),
      dome(thick, thick),
      rng.chance(0.4) ? ridges : raise(0),
      mottle(fractalNoise(rng, 3), 6, 0.06),
    ),
  );
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
    ? rough(
        circle(gone.range(0.3, 0.55), 0.9 * cos(gone.range(0, TAU)), gone.chance(0.5) ? 0.75 : -0.75),
        gradientNoise(gone),
        5,
        0.06,
      )
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
  const at = moved
    ? frame(moved.range(0.15, 0.3) * moved.sign(), moved.range(0.1, 0.25) * moved.sign(), 1, moved.range(0.2, 0.6))
    : frame();
  const count = 5 + rng.int(5);
  const dots = round
    ? union(around(circle(0.04, 0.55, 0), count), around(circle(0.04, 0.25, 0), 4))
    : around(circle(0.04, 0.45, 0), count);
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
    const vein = Math.max(
      smoothstep(0.022, 0.006, side),
      0.6 * smoothstep(0.1, 0.02, Math.abs(t - Math.floor(t + 0.5)) * (0.6 + side)),
    );
    for (let c = 0; c < 3; c++) p[c] *= 1 + 0.45 * vein;
    p[3] += 0.01 * vein + 0.05 * Math.sqrt(side + 0.02);
  };
  stage.fill(
    stroke(
      [
        [0.85, 0],
        [1.05, 0.06],
      ],
      0.03,
      0.02,
    ),
    coat(times(base, 0.7), 0.03),
  );
  stage.fill(
    whole,
    layered(
      coat(base, 0.03, rng.range(0.05, 0.35)),
      mottle(cloud, 3, 0.15),
      patches(cloud, 5, times(base, 0.7), 0.3, 0.3, 0.5),
      veins,
    ),
  );
  return name;
}

export const EDIBLE: readonly ObjectClass[] = [
  {
    name: 'hazelnut',
    words: 'hazelnut',
    synonyms: ['single brown hazelnut', 'brown nut'],
    draw: hazelnut,
    faults: ['missing'],
    zoom: [0.4, 0.9],
  },
  {
    name: 'cashew',
    words: 'cashew nut',
    synonyms: ['cashew'],
    draw: cashew,
    faults: ['missing'],
    zoom: [0.4, 0.95],
    many: true,
  },
  {
    name: 'macaroni',
    words: 'macaroni',
    synonyms: ['orange macaroni', 'scattered yellow macaroni', 'pasta'],
    draw: macaroni,
    faults: ['missing'],
    zoom: [0.4, 0.95],
    many: true,
  },
  {
    name: 'biscuit',
    words: 'biscuit',
    synonyms: ['cookie', 'round biscuit'],
    draw: biscuit,
    faults: ['missing', 'misplaced'],
    zoom: [0.45, 0.95],
  },
  {
    name: 'leaf',
    words: 'leaf',
    synonyms: ['green leaf', 'plant leaf'],
    draw: leaf,
    faults: ['missing'],
    zoom: [0.5, 0.98],
  },
];
