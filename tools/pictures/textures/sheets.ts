/** Metal in sheets and wires. */
import { clamp, cos, fract, mix, PI, sin, smoothstep, zigzag } from '../arithmetic.js';
import { blend, type ColorName, screen, shade, times } from '../colors.js';
import { fractalNoise, gradientNoise } from '../noise.js';
import type { Rng } from '../rng.js';
import { layered, type Surface } from '../scene.js';
import { anyMetal, brushed, bumps, coat, metalCoat, mottle, patches } from '../surfaces.js';
import type { Look, Texture } from './texture.js';

function brushedMetal(rng: Rng): Look {
  const { color, name } = anyMetal(rng);
  const strength = rng.range(0.06, 0.2);
  const surface = layered(
    coat(color, 0, rng.range(0.05, 0.3), rng.range(0.5, 0.9)),
    brushed(rng, strength, rng.range(30, 90)),
    mottle(fractalNoise(rng, 3), 1, rng.range(0, 0.1)),
  );
  return { surface, color: name };
}

function rust(rng: Rng): Look {
  const base = screen(rng.range(110, 160), rng.range(62, 86), rng.range(36, 50));
  const a = fractalNoise(rng, 5, 0.6);
  const b = fractalNoise(rng, 5, 0.6);
  const bright = screen(204, 124, 58);
  const dark = screen(66, 40, 32);
  const layers = [
    coat(base),
    patches(a, 3, bright, 0.15, 0.3, 0.8),
    patches(b, 4, dark, 0.2, 0.25, 0.85),
    mottle(a, 14, 0.2),
    bumps(b, 10, 0.01),
  ];
  if (rng.chance(0.4)) {
    const paint = blend(shade(rng.pick(['gray', 'blue', 'green', 'silver', 'red']), rng), shade('gray', rng), 0.4);
    layers.push(patches(fractalNoise(rng, 4), 1.5, paint, rng.range(-0.1, 0.3), 0.06));
  }
  return { surface: layered(...layers), color: 'brown' };
}

function treadPlate(rng: Rng): Look {
  const { color, name } = anyMetal(rng);
  const count = rng.range(3, 6);
  const long = rng.range(0.34, 0.46);
  const wide = rng.range(0.1, 0.16);
  const slope = rng.chance(0.5) ? PI / 4 : PI / 5;
  const turns = [slope, PI - slope].map((a) => [cos(a), sin(a)] as const);
  const lugs: Surface = (p, px, py) => {
    const x = px * count;
    const y = py * count;
    const i = Math.floor(x);
    const j = Math.floor(y);
    const [c, s] = turns[(i + j) & 1] as readonly [number, number];
    const u = x - i - 0.5;
    const v = y - j - 0.5;
    const a = (c * u + s * v) / long;
    const b = (c * v - s * u) / (wide * Math.max(0.05, 1 - a * a));
    const up = Math.abs(a) < 1 ? clamp(1.6 - 1.6 * Math.abs(b)) : 0;
    p[3] += (0.14 / count) * (up > 1 ? 1 : up * (2 - up));
    const f = 1 + 0.25 * up;
    for (let k = 0; k < 3; k++) p[k] *= f;
  };
  const worn = mottle(fractalNoise(rng, 4, 0.6), 6, rng.range(0.08, 0.2));
  return { surface: layered(coat(times(color, 0.75), 0, 0.4, rng.range(0.4, 0.8)), worn, lugs), color: name };
}

/** Bars or wires with air between them; the space behind is dark or bright. */
function mesh(rng: Rng): Look {
  const plastic = rng.chance(0.3);
  const metal = anyMetal(rng);
  const name: ColorName = plastic ? rng.pick(['black', 'white', 'green', 'blue', 'gray']) : metal.name;
  const color = plastic ? shade(name, rng) : metal.color;
  const behind = rng.chance(0.65) ? screen(26, 26, 28) : shade(rng.pick(['white', 'gray', 'beige']), rng);
  const count = rng.range(4, 11);
  const half = rng.range(0.1, 0.26);
  const woven = rng.chance(0.5);
  const skew = rng.chance(0.4) ? rng.range(0.3, 0.7) : 0;
  const grain = gradientNoise(rng);
  const shine = plastic ? 0 : rng.range(0.4, 0.9);
  const gloss = rng.range(0.2, 0.7);
  const surface: Surface = (p, px, py) => {
    const x = (px + skew * py) * count;
    const y = (py - skew * px) * count;
    const i = Math.floor(x);
    const j = Math.floor(y);
    const u = (x - i - 0.5) / half;
    const v = (y - j - 0.5) / half;
    const au = Math.sqrt(Math.max(0, 1 - u * u));
    const av = Math.sqrt(Math.max(0, 1 - v * v));
    // A wave lifts each wire over one neighbour and under the next.
    const sign = ((i + j) & 1) === 0 ? 1 : -1;
    const hu = au > 0 ? au + (woven ? 0.5 * sign * cos(PI * (y - j - 0.5)) : 0) : -9;
    const hv = av > 0 ? av - (woven ? 0.5 * sign * cos(PI * (x - i - 0.5)) : 0) : -9;
    const top = Math.max(hu, hv);
    const edge = Math.max(clamp((1 - Math.abs(u)) * half * 14), clamp((1 - Math.abs(v)) * half * 14));
    const f = 0.55 + 0.45 * Math.max(au, av) + 0.12 * grain(px * 25, py * 25);
    for (let c = 0; c < 3; c++) p[c] = mix(behind[c], color[c] * f, edge);
    p[3] = edge > 0 ? (half / count) * Math.max(top, -0.5) : -0.06;
    p[4] = gloss * edge;
    p[5] = shine * edge;
  };
  return { surface, color: name };
}

function perforated(rng: Rng): Look {
  const { color, name } = anyMetal(rng);
  const count = rng.range(4, 10);
  const radius = rng.range(0.22, 0.36);
  const behind = rng.chance(0.7) ? screen(22, 22, 24) : shade('white', rng);
  const square = rng.chance(0.25);
  const stagger = rng.chance(0.6);
  const holes: Surface = (p, px, py) => {
    const y = py * count;
    const row = Math.floor(y);
    const x = px * count + (stagger && row & 1 ? 0.5 : 0);
    const u = x - Math.floor(x) - 0.5;
    const v = y - row - 0.5;
    const r = square ? Math.max(Math.abs(u), Math.abs(v)) : Math.sqrt(u * u + v * v);
    const s = smoothstep(radius + 0.05, radius - 0.03, r);
    for (let c = 0; c < 3; c++) p[c] = mix(p[c], behind[c], s);
    p[3] -= 0.05 * s;
    p[4] *= 1 - s;
    p[5] *= 1 - s;
  };
  return { surface: layered(metalCoat(color, rng), brushed(rng, 0.05), holes), color: name };
}

function corrugated(rng: Rng): Look {
  const painted = rng.chance(0.5);
  const metal = anyMetal(rng);
  const name: ColorName = painted ? rng.pick(['blue', 'red', 'green', 'white', 'gray', 'orange']) : metal.name;
  const color = painted ? shade(name, rng) : metal.color;
  const count = rng.range(2.5, 7);
  const flat = rng.chance(0.4);
  const waves: Surface = (p, _x, y) => {
    const w = zigzag(y * count);
    const h = flat ? clamp(w * 3 - 1) : w * w * (3 - 2 * w);
    p[3] += (0.3 / count) * h;
    const f = 0.72 + 0.28 * h;
    for (let c = 0; c < 3; c++) p[c] *= f;
  };
  const dirt = mottle(fractalNoise(rng, 4), 2, rng.range(0.03, 0.15));
  return { surface: layered(coat(color, 0, 0.3, painted ? 0 : 0.6), dirt, waves), color: name };
}

function foil(rng: Rng): Look {
  const { color, name } = anyMetal(rng);
  const field = fractalNoise(rng, 4, 0.55);
  const crease = fractalNoise(rng, 3, 0.6);
  const surface: Surface = (p, x, y) => {
    const n = field(x * 2.2, y * 2.2);
    const ridge = 1 - Math.abs(crease(x * 2.5 + 0.4 * n, y * 2.5));
    p[3] += 0.03 * n + 0.05 * ridge * ridge;
  };
  const tint = blend(color, shade('white', rng), 0.2);
  return { surface: layered(coat(tint, 0, 0.8, 0.95), surface), color: name };
}

function steps(rng: Rng): Look {
  // Machined rings about a centre outside or inside the picture.
  const { color, name } = anyMetal(rng);
  const cx = rng.range(-1.5, 1.5);
  const cy = rng.range(-1.5, 1.5);
  const pitch = rng.range(12, 34);
  const noise = gradientNoise(rng);
  const surface: Surface = (p, x, y) => {
    const r = Math.sqrt((x - cx) * (x - cx) + (y - cy) * (y - cy));
    const w = fract(r * pitch + 0.2 * noise(x * 2, y * 2));
    const f = 0.82 + 0.3 * w + 0.1 * noise(r * 70, 3);
    for (let c = 0; c < 3; c++) p[c] *= f;
    p[3] += (0.06 / pitch) * w;
  };
  return { surface: layered(coat(color, 0, 0.3, 0.8), surface), color: name };
}

export const SHEETS: readonly Texture[] = [
  {
    name: 'brushed_metal',
    words: 'brushed metal',
    synonyms: ['metal surface', 'sheet metal'],
    make: brushedMetal,
    zoom: [0.5, 1.6],
  },
  { name: 'rust', words: 'rusty metal', synonyms: ['rusty metal surface'], make: rust, zoom: [0.6, 1.6] },
  {
    name: 'tread_plate',
    words: 'metal tread plate',
    synonyms: ['metal plate'],
    make: treadPlate,
    zoom: [0.6, 1.5],
    straight: true,
  },
  {
    name: 'mesh',
    words: 'metal mesh',
    synonyms: ['grid', 'metal or plastic mesh', 'mesh'],
    make: mesh,
    zoom: [0.6, 1.5],
  },
  {
    name: 'perforated_sheet',
    words: 'perforated metal sheet',
    synonyms: ['perforated sheet', 'metal sheet with holes'],
    make: perforated,
    zoom: [0.6, 1.5],
  },
  {
    name: 'corrugated_sheet',
    words: 'corrugated metal sheet',
    synonyms: ['corrugated sheet'],
    make: corrugated,
    zoom: [0.6, 1.5],
    straight: true,
  },
  { name: 'foil', words: 'metal foil', synonyms: ['foil'], make: foil, zoom: [0.6, 1.5] },
  { name: 'turned_metal', words: 'turned metal', synonyms: ['turned metal surface'], make: steps, zoom: [0.6, 1.5] },
];
