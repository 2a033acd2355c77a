/** Materials from trees: wood, bark, cork, cardboard, paper. */
import { clamp, fract, mix, smoothstep, zigzag } from '../arithmetic.js';
import { blend, type Color, type ColorName, screen, shade, times } from '../colors.js';
import { cellNoise, fractalNoise, gradientNoise, latticeNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { bumps, coat, mottle } from '../surfaces.js';
import type { Look, Texture } from './texture.js';

const WOODS: readonly (readonly [light: Color, name: ColorName])[] = [
  [screen(206, 170, 122), 'beige'],
  [screen(190, 142, 92), 'brown'],
  [screen(160, 106, 62), 'brown'],
  [screen(126, 78, 46), 'brown'],
  [screen(140, 72, 46), 'red'],
  [screen(92, 62, 42), 'dark'],
  [screen(158, 150, 138), 'gray'],
];

function wood(rng: Rng): Look {
  const [tone, color] = rng.pick(WOODS);
  const light = times(tone, rng.range(0.8, 1.2));
  const dark = times(light, rng.range(0.25, 0.6));
  const warp = fractalNoise(rng, 3);
  const fine = gradientNoise(rng);
  const rings = rng.range(6, 22);
  const wave = rng.range(0.5, 2.5);
  const pores = rng.range(0.08, 0.3);
  const contrast = rng.range(0.5, 1.1);
  const plank = rng.chance(0.35) ? rng.range(0.35, 0.8) : 0;
  const shift = latticeNoise(rng);
  const gloss = rng.range(0, 0.25);
  const surface: Surface = (p, x, y) => {
    let px = x;
    let own = 0;
    let seam = 0;
    if (plank > 0) {
      const n = Math.floor(y / plank);
      own = shift(n, 0);
      px += 40 * own;
      seam = smoothstep(0.012, 0.004, Math.abs(fract(y / plank + 0.5) - 0.5) * plank);
    }
    const bend = warp(px * 0.28, y * 1.2 + own * 31);
    const ring = fract(y * rings * 0.5 + bend * wave + own * 7);
    // Late wood: a slow rise and a sharp fall.
    const grain = ring * ring * smoothstep(1, 0.85, ring);
    const pore = fine(px * 5, y * 90 + own * 50) + 0.6 * fine(px * 11 + 3, y * 190);
    const share = clamp(contrast * grain * 1.6 + pores * pore + 0.15 * bend);
    const f = (1 + 0.18 * (own - 0.5)) * (1 - 0.75 * seam);
    p[0] = mix(light[0], dark[0], share) * f;
    p[1] = mix(light[1], dark[1], share) * f;
    p[2] = mix(light[2], dark[2], share) * f;
    p[3] = -0.001 * pore - 0.012 * seam;
    p[4] = gloss;
    p[5] = 0;
  };
  return { surface, color };
}

function bark(rng: Rng): Look {
  const base = shade(rng.pick(['brown', 'gray', 'dark']), rng);
  const field = fractalNoise(rng, 5, 0.6);
  const stretch = rng.range(0.15, 0.4);
  const surface: Surface = (p, x, y) => {
    const w = field(x * 1.5, y * 1.5) * 0.4;
    const n = field((x * stretch + w * 0.2) * 5 + 9, (y + w) * 5);
    const ridge = 1 - Math.abs(n) * 1.6;
    const f = 0.3 + 0.9 * clamp(1 - ridge * 0.8);
    p[0] = base[0] * f;
    p[1] = base[1] * f;
    p[2] = base[2] * f * 0.95;
    p[3] = -0.05 * clamp(ridge);
    p[4] = 0;
    p[5] = 0;
  };
  return { surface, color: 'brown' };
}

function cork(rng: Rng): Look {
  const base = screen(rng.range(176, 206), rng.range(132, 152), rng.range(86, 104));
  const dark = screen(96, 60, 34);
  const cells = cellNoise(rng);
  const fine = fractalNoise(rng, 3, 0.6);
  const frequency = rng.range(9, 18);
  const share = rng.range(0.1, 0.3);
  const surface: Surface = (p, x, y) => {
    const n = fine(x * 14, y * 14);
    const cell = cells(x * frequency + 0.25 * n, y * frequency + 0.25 * n);
    const gap = smoothstep(0.12, 0.0, cell.next - cell.near);
    const own = cell.id < share ? 0.55 + 0.4 * n : 0.5 * (cell.id - share) * 0.6;
    const s = clamp(own + 0.6 * gap + 0.18 * n);
    p[0] = mix(base[0], dark[0], s);
    p[1] = mix(base[1], dark[1], s);
    p[2] = mix(base[2], dark[2], s);
    p[3] = -0.006 * gap + 0.003 * n - (cell.id < share ? 0.004 : 0);
    p[4] = 0;
    p[5] = 0;
  };
  return { surface, color: 'brown' };
}

function cardboard(rng: Rng): Look {
  const base = screen(rng.range(180, 208), rng.range(146, 166), rng.range(104, 124));
  const fibre = gradientNoise(rng);
  const cloud = fractalNoise(rng, 4);
  const flutes = rng.range(8, 20);
  const strength = rng.range(0.01, 0.05);
  const ribs: Surface = (p, x, y) => {
    const w = zigzag(y * flutes + 0.1 * cloud(x, y));
    const s = w * w * (3 - 2 * w);
    p[0] *= 1 - strength * 2 * s;
    p[1] *= 1 - strength * 2 * s;
    p[2] *= 1 - strength * 2 * s;
    p[3] += (strength / flutes) * s;
  };
  const fibres: Surface = (p, x, y) => {
    const n = fibre(x * 18, y * 70) + fibre(x * 55, y * 14 + 40);
    const f = 1 + 0.045 * n;
    p[0] *= f;
    p[1] *= f;
    p[2] *= f;
  };
  return { surface: layered(coat(base), mottle(cloud, 2, 0.06), fibres, ribs), color: 'brown' };
}

function paper(rng: Rng): Look {
  const color: ColorName = rng.chance(0.6) ? 'white' : rng.pick(['beige', 'yellow', 'pink', 'blue', 'green', 'gray']);
  const base = blend(shade(color, rng), shade('white', rng), color === 'white' ? 0 : rng.range(0.2, 0.7));
  const cloud = fractalNoise(rng, 4);
  const tooth = rng.range(0.0004, 0.002);
  const layers = [coat(base), mottle(cloud, 3, 0.04), bumps(cloud, rng.range(18, 40), tooth)];
  if (rng.chance(0.3)) {
    const lines = rng.range(5, 10);
    const rule = shade(rng.pick(['blue', 'gray', 'red']), rng);
    const both = rng.chance(0.4);
    layers.push((p, x, y) => {
      const near = Math.min(Math.abs(fract(y * lines) - 0.5), both ? Math.abs(fract(x * lines) - 0.5) : 1);
      const s = 0.6 * smoothstep(0.012 * lines * 0.5, 0.002 * lines * 0.5, near);
      for (let c = 0; c < 3; c++) p[c] = mix(p[c], rule[c], s);
    });
  }
  return { surface: layered(...layers), color };
}

export const WOODEN: readonly Texture[] = [
  { name: 'wood', words: 'wood', synonyms: ['wood surface', 'wooden board'], make: wood, zoom: [0.5, 1.6] },
  { name: 'bark', words: 'bark', synonyms: ['tree bark'], make: bark, zoom: [0.6, 1.6] },
  { name: 'cork', words: 'cork', synonyms: ['cork board'], make: cork, zoom: [0.5, 1.6] },
  { name: 'cardboard', words: 'cardboard', synonyms: ['brown cardboard'], make: cardboard, zoom: [0.6, 1.8] },
  { name: 'paper', words: 'paper', synonyms: ['sheet of paper'], make: paper, zoom: [0.5, 1.5] },
];
