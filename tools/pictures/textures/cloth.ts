/** Cloth: threads over and under each other, loops, pile. */
import { clamp, fract, mix, smoothstep, zigzag } from '../arithmetic.js';
import { blend, type Color, type ColorName, shade, times } from '../colors.js';
import { fractalNoise, gradientNoise, latticeNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { coat, mottle } from '../surfaces.js';
import type { Look, Texture } from './texture.js';

const CLOTH_COLORS: readonly ColorName[] = [
  'white',
  'gray',
  'beige',
  'blue',
  'red',
  'green',
  'brown',
  'black',
  'pink',
  'purple',
  'yellow',
  'orange',
];

/**
 * Two sets of threads. At (i, j) the upright thread is on top where `over` says so.
 * @param count threads per picture unit
 */
function threads(
  rng: Rng,
  count: number,
  upright: Color,
  level: Color,
  over: (i: number, j: number) => boolean,
): Surface {
  const wobble = gradientNoise(rng);
  const fibre = gradientNoise(rng);
  const own = latticeNoise(rng);
  const uneven = rng.range(0.05, 0.3);
  const sway = rng.range(0.02, 0.12);
  const depth = rng.range(0.15, 0.35) / count;
  return (p, px, py) => {
    const x = px * count + sway * count * 0.1 * wobble(px * 3, py * 3);
    const y = py * count + sway * count * 0.1 * wobble(px * 3 + 40, py * 3);
    const i = Math.floor(x);
    const j = Math.floor(y);
    const u = x - i - 0.5;
    const v = y - j - 0.5;
    const up = over(i, j);
    const across = up ? u : v;
    const along = up ? v : u;
    // A thread is round, and dips where it goes under its neighbours.
    const round = Math.sqrt(Math.max(0, 1 - 4.2 * across * across));
    const dip = 1 - 2.2 * along * along;
    const n = up ? fibre(x * 6, y * 1.2) : fibre(x * 1.2, y * 6 + 50);
    const f = (0.45 + 0.4 * round + 0.2 * dip) * (1 + uneven * (own(up ? i : j, up ? 0 : 1) - 0.5) + 0.12 * n);
    const color = up ? upright : level;
    p[0] = color[0] * f;
    p[1] = color[1] * f;
    p[2] = color[2] * f;
    p[3] = depth * round * (0.4 + 0.6 * dip);
    p[4] = 0;
    p[5] = 0;
  };
}

function fabric(rng: Rng): Look {
  const color = rng.pick(CLOTH_COLORS);
  const a = shade(color, rng);
  const b = rng.chance(0.5) ? a : blend(a, shade(rng.pick(CLOTH_COLORS), rng), rng.range(0.1, 0.6));
  const style = rng.int(3);
  const over = [
    (i: number, j: number) => ((i + j) & 1) === 0,
    (i: number, j: number) => (((i + j) % 4) + 4) % 4 < 2,
    (i: number, j: number) => (((i >> 1) + (j >> 1)) & 1) === 0,
  ][style] as (i: number, j: number) => boolean;
  const cloud = fractalNoise(rng, 3);
  const stripes = rng.chance(0.25) ? rng.range(1.5, 5) : 0;
  const other = shade(rng.pick(CLOTH_COLORS), rng);
  const check = rng.chance(0.5);
  const dyed: Surface = (p, x, y) => {
    if (stripes === 0) return;
    const on = Number(fract(x * stripes) < 0.4) + Number(check && fract(y * stripes) < 0.4);
    const f = times(other, 0.8);
    for (let c = 0; c < 3; c++) p[c] = mix(p[c], f[c], on * 0.35);
  };
  return { surface: layered(threads(rng, rng.range(14, 34), a, b, over), dyed, mottle(cloud, 1.5, 0.06)), color };
}

function denim(rng: Rng): Look {
  const dye = blend(shade('blue', rng, 0.6), shade('gray', rng), rng.range(0.2, 0.55));
  const twill = (i: number, j: number) => (((i + j) % 3) + 3) % 3 === 0;
  const cloud = fractalNoise(rng, 4);
  return {
    surface: layered(threads(rng, rng.range(22, 38), shade('white', rng), dye, twill), mottle(cloud, 2, 0.16)),
    color: 'blue',
  };
}

function basket(rng: Rng): Look {
  const color: ColorName = rng.pick(['brown', 'beige', 'orange']);
  const base = shade(color, rng);
  const over = (i: number, j: number) => ((i + j) & 1) === 0;
  return { surface: threads(rng, rng.range(5, 10), base, times(base, rng.range(0.7, 1)), over), color };
}

function carpet(rng: Rng): Look {
  const color: ColorName = rng.chance(0.4) ? 'gray' : rng.pick(CLOTH_COLORS);
  const base = shade(color, rng);
  const fibres = fractalNoise(rng, 3, 0.7);
  const cloud = fractalNoise(rng, 3);
  const rows = rng.chance(0.6) ? rng.range(10, 22) : 0;
  const frequency = rng.range(16, 30);
  const fleck = shade(rng.pick(CLOTH_COLORS), rng);
  const flecks = rng.chance(0.3) ? rng.range(0.1, 0.4) : 0;
  const surface: Surface = (p, x, y) => {
    const n = fibres(x * frequency, y * frequency);
    let row = 0;
    if (rows > 0) {
      const odd = Math.floor(y * rows) & 1;
      row = zigzag(y * rows) - 0.5 + 0.7 * (zigzag(x * rows * 0.7 + 0.5 * odd) - 0.5);
    }
    const f = Math.max(0.15, 0.85 + 0.5 * n + 0.3 * row + 0.07 * cloud(x * 2, y * 2));
    const s = flecks * smoothstep(0.15, 0.5, fibres(x * frequency + 50, y * frequency));
    for (let c = 0; c < 3; c++) p[c] = mix(base[c], fleck[c], s) * f;
    p[3] = 0.008 * n + 0.006 * row;
    p[4] = 0;
    p[5] = 0;
  };
  return { surface, color };
}

function knit(rng: Rng): Look {
  const color = rng.pick(CLOTH_COLORS);
  const base = shade(color, rng);
  const columns = rng.range(6, 14);
  const fibre = gradientNoise(rng);
  const bend = gradientNoise(rng);
  const band = rng.chance(0.3) ? rng.range(1, 3) : 0;
  const other = shade(rng.pick(CLOTH_COLORS), rng);
  const surface: Surface = (p, px, py) => {
    const x = px * columns + 0.3 * bend(px * 2, py * 2);
    const y = py * columns * 0.85 + 0.3 * bend(px * 2 + 9, py * 2);
    const u = x - Math.floor(x) - 0.5;
    const side = u < 0 ? -1 : 1;
    // Each stitch is a V: two leaning lobes.
    const lean = y + Math.abs(u) * 1.1;
    const v = lean - Math.floor(lean) - 0.5;
    const across = (Math.abs(u) - 0.25) / 0.26;
    const along = v / 0.52;
    const round = clamp(1 - across * across * 0.9 - along * along * 0.8);
    const n = fibre(x * 5 + side * y * 2, y * 5);
    const f = 0.28 + 0.72 * Math.sqrt(round) + 0.1 * n;
    const s = band > 0 && fract(py * band) < 0.35 ? 0.85 : 0;
    for (let c = 0; c < 3; c++) p[c] = mix(base[c], other[c], s) * f;
    p[3] = (0.25 / columns) * Math.sqrt(round);
    p[4] = 0;
    p[5] = 0;
  };
  return { surface, color };
}

function felt(rng: Rng): Look {
  const color = rng.pick(CLOTH_COLORS);
  const a = fractalNoise(rng, 4, 0.65);
  const b = gradientNoise(rng);
  const stretch: Surface = (p, x, y) => {
    // Loose fibres lie in all directions: the strongest of three directions shows.
    const n = Math.max(
      b(x * 8, y * 60),
      b((x + y) * 42 + 7, (x - y) * 6),
      b((x - y) * 45, (x + y) * 6 + 20),
      b(x * 60 + 3, y * 8),
    );
    const f = 0.9 + 0.18 * n;
    for (let c = 0; c < 3; c++) p[c] *= f;
    p[3] += 0.0015 * n;
  };
  return { surface: layered(coat(shade(color, rng)), mottle(a, 7, 0.12), stretch), color };
}

export const CLOTH: readonly Texture[] = [
  { name: 'fabric', words: 'fabric', synonyms: ['cloth', 'woven fabric'], make: fabric, zoom: [0.6, 2] },
  { name: 'denim', words: 'denim', synonyms: ['blue denim fabric'], make: denim, zoom: [0.7, 1.8] },
  { name: 'basket', words: 'basket weave', synonyms: ['woven basket'], make: basket, zoom: [0.7, 1.6], straight: true },
  { name: 'carpet', words: 'carpet', synonyms: ['carpet surface'], make: carpet, zoom: [0.5, 1.6] },
  { name: 'knit', words: 'knitted wool', synonyms: ['knitted fabric'], make: knit, zoom: [0.6, 1.5] },
  { name: 'felt', words: 'felt', synonyms: ['felt cloth'], make: felt, zoom: [0.6, 1.6] },
];
