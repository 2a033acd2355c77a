/** Leather, rubber, foam, grass, and a surface of no particular kind. */
import { clamp, fract, mix, smoothstep, square, zigzag } from '../arithmetic.js';
import { anyColor, blend, type Color, type ColorName, screen, shade } from '../colors.js';
import { cellNoise, type Field, fractalNoise, gradientNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { bumps, coat, mottle, patches } from '../surfaces.js';
import type { Look, Texture } from './texture.js';

function leather(rng: Rng): Look {
  const color: ColorName = rng.pick(['brown', 'brown', 'black', 'beige', 'red', 'orange', 'gray', 'blue']);
  const base = shade(color, rng);
  const cells = cellNoise(rng, 0.85);
  const warp = gradientNoise(rng);
  const fine = fractalNoise(rng, 2);
  const frequency = rng.range(10, 26);
  const stretch = rng.range(0.7, 1.2);
  const crease = rng.range(0.25, 0.6);
  const surface: Surface = (p, px, py) => {
    const x = px * frequency * stretch;
    const y = py * frequency;
    const cell = cells(x + 0.45 * warp(x * 0.6, y * 0.6), y + 0.45 * warp(x * 0.6 + 30, y * 0.6));
    const edge = smoothstep(0, 0.3, cell.next - cell.near);
    const n = fine(px * 40, py * 40);
    const f = 1 - crease * (1 - edge) + 0.07 * n + 0.1 * (cell.id - 0.5);
    for (let c = 0; c < 3; c++) p[c] *= f;
    p[3] += (0.09 / frequency) * edge + 0.0008 * n;
  };
  const gloss = rng.range(0.05, 0.4);
  return { surface: layered(coat(base, 0, gloss), mottle(fractalNoise(rng, 3), 1.5, 0.1), surface), color };
}

function rubber(rng: Rng): Look {
  const color: ColorName = rng.chance(0.7) ? 'black' : rng.pick(['gray', 'blue', 'red', 'green', 'brown']);
  const base = shade(color, rng);
  const count = rng.range(4, 9);
  const style = rng.int(3);
  const rise = rng.range(0.06, 0.14) / count;
  const studs: Surface = (p, px, py) => {
    const x = px * count;
    const y = py * count;
    const u = fract(x) - 0.5;
    const v = fract(y) - 0.5;
    const r =
      style === 0
        ? Math.sqrt(u * u + v * v) / 0.34
        : style === 1
          ? Math.abs(v) / 0.3
          : (Math.abs(u) + Math.abs(v)) / 0.42;
    const up = smoothstep(1.08, 0.85, r);
    p[3] += rise * up;
    const f = 1 + 0.25 * up;
    for (let c = 0; c < 3; c++) p[c] *= f;
  };
  const grain = fractalNoise(rng, 3, 0.7);
  return {
    surface: layered(coat(base, 0, rng.range(0.1, 0.5)), mottle(grain, 25, 0.12), bumps(grain, 25, 0.001), studs),
    color,
  };
}

function foam(rng: Rng): Look {
  const color: ColorName = rng.pick(['yellow', 'gray', 'pink', 'blue', 'black', 'green', 'white', 'orange']);
  const base = shade(color, rng);
  const big = cellNoise(rng);
  const small = cellNoise(rng);
  const frequency = rng.range(8, 16);
  const share = rng.range(0.25, 0.6);
  const surface: Surface = (p, x, y) => {
    const a = big(x * frequency, y * frequency);
    const hole = a.id < share ? smoothstep(0.42, 0.2, a.near / (0.5 + a.id / share)) : 0;
    const b = small(x * frequency * 2.6, y * frequency * 2.6);
    const pore = b.id < 0.6 ? smoothstep(0.4, 0.15, b.near) : 0;
    const depth = Math.max(hole, 0.5 * pore);
    const f = 1.05 - 0.62 * depth;
    for (let c = 0; c < 3; c++) p[c] *= f;
    p[3] -= (0.18 / frequency) * depth;
  };
  return { surface: layered(coat(base), mottle(fractalNoise(rng, 3), 4, 0.06), surface), color };
}

function grass(rng: Rng): Look {
  const light = screen(rng.range(110, 160), rng.range(150, 178), rng.range(60, 86));
  const dark = screen(28, 48, 20);
  const straw = screen(176, 160, 96);
  const leaning = Array.from({ length: 5 }, () => ({ noise: gradientNoise(rng), lean: rng.range(-1.1, 1.1) }));
  const cloud = fractalNoise(rng, 3);
  const frequency = rng.range(14, 26);
  const surface: Surface = (p, x, y) => {
    let top = -1;
    let own = 0;
    for (let i = 0; i < leaning.length; i++) {
      const { noise, lean } = leaning[i] as { noise: Field; lean: number };
      const n = noise((x + lean * y) * frequency, (y - lean * x) * frequency * 0.16);
      if (n > top) {
        top = n;
        own = i;
      }
    }
    const s = clamp(0.15 + 0.85 * top + 0.15 * cloud(x * 2, y * 2));
    const blade = own === 0 ? straw : light;
    for (let c = 0; c < 3; c++) p[c] = mix(dark[c], blade[c], s * s);
    p[3] = 0.03 * top;
    p[4] = 0;
    p[5] = 0;
  };
  return { surface, color: 'green' };
}

/** A field of a random kind, about -1..1: smooth, cloudy, ridged, stretched, cellular, striped or warped. */
export function anyField(rng: Rng): Field {
  const frequency = 1 + 14 * square(rng.next());
  const octaves = 1 + rng.int(5);
  const gain = rng.range(0.4, 0.75);
  const noise = fractalNoise(rng, octaves, gain);
  const stretch = rng.chance(0.35) ? rng.range(0.05, 0.5) : 1;
  const kind = rng.int(6);
  if (kind === 0) return (x, y) => 1 - 2.2 * Math.abs(noise(x * frequency * stretch, y * frequency));
  if (kind === 1) {
    const cells = cellNoise(rng, rng.range(0.3, 1));
    const pick = rng.int(3);
    return (x, y) => {
      const cell = cells(x * frequency * stretch, y * frequency);
      return pick === 0 ? 2 * cell.id - 1 : pick === 1 ? 1.2 - 2 * cell.near : 3 * (cell.next - cell.near) - 1;
    };
  }
  if (kind === 2) {
    const bend = rng.range(0, 1.5);
    const sharp = rng.chance(0.5);
    return (x, y) => {
      const w = zigzag(y * frequency * 0.7 + bend * noise(x, y));
      return sharp ? (w > 0.5 ? 1 : -1) : 2 * w - 1;
    };
  }
  if (kind === 3) {
    const warp = fractalNoise(rng, 3);
    const strength = rng.range(0.3, 1.5);
    return (x, y) => {
      const w = strength * warp(x * 1.5, y * 1.5);
      return noise(x * frequency * 0.5 + w, y * frequency * 0.5 - w);
    };
  }
  return (x, y) => noise(x * frequency * stretch, y * frequency);
}

/** Clouds in each colour channel by itself, coarse and fine, as in photographs of nature. */
function clouds(rng: Rng): Surface {
  const [low, high, third] = [anyColor(rng), anyColor(rng), anyColor(rng)];
  const gain = rng.range(0.5, 0.75);
  const [a, b] = [fractalNoise(rng, 6, gain), fractalNoise(rng, 5, gain)];
  const frequency = rng.range(0.7, 3);
  return (p, x, y) => {
    const s = smoothstep(-0.8, 0.8, a(x * frequency, y * frequency));
    const t = smoothstep(-0.2, 1, b(x * frequency, y * frequency));
    for (let c = 0; c < 3; c++) p[c] = mix(mix(low[c] as number, high[c] as number, s), third[c] as number, t);
  };
}

/** Random fields in random colours: anything that could be a surface. */
function anySurface(rng: Rng): Look {
  const base = anyColor(rng);
  const layers: Surface[] = [coat(base, 0, rng.chance(0.3) ? rng.range(0, 0.6) : 0, rng.chance(0.15) ? 0.6 : 0)];
  if (rng.chance(0.25)) layers.push(clouds(rng));
  const count = 1 + rng.int(3);
  for (let i = 0; i < count; i++) {
    const field = anyField(rng);
    const near: Color = blend(base, anyColor(rng), rng.range(0.1, 0.8));
    if (rng.chance(0.6)) layers.push(patches(field, 1, near, rng.range(-0.4, 0.5), rng.range(0.05, 1)));
    else layers.push(mottle(field, 1, rng.range(0.05, 0.35)));
    if (rng.chance(0.4)) layers.push(bumps(field, 1, rng.range(0.001, 0.012)));
  }
  layers.push(mottle(fractalNoise(rng, 2, 0.8), rng.range(20, 50), rng.range(0, 0.15)));
  return { surface: layered(...layers) };
}

export const SOFT: readonly Texture[] = [
  { name: 'leather', words: 'leather', synonyms: ['leather surface'], make: leather, zoom: [0.5, 1.6] },
  { name: 'rubber', words: 'rubber mat', synonyms: ['rubber', 'rubber surface'], make: rubber, zoom: [0.6, 1.5] },
  { name: 'foam', words: 'foam', synonyms: ['sponge', 'foam sponge'], make: foam, zoom: [0.6, 1.6] },
  { name: 'grass', words: 'grass', synonyms: ['green grass'], make: grass, zoom: [0.6, 1.6] },
  {
    name: 'surface',
    words: 'surface',
    synonyms: ['texture', 'material', 'texture surface'],
    make: anySurface,
    zoom: [0.5, 2],
  },
];
