/** Things of the house: bottles, cups, lids, buttons, brushes, coins, candles, zippers, gauges, labels, lenses. */
import { atan2, cos, fract, PI, sin, smoothstep } from '../arithmetic.js';
import { blend, type ColorName, screen, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { cellNoise, fractalNoise, gradientNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { around, both, minus, placed, rough, union } from '../shape_ops.js';
import { circle, ellipse, polar, rect, ring, type Shape, stroke } from '../shapes.js';
import { anyMetal, bevel, bumps, coat, dome, glaze, metalCoat, mottle, plasticCoat, raise, rim } from '../surfaces.js';
import { brokenOff } from './fasteners.js';
import type { ObjectClass, Stage } from './object.js';

function bottle(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['dark', 'dark', 'brown', 'green', 'blue', 'white']);
  const glass = times(shade(name, rng), 0.7);
  const body = rng.range(0.9, 0.97);
  const neck = rng.range(0.5, 0.64);
  const moved = stage.hit('misplaced');
  const off: [number, number] = moved ? [moved.range(0.1, 0.2) * moved.sign(), moved.range(0.05, 0.15) * moved.sign()] : [0, 0];
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
  if (gone) lip = minus(lip, rough(circle(gone.range(0.12, 0.3), neck * 0.85 * cos(gone.range(0, 1)), neck * 0.6 * gone.sign()), gradientNoise(gone), 7, 0.06));
  stage.fillAt(frame(...off), lip, layered(coat(times(glass, 1.3), 0.5, 0.9, 0.4), dome((neck - bore) / 2, 0.1), streaks));
  stage.fillAt(frame(...off), circle(bore), layered(coat(screen(16, 15, 15), 0.05, 0.1), rim(0.1, -1.2), mottle(sheen, 2, 0.3)));
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
  if (!gone || broken) stage.fillAt(frame(r + 0.1, 0), minus(rect(0.2, 0.11, 0.1), rect(0.12, 0.045, 0.04)), layered(skin, dome(0.05, 0.06)));
  let wall: Shape = circle(r);
  if (gone && broken) wall = minus(wall, rough(circle(gone.range(0.12, 0.25), -r * 0.9, r * 0.4 * gone.sign()), gradientNoise(gone), 7, 0.05));
  stage.fill(wall, layered(skin, dome(0.05, 0.05)));
  const drink = rng.pick([screen(52, 30, 20), screen(110, 66, 36), screen(150, 90, 30), screen(200, 196, 186)]);
  const inner = r * rng.range(0.84, 0.92);
  stage.fill(circle(inner), layered(coat(blend(shade(name, rng), drink, 0.15), 0.2), glaze(0.75)));
  const moved = stage.hit('misplaced');
  const at = moved ? frame(moved.range(0.06, 0.12), moved.range(-0.08, 0.08)) : frame();
  stage.fillAt(at, circle(inner * 0.93), layered(coat(drink, 0.16, 0.5), rim(0.08, -0.35), mottle(fractalNoise(rng, 3), 3, 0.1)));
  return name;
}

function canLid(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const skin = metalCoat(color, rng, 0.1);
  const steps = rng.range(0.62, 0.8);
  const grooves: Surface = (p, x, y) => {
    const r = Math.sqrt(x * x + y * y);
    p[3] -= 0.06 * smoothstep(0.9, 0.86, r) - 0.05 * smoothstep(steps, steps - 0.04, r) + 0.03 * smoothstep(0.04, 0, Math.abs(r - 0.5));
  };
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  stage.fill(circle(0.97), layered(skin, dome(0.05, 0.06), grooves));
  stage.fill(minus(ellipse(0.36, 0.3, -0.32, 0), ellipse(0.34, 0.28, -0.32, 0)), layered(glaze(0.6), raise(-0.02)));
  const turn = moved ? moved.range(0.4, 1.6) * moved.sign() : 0;
  const shift = moved?.chance(0.4) ? 0.15 : 0;
  const tab = minus(rect(0.27, 0.15, 0.13, 0.12, 0), ellipse(0.12, 0.08, 0.22, 0));
  if (!gone) stage.fillAt(frame(shift, shift, 1, turn), tab, layered(coat(times(color, 1.05), 0.2, 0.6, 0.9), bevel(0.04, 0.05)));
  stage.fill(circle(0.055), layered(coat(times(color, 0.9), 0.22, 0.6, 0.9), dome(0.05, 0.04)));
  return name;
}

function button(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['white', 'black', 'brown', 'red', 'blue', 'green', 'beige', 'gray', 'pink', 'yellow']);
  const count = rng.chance(0.6) ? 4 : 2;
  const out = rng.range(0.18, 0.28);
  const radius = rng.range(0.075, 0.12);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const hole = circle(radius, out, 0);
  const change = new Map<number, Shape | undefined>();
  const chipped = gone?.chance(0.5);
  if (gone && !chipped) change.set(gone.int(count), undefined);
  if (moved) change.set(moved.int(count), circle(radius, out + moved.range(0.13, 0.25), moved.range(-0.12, 0.12)));
  const turned = placed(around(hole, count, change), 0, 0, PI / count);
  let body: Shape = minus(circle(0.95), turned);
  if (gone && chipped) body = minus(body, brokenOff(gone, gone.range(0.55, 0.8)));
  const cloud = fractalNoise(rng, 4);
  const rimWidth = rng.range(0.12, 0.22);
  const dished: Surface = (p, x, y) => {
    const r = Math.sqrt(x * x + y * y);
    p[3] -= 0.09 * smoothstep(0.95 - rimWidth, 0.95 - rimWidth - 0.07, r);
  };
  stage.fill(body, layered(plasticCoat(shade(name, rng), rng, 0.14), mottle(cloud, 2, rng.range(0, 0.2)), dome(0.08, 0.08), dished));
  return name;
}

function toothbrush(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['blue', 'green', 'white', 'red', 'pink', 'yellow', 'orange']);
  const half = rng.range(0.34, 0.42);
  stage.fill(union(rect(0.72, half, half * 0.9, -0.2, 0), rect(0.3, 0.13, 0.05, 0.75, 0)), layered(plasticCoat(shade(name, rng), rng, 0.04), dome(0.12, 0.1)));
  const columns = 7 + rng.int(4);
  const rows = 4;
  const tints = [shade('white', rng), shade(rng.pick(['blue', 'green', 'white', 'red', 'yellow']), rng)];
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const hitColumn = (gone ?? moved)?.int(columns);
  const hitRow = (gone ?? moved)?.int(rows);
  const stripes = rng.int(3);
  const bristle = cellNoise(rng, 0.8);
  const r = Math.min(0.62 / columns, half * 0.235);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < rows; j++) {
      const seedX = rng.range(-0.01, 0.01);
      const seedY = rng.range(-0.01, 0.01);
      const x = -0.78 + (1.16 * i) / (columns - 1) + seedX;
      const y = (half * 0.68 * (2 * j)) / (rows - 1) - half * 0.68 + seedY;
      // The head is round: corners hold no tufts.
      if ((i === 0 || i === columns - 1) && (j === 0 || j === rows - 1)) continue;
      const near = hitColumn !== undefined && hitRow !== undefined && Math.abs(i - hitColumn) < 2 && Math.abs(j - hitRow) < 2;
      if (gone && near) continue;
      const own = moved && near ? moved : undefined;
      const at = frame(x + (own ? own.range(-0.13, 0.13) : 0), y + (own ? own.range(-0.13, 0.13) : 0));
      const tint = tints[stripes === 0 ? 0 : stripes === 1 ? Number(j === 0 || j === rows - 1) : i & 1] as readonly [number, number, number];
      const ends: Surface = (p, px, py) => {
        const cell = bristle((px + x) * 34, (py + y) * 34);
        const f = 1.15 - 0.75 * cell.near;
        for (let c = 0; c < 3; c++) p[c] *= f;
        p[3] += 0.012 * (1 - cell.near);
      };
      const stretch = own ? own.range(1.2, 1.7) : 1;
      stage.fillAt(at, ellipse(r * stretch, r), layered(coat(tint, 0.3), dome(r, 0.1), ends));
    }
  }
  return name;
}

function coin(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['silver', 'gold', 'copper', 'brown', 'gray']);
  const color = shade(name, rng, 0.7);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  let body: Shape = circle(0.97);
  if (gone) body = minus(body, brokenOff(gone, gone.range(0.5, 0.8), 0.06));
  const worn = fractalNoise(rng, 4);
  stage.fill(body, layered(metalCoat(color, rng, 0.06), dome(0.03, 0.03), mottle(worn, 3, rng.range(0.05, 0.25))));
  const at = moved ? frame(moved.range(0.1, 0.22) * moved.sign(), moved.range(0.05, 0.2) * moved.sign(), 1, moved.range(0, 0.5)) : frame();
  const inside = placed(body, -at.x, -at.y);
  const emboss = (shape: Shape, height: number) => stage.fillAt(at, both(shape, inside), layered(raise(height), glaze(1.06)), { soft: 0.03 });
  emboss(ring(0.9, 0.045), 0.03);
  const beads = 30 + rng.int(30);
  if (rng.chance(0.5)) emboss(around(circle(0.018, 0.81, 0), beads), 0.02);
  if (rng.chance(0.5)) {
    // A head in profile: skull, nose, neck.
    const lumps = fractalNoise(rng, 3);
    const head = union(ellipse(0.3, 0.36, 0, -0.12), polar(() => 0.09, 0.1), ellipse(0.12, 0.08, -0.28, -0.05), rect(0.16, 0.25, 0.08, 0.04, 0.34), ellipse(0.36, 0.12, 0.02, 0.56));
    emboss(head, 0.045);
    stage.fillAt(at, both(ellipse(0.27, 0.22, 0.04, -0.26), inside), bumps(lumps, 14, 0.02));
  } else emboss(lettering(randomText(rng, 1 + rng.int(2)), rng.range(0.5, 0.75), 0.05), 0.045);
  const letters = 7 + rng.int(8);
  const from = rng.range(2.6, 3.4);
  for (let i = 0; i < letters; i++) {
    const a = from + i * 0.21;
    stage.fillAt(frame(at.x + 0.7 * cos(a), at.y + 0.7 * sin(a), 1, a + PI / 2), lettering(randomText(rng, 1), 0.12, 0.014), layered(raise(0.025), glaze(1.08)));
  }
  return name;
}

function candle(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['white', 'white', 'red', 'yellow', 'green', 'blue', 'pink', 'beige']);
  const wax = shade(name, rng);
  const tin = rng.chance(0.6);
  if (tin) stage.fill(minus(circle(0.97), circle(0.86)), layered(metalCoat(shade('silver', rng), rng, 0.3), dome(0.05, 0.05)));
  const r = tin ? 0.88 : 0.95;
  const cloud = fractalNoise(rng, 3);
  const surface = layered(coat(wax, 0.2, rng.range(0.1, 0.5)), dome(0.15, 0.06), mottle(cloud, 2, 0.06), bumps(cloud, 3, 0.015));
  stage.fill(circle(r), surface);
  const pool = rough(circle(rng.range(0.2, 0.5)), cloud, 2, 0.08);
  stage.fill(pool, layered(raise(-0.03), glaze(0.88)), { soft: 0.08 });
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const x = moved ? moved.range(0.25, 0.5) * moved.sign() : 0;
  const y = moved ? moved.range(0.1, 0.4) * moved.sign() : 0;
  const lean: [number, number] = [rng.range(-0.08, 0.08), rng.range(-0.2, -0.1)];
  const burnt = rng.chance(0.5);
  if (!gone) stage.fill(stroke([[x, y], [x + lean[0], y + lean[1]]], 0.045, 0.03), layered(coat(burnt ? screen(38, 32, 30) : screen(226, 220, 204), 0.36), dome(0.04, 0.06)));
  return name;
}

function zipper(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['black', 'black', 'blue', 'gray', 'brown', 'red', 'green', 'white']);
  const cloth = shade(name, rng);
  const count = rng.range(30, 60);
  const weave: Surface = (p, x, y) => {
    const f = 0.8 + 0.3 * Math.abs(fract(y * count) - 0.5) + 0.25 * Math.abs(fract(x * count * 0.6) - 0.5);
    for (let c = 0; c < 3; c++) p[c] *= f;
    p[3] += 0.006 * Math.abs(fract(y * count) - 0.5);
  };
  const half = rng.range(0.42, 0.6);
  stage.fill(rect(half, 3), layered(coat(cloth, 0.03), weave, mottle(fractalNoise(rng, 3), 3, 0.06)));
  const metal = rng.chance(0.5);
  const tint = metal ? shade(rng.pick(['silver', 'gold', 'copper']), rng) : times(cloth, 1.2);
  const pitch = rng.range(0.075, 0.12);
  const long = rng.range(0.12, 0.17);
  stage.fill(rect(long * 1.5, 3), layered(glaze(0.62), raise(0.01)));
  const skin = layered(coat(tint, 0.1, 0.5, metal ? 0.8 : 0), bevel(pitch * 0.25, pitch * 0.3));
  const teeth = Math.ceil(1.6 / pitch);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const hit = (gone ?? moved)?.int(Math.floor(teeth * 0.9)) ?? 0;
  const length = (gone ?? moved) ? 1 + ((gone ?? moved)?.int(5) ?? 0) : 0;
  for (let k = -teeth; k <= teeth; k++) {
    const side = k & 1 ? 1 : -1;
    const at = k + teeth * 0.45;
    const on = at >= hit && at < hit + length;
    if (on && gone) continue;
    const apart = on && moved ? side * moved.range(0.05, 0.12) : 0;
    const lean = on && moved ? moved.range(-0.5, 0.5) : 0;
    stage.fillAt(frame(side * long * 0.35 + apart, k * pitch * 0.62, 1, lean), rect(long * 0.62, pitch * 0.25, pitch * 0.1), skin);
  }
  return name;
}

export const HOUSEHOLD: readonly ObjectClass[] = [
  { name: 'bottle', words: 'bottle', synonyms: ['dark bottle', 'glass bottle', 'top view of a bottle'], draw: bottle, faults: ['missing', 'misplaced'], zoom: [0.5, 0.95] },
  { name: 'cup', words: 'cup', synonyms: ['coffee cup', 'top view of a cup'], draw: cup, faults: ['missing', 'misplaced'], zoom: [0.5, 0.95] },
  { name: 'can_lid', words: 'can lid', synonyms: ['metal can', 'top view of a can'], draw: canLid, faults: ['missing', 'misplaced'], zoom: [0.5, 0.95] },
  { name: 'button', words: 'button', synonyms: ['plastic button', 'round button'], draw: button, faults: ['missing', 'misplaced'], zoom: [0.35, 0.9], many: true },
  { name: 'toothbrush', words: 'toothbrush', synonyms: ['toothbrush head', 'brush'], draw: toothbrush, faults: ['missing', 'misplaced'], zoom: [0.6, 1] },
  { name: 'coin', words: 'coin', synonyms: ['metal coin', 'round coin'], draw: coin, faults: ['missing', 'misplaced'], zoom: [0.35, 0.9], many: true },
  { name: 'candle', words: 'candle', synonyms: ['wax candle', 'round candle'], draw: candle, faults: ['missing', 'misplaced'], zoom: [0.4, 0.9], many: true },
  { name: 'zipper', words: 'zipper', synonyms: ['a black zipper', 'metal zipper'], draw: zipper, faults: ['missing', 'misplaced'], zoom: [0.7, 1.3] },
];
