/** Printed things: labels, gauges, pages; and lenses. */
import { cos, PI, sin, TAU } from '../arithmetic.js';
import { blend, type ColorName, screen, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { fractalNoise } from '../noise.js';
import { layered } from '../scene.js';
import { around, both, minus, union } from '../shape_ops.js';
import { circle, outline, rect, type Shape } from '../shapes.js';
import { bevel, coat, dome, ink, metalCoat, mottle, plasticCoat, rim } from '../surfaces.js';
import type { ObjectClass, Stage } from './object.js';

function barcode(stage: Stage, x: number, y: number, w: number, h: number): Shape {
  const bars: Shape[] = [];
  for (let at = -w; at < w - 0.03; ) {
    const wide = stage.rng.range(0.008, 0.03);
    bars.push(rect(wide, h, 0, x + at + wide, y));
    at += 2 * wide + stage.rng.range(0.015, 0.05);
  }
  return union(...bars);
}

function label(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['white', 'white', 'white', 'yellow', 'red', 'blue', 'green', 'silver']);
  const half = rng.range(0.5, 0.8);
  const paper = blend(shade(name, rng), shade('white', rng), name === 'white' ? 0 : 0.25);
  stage.fill(
    rect(0.97, half, rng.range(0.02, 0.1)),
    layered(coat(paper, 0.012, rng.range(0.05, 0.3)), mottle(fractalNoise(rng, 3), 4, 0.03)),
  );
  const dark =
    name === 'red' || name === 'blue' || name === 'green'
      ? shade('white', rng)
      : shade(rng.pick(['black', 'black', 'dark', 'blue', 'red']), rng);
  const print = ink(dark, 0.92);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const lines = 3 + rng.int(3);
  const which = (gone ?? moved)?.int(lines);
  const step = (half * 1.7) / lines;
  for (let i = 0; i < lines; i++) {
    const height = step * rng.range(0.35, 0.6);
    const letters = Math.min(11, Math.floor(1.7 / (height * 0.8)));
    const text = randomText(rng, Math.max(3, letters - rng.int(3)));
    const code = i === lines - 1 && rng.chance(0.6);
    const bars = barcode(stage, 0, 0, 0.75, step * 0.4);
    if (i === which && gone) continue;
    const off =
      i === which && moved
        ? frame(moved.range(-0.1, 0.15), moved.range(-0.3, 0.3) * step, 1, moved.range(0.08, 0.25) * moved.sign())
        : frame();
    const y = -half * 0.85 + step * (i + 0.5);
    stage.fillAt(frame(off.x, y + off.y, 1, off.angle), code ? bars : lettering(text, height, height * 0.09), print);
  }
  if (rng.chance(0.5)) stage.fill(minus(rect(0.92, half - 0.05), rect(0.9, half - 0.07)), print);
  return name;
}

function gauge(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['black', 'silver', 'gold', 'white', 'red', 'blue']);
  const rimSkin =
    name === 'silver' || name === 'gold'
      ? metalCoat(shade(name, rng), rng, 0.2)
      : plasticCoat(shade(name, rng), rng, 0.2);
  const night = rng.chance(0.25);
  const face = night ? screen(36, 38, 42) : shade('white', rng);
  const mark = night ? shade('white', rng) : screen(34, 34, 36);
  stage.fill(circle(0.97), layered(rimSkin, dome(0.1, 0.1)));
  stage.fill(circle(0.84), layered(coat(face, 0.1, 0.15), rim(0.06, 0.35)));
  const ticks = rng.pick([12, 24, 36, 60]);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const lost = gone?.chance(0.5) ? 1 : 0;
  const at = moved
    ? frame(moved.range(0.08, 0.15) * moved.sign(), moved.range(0.05, 0.12) * moved.sign(), 1, moved.range(0.05, 0.2))
    : frame();
  stage.fillAt(at, around(rect(0.035, 0.008, 0, 0.76, 0), ticks), ink(mark, 0.95));
  stage.fillAt(at, around(rect(0.055, 0.014, 0, 0.74, 0), 12), ink(mark, 0.95));
  for (let i = 0; i < 12; i++) {
    const a = (i * TAU) / 12 - PI / 2;
    const digits = String(i === 0 ? 12 : i);
    stage.fillAt(frame(at.x + 0.58 * cos(a), at.y + 0.58 * sin(a)), lettering(digits, 0.13, 0.013), ink(mark, 0.95));
  }
  const hands = 1 + rng.int(3);
  for (let i = 0; i < hands; i++) {
    const a = rng.range(0, TAU);
    const long = rng.range(0.4, 0.68);
    const hand = outline([
      [-0.1, -0.025],
      [long, -0.008],
      [long, 0.008],
      [-0.1, 0.025],
    ]);
    const tint = i === 2 ? shade('red', rng) : mark;
    if (gone && i === 0) {
      if (!lost) stage.fillAt(frame(0, 0, 0.4, a), hand, coat(tint, 0.35, 0.2));
      continue;
    }
    stage.fillAt(frame(0, 0, 1, a), hand, coat(tint, 0.14, 0.2));
  }
  stage.fill(circle(0.05), layered(coat(times(mark, 1.2), 0.15, 0.4), dome(0.05, 0.04)));
  return name;
}

function page(stage: Stage): ColorName {
  const { rng } = stage;
  const half = rng.range(0.7, 0.97);
  const name: ColorName = rng.chance(0.8) ? 'white' : 'beige';
  stage.fill(rect(0.97, half, 0.01), layered(coat(shade(name, rng), 0.01), mottle(fractalNoise(rng, 4), 2, 0.05)));
  const height = rng.range(0.045, 0.08);
  const rows = Math.floor((half * 1.75) / (height * 2));
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const which = (gone ?? moved)?.int(Math.max(1, rows - 1)) ?? -9;
  const tint = screen(40, 40, 44);
  for (let i = 0; i < rows; i++) {
    const y = -half * 0.88 + height * 2 * (i + 0.5);
    let x = -0.85;
    const end = rng.chance(0.2) ? rng.range(-0.3, 0.6) : 0.85;
    const on = i === which || i === which + 1;
    const tilt = on && moved ? 0.12 : 0;
    while (x < end) {
      const long = Math.min(2 + rng.int(7), Math.floor((0.95 - x) / (height * 0.8)));
      const w = long * height * 0.8;
      if (long < 1) break;
      const word = lettering(randomText(rng, long), height, height * 0.1);
      if (!(on && gone)) stage.fillAt(frame(x + w / 2, y + tilt * x, 1, tilt), word, ink(tint, 0.9));
      x += w + height;
    }
  }
  return name;
}

function lens(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['black', 'black', 'silver', 'gray']);
  const outer = name === 'black' ? plasticCoat(shade(name, rng), rng, 0.25) : metalCoat(shade(name, rng), rng, 0.25);
  stage.fill(circle(0.97), layered(outer, dome(0.06, 0.06)));
  const moved = stage.hit('misplaced');
  const off: [number, number] = moved
    ? [moved.range(0.05, 0.1) * moved.sign(), moved.range(0.05, 0.1) * moved.sign()]
    : [0, 0];
  const glass = rng.range(0.5, 0.66);
  const rings = 2 + rng.int(3);
  for (let i = 0; i < rings; i++) {
    const r = 0.86 - ((0.86 - glass) * i) / rings;
    stage.fill(circle(r), layered(plasticCoat(screen(40, 40, 44), rng, 0.22 - 0.05 * i), bevel(0.04, -0.03)));
  }
  const gone = stage.hit('missing');
  const letters = 8 + rng.int(8);
  for (let i = 0; i < letters; i++) {
    const a = i * 0.2 + 3.6;
    const glyph = lettering(randomText(rng, 1), 0.09, 0.011);
    stage.fillAt(frame(0.78 * cos(a), 0.78 * sin(a), 1, a + PI / 2), glyph, ink(screen(210, 210, 206), 0.8));
  }
  const coating = blend(
    shade(rng.pick(['purple', 'blue', 'green', 'orange']), rng),
    screen(10, 10, 14),
    rng.range(0.6, 0.85),
  );
  if (gone) stage.fill(circle(glass), coat(screen(14, 14, 15), -0.1));
  else
    stage.fillAt(
      frame(...off),
      circle(glass),
      layered(coat(coating, 0.08, 1), dome(glass, glass * 0.5), rim(glass, 0.5)),
    );
  const pool = both(circle(glass * 0.85), circle(glass * 0.9, glass * 0.35, glass * 0.3));
  const shine = circle(glass * rng.range(0.1, 0.2), -glass * 0.4, -glass * 0.35);
  if (!gone) {
    stage.fillAt(frame(...off), pool, ink(times(coating, 2.2), 0.35));
    stage.fillAt(frame(...off), shine, ink(screen(235, 238, 242), 0.75), { soft: 0.05 });
  }
  return name;
}

export const PRINTED: readonly ObjectClass[] = [
  {
    name: 'label',
    words: 'label',
    synonyms: ['printed label', 'paper label'],
    draw: label,
    faults: ['missing', 'misplaced'],
    zoom: [0.55, 1.1],
  },
  {
    name: 'gauge',
    words: 'gauge',
    synonyms: ['clock', 'round gauge'],
    draw: gauge,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.98],
  },
  {
    name: 'page',
    words: 'printed page',
    synonyms: ['page', 'printed text'],
    draw: page,
    faults: ['missing', 'misplaced'],
    zoom: [0.8, 1.3],
    upright: true,
  },
  {
    name: 'lens',
    words: 'lens',
    synonyms: ['camera lens', 'glass lens'],
    draw: lens,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
];
