/** Nuts, screws, washers, springs, rings. */
import { clamp, cos, sin, smoothstep, TAU, zigzag } from '../arithmetic.js';
import { type Color, type ColorName, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { gradientNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { around, minus, offset, placed, rough, union } from '../shape_ops.js';
import { circle, halfPlane, outline, type Point, polygon, rect, ring, stroke } from '../shapes.js';
import { anyMetal, bevel, brushed, coat, dome, glaze, metalCoat, mottle, plasticCoat, raise } from '../surfaces.js';
import type { ObjectClass, Stage } from './object.js';

/** A broken edge: everything beyond a rough line at that distance from the middle. */
export function brokenOff(rng: Rng, distance: number, roughness = 0.08): ReturnType<typeof rough> {
  const line = halfPlane(-distance, rng.range(0, TAU));
  return rough(line, gradientNoise(rng), 6, roughness);
}

/** The inside of a threaded hole. */
function thread(stage: Stage, radius: number, color: Color, cx = 0, cy = 0): void {
  const turns = stage.rng.range(18, 28);
  const rings: Surface = (p, x, y) => {
    const r = Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy));
    const f = 0.35 + 0.5 * zigzag(r * turns) * smoothstep(radius * 0.7, radius, r);
    for (let c = 0; c < 3; c++) p[c] = color[c] * f;
    p[3] = 0.12;
    p[5] = 0.7;
  };
  stage.fill(minus(circle(radius, cx, cy), circle(radius * 0.83, cx, cy)), rings);
}

function hexNut(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const hole = rng.range(0.4, 0.55);
  const shift = stage.hit('misplaced');
  const cx = shift ? shift.range(0.12, 0.2) * shift.sign() : 0;
  const cy = shift ? shift.range(0.05, 0.15) * shift.sign() : 0;
  const chamfer: Surface = (p, x, y) => {
    p[3] -= 0.7 * Math.max(0, Math.sqrt(x * x + y * y) - 0.82);
  };
  let body = minus(polygon(6, 0.84, 0.04), circle(hole, cx, cy));
  const gone = stage.hit('missing');
  if (gone) body = minus(body, brokenOff(gone, gone.range(0.6, 0.78)));
  const lip: Surface = (p, x, y) => {
    p[3] += 0.05 * clamp((Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy)) - hole) / 0.08);
  };
  stage.fill(body, layered(metalCoat(color, rng, 0.22), brushed(rng, 0.06, 30), bevel(0.05, 0.04), chamfer, lip));
  thread(stage, hole, color, cx, cy);
  return name;
}

function notchedNut(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const hole = rng.range(0.28, 0.38);
  const wing = rect(0.2, rng.range(0.28, 0.36), 0.05, 0.82, 0);
  const gone = stage.hit('missing');
  const bent = stage.hit('misplaced');
  const change = new Map<number, ReturnType<typeof placed> | undefined>();
  if (gone) change.set(gone.int(4), undefined);
  if (bent) change.set(bent.int(4), placed(wing, bent.range(-0.12, -0.05), 0, bent.range(0.25, 0.5) * bent.sign()));
  const body = minus(union(circle(0.76), around(wing, 4, change)), circle(hole));
  stage.fill(body, layered(metalCoat(color, rng, 0.16), bevel(0.06, 0.06), mottle(gradientNoise(rng), 5, 0.08)));
  const boss = minus(circle(hole + 0.2), circle(hole));
  stage.fill(boss, layered(metalCoat(times(color, 0.85), rng, 0.24), dome(0.1, 0.04)));
  thread(stage, hole, color);
  return name;
}

function washer(stage: Stage): ColorName {
  const { rng } = stage;
  const rubber = rng.chance(0.2);
  const metal = anyMetal(rng);
  const color = rubber ? shade('black', rng) : metal.color;
  const hole = rng.range(0.35, 0.62);
  const shift = stage.hit('misplaced');
  const off = shift ? shift.range(0.12, 0.9 - hole > 0.3 ? 0.25 : 0.16) : 0;
  const turn = shift ? shift.range(0, TAU) : 0;
  let body = minus(circle(0.95), circle(hole, off * cos(turn), off * sin(turn)));
  if (rng.chance(0.3)) body = minus(body, around(rect(0.1, 0.05, 0.02, 0.95, 0), 12));
  const gone = stage.hit('missing');
  if (gone) {
    const wide = gone.range(0.08, 0.3);
    body = minus(body, placed(rect(0.6, wide, 0, 0.7, 0), 0, 0, gone.range(0, TAU)));
  }
  const skin = rubber ? plasticCoat(color, rng, 0.1) : metalCoat(color, rng, 0.08);
  stage.fill(body, layered(skin, bevel(0.05, 0.04)));
  return rubber ? 'black' : metal.name;
}

function oRing(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.chance(0.6) ? 'black' : rng.pick(['red', 'orange', 'blue', 'green', 'brown', 'white']);
  const thick = rng.range(0.07, 0.2);
  const radius = 0.96 - thick;
  const kink = stage.hit('misplaced');
  const gone = stage.hit('missing');
  let shape = ring(radius, thick);
  if (kink) {
    // Pressed in from one side.
    const deep = kink.range(0.12, 0.3);
    const turn = kink.range(0, TAU);
    const [c, s] = [cos(turn), sin(turn)];
    shape = {
      at: (x, y) => {
        const r = Math.sqrt(x * x + y * y);
        const near = clamp((c * x + s * y) / Math.max(r, 0.01) - 0.55);
        return Math.abs(r - radius + deep * near * near * 5) - thick;
      },
      box: [-1, -1, 1, 1],
    };
  }
  if (gone) shape = minus(shape, placed(rect(0.5, gone.range(0.06, 0.22), 0, 0.8, 0), 0, 0, gone.range(0, TAU)));
  stage.fill(shape, layered(plasticCoat(shade(name, rng), rng, 0.02), dome(thick, thick * 1.3)));
  return name;
}

/** A shaft with a thread along x, from x0 to x1. */
function threadedShaft(stage: Stage, part: ReturnType<typeof frame>, x0: number, x1: number, half: number, tip: number, skin: Surface, pitch: number): void {
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
  const shape = { at: (x: number, y: number) => base.at(x, y) + edge * (profile(x, y) - 0.3), box: offset(base, edge).box };
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

export const FASTENERS: readonly ObjectClass[] = [
  { name: 'hex_nut', words: 'hex nut', synonyms: ['metal nut', 'nut'], draw: hexNut, faults: ['missing', 'misplaced'], zoom: [0.35, 0.85], many: true },
  { name: 'notched_nut', words: 'notched metal nut', synonyms: ['metal nut which has four notched edges', 'metal nut'], draw: notchedNut, faults: ['missing', 'misplaced'], zoom: [0.4, 0.9] },
  { name: 'washer', words: 'washer', synonyms: ['metal washer', 'metal ring'], draw: washer, faults: ['missing', 'misplaced'], zoom: [0.3, 0.9], many: true },
  { name: 'o_ring', words: 'o-ring', synonyms: ['rubber ring', 'rubber o-ring'], draw: oRing, faults: ['missing', 'misplaced'], zoom: [0.35, 0.95] },
  { name: 'screw', words: 'screw', synonyms: ['metal screw'], draw: screw, faults: ['missing', 'misplaced'], zoom: [0.5, 0.98] },
  { name: 'spring', words: 'spring', synonyms: ['metal spring', 'coil spring'], draw: spring, faults: ['missing', 'misplaced'], zoom: [0.5, 0.95] },
];
