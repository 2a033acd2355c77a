/** Cables and circuit boards. */
import { cos, sin, TAU } from '../arithmetic.js';
import { type ColorName, screen, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { cellNoise, fractalNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { both, minus, union } from '../shape_ops.js';
import { circle, type Point, rect, stroke } from '../shapes.js';
import { bevel, coat, glaze, ink, mottle, plasticCoat } from '../surfaces.js';
import type { ObjectClass, Stage } from './object.js';

/** Colours of insulation, and of the rings that code a value. */
export const WIRES: readonly ColorName[] = [
  'red',
  'green',
  'blue',
  'yellow',
  'brown',
  'black',
  'gray',
  'orange',
  'white',
];

function cable(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['gray', 'white', 'black', 'gray', 'orange']);
  const sheath = layered(plasticCoat(shade(name, rng), rng, 0.2), bevel(0.05, 0.05));
  const wall = rng.range(0.05, 0.1);
  stage.fill(minus(circle(0.98), circle(0.98 - wall)), sheath);
  stage.fill(circle(0.98 - wall), layered(coat(shade('dark', rng), 0.08), mottle(fractalNoise(rng, 3), 8, 0.3)));
  const colors = rng.shuffled(WIRES).slice(0, 3);
  const copper = rng.chance(0.6) ? shade('copper', rng) : shade('silver', rng);
  const gone = stage.hit('missing')?.int(3);
  const moved = stage.hit('misplaced');
  const which = moved?.int(3);
  const swapped = moved?.chance(0.5);
  const strands = cellNoise(rng, 0.5);
  const count = rng.range(6, 10);
  const bundle: Surface = (p, x, y) => {
    const cell = strands(x * count, y * count);
    const f = 1.25 - 1.3 * cell.near;
    for (let c = 0; c < 3; c++) p[c] *= f;
    p[3] += (0.5 / count) * (1 - cell.near);
  };
  const turn = rng.range(0, TAU);
  for (let i = 0; i < 3; i++) {
    const own = rng.range(0.36, 0.4);
    const tint = shade(colors[i === which && swapped ? (i + 1) % 3 : i] as ColorName, rng);
    if (i === gone) continue;
    const out = i === which && !swapped ? 0.62 : 0.48;
    const a = turn + (i * TAU) / 3 + (i === which && !swapped ? 0.28 : 0);
    const at = frame(out * cos(a), out * sin(a));
    stage.fillAt(at, circle(own), layered(plasticCoat(tint, rng.fork('wire', i), 0.24), bevel(0.06, 0.05)));
    stage.fillAt(at, circle(own * 0.55), layered(coat(copper, 0.26, 0.5, 0.7), bundle));
  }
  return name;
}

/** A part on a board: chip, resistor, capacitor, pad or plug. */
function component(stage: Stage, kind: number, seed: number, x: number, y: number, turn: number): void {
  const rng = stage.rng.fork('part', seed);
  const at = frame(x, y, 1, turn);
  const tin = shade('silver', rng, 0.5);
  if (kind === 0) {
    const [w, h] = [rng.range(0.18, 0.26), rng.range(0.13, 0.2)];
    const legs = 4 + rng.int(5);
    for (let i = 0; i < legs; i++) {
      const leg = rect(0.014, h + 0.06, 0, -w + ((i + 0.5) * 2 * w) / legs, 0);
      stage.fillAt(at, leg, coat(tin, 0.13, 0.4, 0.7));
    }
    stage.fillAt(at, rect(w, h, 0.015), layered(plasticCoat(screen(38, 38, 41), rng, 0.2), bevel(0.02, 0.03)));
    stage.fillAt(at, lettering(randomText(rng, 4), 0.08, 0.007), ink(screen(190, 190, 186), 0.7));
    stage.fillAt(at, circle(0.02, -w + 0.05, h - 0.05), glaze(0.5));
  } else if (kind === 1) {
    stage.fillAt(at, rect(0.075, 0.032), coat(tin, 0.15, 0.5, 0.7));
    const body = rng.chance(0.5) ? screen(34, 34, 38) : screen(176, 142, 98);
    stage.fillAt(at, rect(0.046, 0.033), layered(coat(body, 0.17, 0.2), bevel(0.01, 0.01)));
  } else if (kind === 2) {
    const r = rng.range(0.08, 0.12);
    stage.fillAt(
      at,
      circle(r),
      layered(coat(shade(rng.pick(['dark', 'blue', 'black']), rng), 0.3, 0.4), bevel(0.03, 0.03)),
    );
    stage.fillAt(at, circle(r * 0.82), coat(tin, 0.34, 0.5, 0.8));
    stage.fillAt(at, union(rect(r * 0.6, 0.006), rect(0.006, r * 0.6)), glaze(0.6));
  } else {
    const pins = 3 + rng.int(4);
    stage.fillAt(
      at,
      rect(pins * 0.045, 0.05, 0.005),
      layered(coat(screen(236, 234, 226), 0.25, 0.2), bevel(0.015, 0.02)),
    );
    for (let i = 0; i < pins; i++) {
      stage.fillAt(
        at,
        rect(0.017, 0.017, 0, -pins * 0.045 + (i + 0.5) * 0.09, 0),
        coat(shade('gold', rng), 0.3, 0.6, 0.8),
      );
    }
  }
}

function board(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['green', 'green', 'green', 'blue', 'black', 'red']);
  const base = times(shade(name, rng), 0.75);
  const half = rng.range(0.6, 0.95);
  stage.fill(rect(0.97, half, 0.04), layered(plasticCoat(base, rng, 0.12), bevel(0.02, 0.02)));
  const trace = layered(glaze(1.45, 1.45, 1.4));
  const area = rect(0.95, half - 0.02);
  const lines = 7 + rng.int(7);
  for (let i = 0; i < lines; i++) {
    const x = rng.range(-0.85, 0.85);
    const y = rng.range(-half, half) * 0.85;
    const dx = rng.range(0.1, 0.5) * rng.sign();
    const dy = rng.range(0.05, 0.3) * rng.sign();
    const path: Point[] = [
      [x, y],
      [x + dx, y],
      [x + dx + Math.abs(dy) * rng.sign() * 0.5, y + dy],
      [x + dx, y + 2 * dy],
    ];
    stage.fill(both(stroke(path, rng.range(0.008, 0.018)), area), trace);
    stage.fill(minus(circle(0.028, x, y), circle(0.013, x, y)), coat(shade('gold', rng, 0.4), 0.125, 0.4, 0.7));
  }
  for (const [x, y] of [
    [-1, -1],
    [1, -1],
    [-1, 1],
    [1, 1],
  ] as const) {
    const at: Point = [x * 0.88, y * (half - 0.09)];
    stage.fill(minus(circle(0.07, ...at), circle(0.045, ...at)), coat(shade('silver', rng, 0.4), 0.13, 0.5, 0.8));
    stage.fill(circle(0.045, ...at), coat(screen(24, 24, 26), 0));
  }
  const columns = 4;
  const rows = half > 0.78 ? 4 : 3;
  const slots = columns * rows;
  const kinds = Array.from({ length: slots }, () => (rng.chance(0.22) ? -1 : rng.pick([0, 0, 1, 1, 1, 2, 3])));
  const used = kinds.flatMap((kind, i) => (kind >= 0 ? [i] : []));
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const which = used.length > 0 ? (gone ?? moved)?.pick(used) : undefined;
  for (let i = 0; i < slots; i++) {
    const turn = rng.chance(0.5) ? 0 : TAU / 4;
    const jx = rng.range(-0.03, 0.03);
    const jy = rng.range(-0.03, 0.03);
    const kind = kinds[i] as number;
    if (kind < 0) continue;
    const x = -0.68 + (1.36 * (i % columns)) / (columns - 1) + jx;
    const y = (half - 0.22) * ((2 * Math.floor(i / columns)) / (rows - 1) - 1) + jy;
    if (i === which && gone) {
      // The empty place shows its solder.
      for (const side of [-1, 1])
        stage.fill(
          rect(0.02, 0.026, 0, x + side * 0.055, y),
          coat(shade('silver', stage.rng.fork('pad')), 0.13, 0.4, 0.6),
        );
      continue;
    }
    const off = i === which && moved ? moved : undefined;
    component(
      stage,
      kind,
      i,
      x + (off ? off.range(0.04, 0.09) * off.sign() : 0),
      y,
      turn + (off ? off.range(0.3, 0.9) * off.sign() : 0),
    );
  }
  return name;
}

export const WIRING: readonly ObjectClass[] = [
  {
    name: 'cable',
    words: 'cable',
    synonyms: ['top view of three cables', 'three cables'],
    draw: cable,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
  {
    name: 'circuit_board',
    words: 'circuit board',
    synonyms: ['pcb', 'pcb module', 'integrated circuits board'],
    draw: board,
    faults: ['missing', 'misplaced'],
    zoom: [0.65, 1.1],
  },
];
