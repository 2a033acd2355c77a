/** Stone and materials made of it: granite, marble, concrete, plaster, gravel, sand, terrazzo, bricks, tiles. */
import { clamp, fract, mix, smoothstep } from '../arithmetic.js';
import { blend, type Color, type ColorName, screen, shade, times } from '../colors.js';
import { cellNoise, fractalNoise, gradientNoise, latticeNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { bumps, coat, mottle, patches, specks } from '../surfaces.js';
import type { Look, Texture } from './texture.js';

function granite(rng: Rng): Look {
  const color: ColorName = rng.pick(['gray', 'white', 'black', 'red', 'beige', 'brown']);
  const base = blend(shade(color, rng), shade('gray', rng), rng.range(0.2, 0.6));
  const frequency = rng.range(8, 30);
  const layers: Surface[] = [coat(base, 0, rng.range(0, 0.3)), mottle(fractalNoise(rng, 4), 3, 0.12)];
  const kinds = 2 + rng.int(3);
  for (let i = 0; i < kinds; i++) {
    const other = blend(base, shade(rng.pick(['black', 'white', 'gray', 'brown', 'pink', 'dark']), rng), 0.75);
    layers.push(
      patches(
        fractalNoise(rng, 3, 0.7),
        frequency * rng.range(0.4, 1.8),
        other,
        rng.range(0.1, 0.55),
        rng.range(0.05, 0.25),
      ),
    );
  }
  return { surface: layered(...layers), color };
}

function marble(rng: Rng): Look {
  const color: ColorName = rng.pick(['white', 'white', 'gray', 'black', 'green', 'beige']);
  const base = shade(color, rng);
  const vein = color === 'black' || color === 'green' ? shade('white', rng) : shade(rng.pick(['gray', 'dark']), rng);
  const field = fractalNoise(rng, 5, 0.55);
  const thin = fractalNoise(rng, 4, 0.5);
  const width = rng.range(0.03, 0.12);
  const surface: Surface = (p, x, y) => {
    const w = field(x * 1.3, y * 1.3);
    const a = smoothstep(width, 0, Math.abs(thin(x * 1.6 + w, y * 0.9 - w)));
    const b = 0.5 * smoothstep(width * 0.4, 0, Math.abs(thin(x * 4 + w * 2 + 30, y * 4)));
    const s = clamp(0.75 * a + b * (0.5 + w) + 0.22 * w);
    for (let c = 0; c < 3; c++) p[c] = mix(base[c], vein[c], s);
  };
  return { surface: layered(coat(base, 0, rng.range(0.1, 0.4)), surface), color };
}

function concrete(rng: Rng): Look {
  const base = blend(shade('gray', rng), shade('beige', rng), rng.range(0, 0.4));
  const cloud = fractalNoise(rng, 5, 0.6);
  const sand = fractalNoise(rng, 2, 0.8);
  const layers = [
    coat(base),
    mottle(cloud, rng.range(1.5, 4), rng.range(0.1, 0.25)),
    mottle(sand, 40, 0.1),
    bumps(sand, 30, 0.002),
    specks(rng, times(base, 0.3), rng.range(8, 16), 0.22, rng.range(0, 0.3)),
  ];
  return { surface: layered(...layers), color: 'gray' };
}

function plaster(rng: Rng): Look {
  const color: ColorName = rng.pick(['white', 'beige', 'yellow', 'gray', 'pink']);
  const base = blend(shade(color, rng), shade('white', rng), 0.35);
  const field = fractalNoise(rng, 4, 0.5);
  const strokes = rng.range(0.25, 1);
  const surface: Surface = (p, x, y) => {
    const n = field(x * 6 * strokes, y * 6) + 0.4 * field(x * 20, y * 20 + 7);
    p[3] += 0.014 * n;
  };
  return { surface: layered(coat(base), mottle(field, 2, 0.06), surface), color };
}

function gravel(rng: Rng): Look {
  const colors: Color[] = Array.from({ length: 5 }, () =>
    shade(rng.pick(['gray', 'gray', 'brown', 'beige', 'white', 'dark']), rng),
  );
  const cells = cellNoise(rng, 0.9);
  const warp = gradientNoise(rng);
  const grain = fractalNoise(rng, 3, 0.6);
  const frequency = rng.range(5, 14);
  const surface: Surface = (p, px, py) => {
    const x = px * frequency;
    const y = py * frequency;
    const cell = cells(x + 0.3 * warp(x * 1.5, y * 1.5), y + 0.3 * warp(x * 1.5 + 8, y * 1.5));
    const edge = cell.next - cell.near;
    const top = smoothstep(0, 0.45, edge);
    const n = grain(px * 30, py * 30);
    const color = colors[Math.floor(cell.id * 5)] as Color;
    const f = (0.25 + 0.75 * smoothstep(0, 0.2, edge)) * (0.75 + 0.5 * fract(cell.id * 37)) * (1 + 0.2 * n);
    for (let c = 0; c < 3; c++) p[c] = color[c] * f;
    p[3] = (0.4 / frequency) * (top - 0.25 * cell.near) * (0.6 + 0.6 * fract(cell.id * 91)) + 0.002 * n;
    p[4] = 0;
    p[5] = 0;
  };
  return { surface, color: 'gray' };
}

function sand(rng: Rng): Look {
  const base = blend(shade('beige', rng), shade('brown', rng), rng.range(0, 0.4));
  const grain = fractalNoise(rng, 2, 0.9);
  const warp = fractalNoise(rng, 3);
  const ripples = rng.chance(0.5) ? rng.range(2, 6) : 0;
  const ripple: Surface = (p, x, y) => {
    if (ripples === 0) return;
    const w = fract(y * ripples + warp(x, y) * 0.8);
    p[3] += (0.12 / ripples) * (w < 0.7 ? w / 0.7 : (1 - w) / 0.3);
  };
  const layers = [coat(base), mottle(grain, 45, 0.28), mottle(warp, 2, 0.08), bumps(grain, 38, 0.004), ripple];
  return { surface: layered(...layers), color: 'beige' };
}

function terrazzo(rng: Rng): Look {
  const color: ColorName = rng.pick(['white', 'gray', 'beige', 'black']);
  const base = shade(color, rng);
  const chips: Color[] = Array.from({ length: 4 }, () =>
    shade(rng.pick(['gray', 'brown', 'white', 'black', 'red', 'green', 'orange', 'pink']), rng),
  );
  const coarse = cellNoise(rng);
  const fine = cellNoise(rng);
  const frequency = rng.range(5, 11);
  const surface: Surface = (p, x, y) => {
    const small = fine(x * frequency * 2.5, y * frequency * 2.5);
    if (small.id < 0.5 && small.next - small.near > 0.3) {
      const c = chips[Math.floor(small.id * 8)] as Color;
      for (let i = 0; i < 3; i++) p[i] = c[i];
    }
    const cell = coarse(x * frequency, y * frequency);
    const in2 = smoothstep(0.16, 0.2, cell.next - cell.near);
    if (cell.id < 0.6) {
      const c = chips[Math.floor(cell.id * 20) & 3] as Color;
      for (let i = 0; i < 3; i++) p[i] = mix(p[i], c[i], in2);
    }
  };
  return {
    surface: layered(coat(base, 0, rng.range(0.05, 0.3)), surface, mottle(fractalNoise(rng, 3), 5, 0.06)),
    color,
  };
}

/** Blocks in rows with joints: bricks and tiles. */
function courses(
  rng: Rng,
  block: readonly [w: number, h: number],
  joint: number,
  stagger: number,
  face: Surface,
  mortar: Color,
  differ: number,
  round: number,
): Surface {
  const own = latticeNoise(rng);
  const edge = gradientNoise(rng);
  const grain = fractalNoise(rng, 3, 0.7);
  const uneven = rng.range(0, 0.3) * joint;
  return (p, x, y, d) => {
    const row = Math.floor(y / block[1]);
    const sx = x / block[0] + stagger * row;
    const column = Math.floor(sx);
    const du = (0.5 - Math.abs(sx - column - 0.5)) * block[0];
    const dv = (0.5 - Math.abs(y / block[1] - row - 0.5)) * block[1];
    const inside = Math.min(du, dv) - joint / 2 + uneven * edge(x * 12, y * 12);
    const k = own(column, row);
    face(p, x + 17 * k, y + 11 * k, d);
    const f = 1 + differ * (k - 0.5);
    const s = smoothstep(-joint * 0.15, joint * 0.15, inside);
    const m = 1 + 0.15 * grain(x * 30, y * 30);
    for (let c = 0; c < 3; c++) p[c] = mix(mortar[c] * m, p[c] * f, s);
    const up = clamp(inside / round);
    p[3] = mix(-0.018, p[3] + 0.01 * Math.sqrt(1 - (1 - up) * (1 - up)), s);
    p[4] *= s;
  };
}

function brick(rng: Rng): Look {
  const color: ColorName = rng.pick(['red', 'red', 'brown', 'orange', 'gray', 'white']);
  const base = blend(shade(color, rng), screen(140, 84, 60), 0.4);
  const grain = fractalNoise(rng, 4, 0.65);
  const face = layered(coat(base), mottle(grain, 6, 0.25), mottle(grain, 24, 0.18), bumps(grain, 18, 0.006));
  const mortar = shade(rng.pick(['gray', 'beige', 'white', 'dark']), rng);
  const w = rng.range(0.4, 0.65);
  const surface = courses(rng, [w, w * rng.range(0.32, 0.45)], rng.range(0.02, 0.05), 0.5, face, mortar, 0.4, 0.03);
  return { surface, color };
}

function tile(rng: Rng): Look {
  const color: ColorName = rng.pick(['white', 'white', 'gray', 'blue', 'green', 'beige', 'black', 'brown', 'yellow']);
  const base = shade(color, rng);
  const speckled = rng.chance(0.5);
  const dots = speckled
    ? [
        patches(fractalNoise(rng, 2), rng.range(10, 18), shade(rng.pick(['black', 'dark', 'gray']), rng), 0.3, 0.08),
        patches(fractalNoise(rng, 2), rng.range(8, 16), shade(rng.pick(['gray', 'brown', 'beige']), rng), 0.35, 0.08),
      ]
    : [mottle(fractalNoise(rng, 3), rng.range(1, 4), rng.range(0.02, 0.12))];
  const face = layered(coat(base, 0, rng.range(0.1, 0.6)), ...dots);
  // A close look at one tile shows no joint.
  if (speckled && rng.chance(0.6)) return { surface: face, color };
  const w = rng.range(0.3, 0.75);
  const h = rng.chance(0.7) ? w : w * 0.5;
  const joint = shade(rng.pick(['white', 'gray', 'gray', 'dark', 'beige']), rng);
  const stagger = rng.chance(0.75) ? 0 : 0.5;
  return { surface: courses(rng, [w, h], rng.range(0.015, 0.04), stagger, face, joint, 0.08, 0.02), color };
}

export const STONE: readonly Texture[] = [
  { name: 'granite', words: 'granite', synonyms: ['granite stone', 'speckled stone'], make: granite, zoom: [0.5, 1.6] },
  { name: 'marble', words: 'marble', synonyms: ['marble stone'], make: marble, zoom: [0.6, 1.8] },
  { name: 'concrete', words: 'concrete', synonyms: ['concrete wall'], make: concrete, zoom: [0.6, 1.6] },
  { name: 'plaster', words: 'plaster', synonyms: ['plaster wall'], make: plaster, zoom: [0.5, 1.6] },
  { name: 'gravel', words: 'gravel', synonyms: ['stones'], make: gravel, zoom: [0.6, 1.6] },
  { name: 'sand', words: 'sand', synonyms: ['sand surface'], make: sand, zoom: [0.6, 1.6] },
  { name: 'terrazzo', words: 'terrazzo', synonyms: ['terrazzo floor'], make: terrazzo, zoom: [0.6, 1.6] },
  { name: 'brick', words: 'brick wall', synonyms: ['brick', 'bricks'], make: brick, zoom: [0.6, 1.6], straight: true },
  {
    name: 'tile',
    words: 'tile',
    synonyms: ['speckled tile surface', 'tile floor', 'tile surface'],
    make: tile,
    zoom: [0.6, 1.5],
    straight: true,
  },
];
