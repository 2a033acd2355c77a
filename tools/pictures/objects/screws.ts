/** Screws and springs. */
import { clamp, smoothstep, zigzag } from '../arithmetic.js';
import type { ColorName } from '../colors.js';
import { frame } from '../frame.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { minus, offset, placed } from '../shape_ops.js';
import { outline, type Point, rect, stroke } from '../shapes.js';
import { anyMetal, coat, dome, glaze, metalCoat, raise } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

/** A shaft with a thread along x, from x0 to x1. */
function threadedShaft(
  stage: Stage,
  part: ReturnType<typeof frame>,
  x0: number,
  x1: number,
  half: number,
  tip: number,
  skin: Surface,
  pitch: number,
): void {
  const edge = half * 0.16;
  const points: Point[] = [
    [x0, -half],
    [x1 - tip, -half],
    [x1, -half * 0.12],
    [x1, half * 0.12],
    [x1 - tip, half],
    [x0, half],
  ];
  const base = outline(points);
  const profile = (x: number, y: number) => zigzag((x + y * 0.22) * pitch);
  const shape = {
    at: (x: number, y: number) => base.at(x, y) + edge * (profile(x, y) - 0.3),
    box: offset(base, edge).box,
  };
  const round: Surface = (p, x, y) => {
    const t = clamp(Math.abs(y) / half);
    const groove = profile(x, y);
    p[3] += half * 0.9 * Math.sqrt(1 - t * t) - edge * 1.2 * groove;
    const f = 1 - 0.4 * groove;
    for (let c = 0; c < 3; c++) p[c] *= f;
  };
  stage.fillAt(part, shape, layered(skin, round));
}

function screw(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const skin = metalCoat(color, rng, 0.02);
  const half = rng.range(0.1, 0.15);
  const pitch = rng.range(9, 15);
  const tip = rng.range(0.15, 0.3);
  const neck = rng.range(0.05, 0.3);
  const headHalf = half * rng.range(1.8, 2.3);
  const bent = stage.hit('misplaced');
  const gone = stage.hit('missing');
  const broken = gone?.int(2);
  const end = broken === 0 ? (gone as Rng).range(0.2, 0.7) : 0.98;
  if (bent) {
    const where = bent.range(-0.1, 0.45);
    const angle = bent.range(0.15, 0.5) * bent.sign();
    const lever: ReturnType<typeof frame> = frame(where, 0, 1, angle);
    threadedShaft(stage, lever, -0.02, 0.98 - where, half, tip, skin, pitch);
    threadedShaft(stage, frame(), -0.7, where + 0.03, half, 0.03, skin, pitch);
  } else threadedShaft(stage, frame(), -0.7, end, half, broken === 0 ? 0.02 : tip, skin, pitch);
  const round: Surface = (p, _x, y) => {
    const t = clamp(Math.abs(y) / half);
    p[3] += half * 0.85 * Math.sqrt(1 - t * t);
  };
  stage.fill(rect(neck / 2 + 0.05, half * 0.92, 0, -0.72 + neck / 2), layered(skin, round));
  const flat = rng.chance(0.5);
  const head = outline(
    flat
      ? [
          [-0.95, -headHalf],
          [-0.88, -headHalf],
          [-0.66, -half],
          [-0.66, half],
          [-0.88, headHalf],
          [-0.95, headHalf],
        ]
      : [
          [-0.97, -headHalf * 0.55],
          [-0.9, -headHalf * 0.9],
          [-0.74, -headHalf],
          [-0.74, headHalf],
          [-0.9, headHalf * 0.9],
          [-0.97, headHalf * 0.55],
        ],
  );
  const chip = broken === 1 ? brokenOff(gone as Rng, headHalf * 0.3, 0.04) : undefined;
  const headRound: Surface = (p, _x, y) => {
    const t = clamp(Math.abs(y) / headHalf);
    p[3] += headHalf * 0.8 * Math.sqrt(1 - t * t);
  };
  const whole = chip ? minus(head, placed(chip, -0.85, 0)) : head;
  stage.fill(whole, layered(skin, headRound));
  return name;
}

function spring(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const coils = 6 + rng.int(6);
  const half = rng.range(0.28, 0.45);
  const wire = Math.min(0.075, 0.42 / coils) * rng.range(0.8, 1.2);
  const gone = stage.hit('missing');
  const pulled = stage.hit('misplaced');
  const last = gone ? coils - 1 - gone.int(Math.max(1, coils >> 1)) : coils;
  const where = pulled ? 1 + pulled.int(coils - 2) : -1;
  const gap = pulled ? pulled.range(0.35, 0.8) : 0;
  const step = 1.8 / coils;
  const place = (t: number) => {
    const pull = where >= 0 ? gap * smoothstep(where, where + 1, t) : 0;
    return -0.9 + (step * (t + pull)) / (where >= 0 ? 1 + (gap * step) / 1.9 : 1);
  };
  const skin = coat(color, 0, rng.range(0.3, 0.7), 0.85);
  // The far halves of the coils first, then the near ones.
  for (const near of [false, true]) {
    for (let i = 0; i < last; i++) {
      const a: Point = near ? [place(i + 0.5), half] : [place(i), -half];
      const b: Point = near ? [place(i + 1), -half] : [place(i + 0.5), half];
      const [height, light] = near ? [0.3, 1] : [0.05, 0.5];
      stage.fill(stroke([a, b], wire), layered(skin, glaze(light), raise(height), dome(wire, wire * 1.5)));
    }
  }
  return name;
}

export const SCREWS: readonly ObjectClass[] = [
  {
    name: 'screw',
    words: 'screw',
    synonyms: ['metal screw'],
    draw: screw,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.98],
  },
  {
    name: 'spring',
    words: 'spring',
    synonyms: ['metal spring', 'coil spring'],
    draw: spring,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
];
