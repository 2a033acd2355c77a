/** Nuts, washers and rings. */
import { clamp, cos, sin, smoothstep, TAU, zigzag } from '../arithmetic.js';
import { type Color, type ColorName, shade, times } from '../colors.js';
import { gradientNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { around, minus, placed, union } from '../shape_ops.js';
import { circle, polygon, rect, ring } from '../shapes.js';
import { anyMetal, bevel, brushed, dome, metalCoat, mottle, plasticCoat } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

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

export const FASTENERS: readonly ObjectClass[] = [
  {
    name: 'hex_nut',
    words: 'hex nut',
    synonyms: ['metal nut', 'nut'],
    draw: hexNut,
    faults: ['missing', 'misplaced'],
    zoom: [0.35, 0.85],
    many: true,
  },
  {
    name: 'notched_nut',
    words: 'notched metal nut',
    synonyms: ['metal nut which has four notched edges', 'metal nut'],
    draw: notchedNut,
    faults: ['missing', 'misplaced'],
    zoom: [0.4, 0.9],
  },
  {
    name: 'washer',
    words: 'washer',
    synonyms: ['metal washer', 'metal ring'],
    draw: washer,
    faults: ['missing', 'misplaced'],
    zoom: [0.3, 0.9],
    many: true,
  },
  {
    name: 'o_ring',
    words: 'o-ring',
    synonyms: ['rubber ring', 'rubber o-ring'],
    draw: oRing,
    faults: ['missing', 'misplaced'],
    zoom: [0.35, 0.95],
  },
];
