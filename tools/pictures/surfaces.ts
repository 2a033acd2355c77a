/** Building blocks of materials: each edits the pixel it is given. */
import { clamp, mix, smoothstep } from './arithmetic.js';
import { type Color, shade } from './colors.js';
import { cellNoise, type Field, fractalNoise, gradientNoise } from './noise.js';
import type { Rng } from './rng.js';
import { layered, type Surface } from './scene.js';

/** One colour at one height: the ground coat of everything. */
export function coat(color: Color, height = 0, gloss = 0, metal = 0): Surface {
  const [r, g, b] = color;
  return (p) => {
    p[0] = r;
    p[1] = g;
    p[2] = b;
    p[3] = height;
    p[4] = gloss;
    p[5] = metal;
  };
}

/** Lighter and darker by a field: colour times 1 + strength * field. */
export function mottle(field: Field, frequency: number, strength: number): Surface {
  return (p, x, y) => {
    const f = Math.max(0.05, 1 + strength * field(x * frequency, y * frequency));
    p[0] *= f;
    p[1] *= f;
    p[2] *= f;
  };
}

/** Another colour where a field is above a level. */
export function patches(
  field: Field,
  frequency: number,
  color: Color,
  level: number,
  width = 0.15,
  strength = 1,
): Surface {
  return (p, x, y) => {
    const share = strength * smoothstep(level - width, level + width, field(x * frequency, y * frequency));
    p[0] = mix(p[0], color[0], share);
    p[1] = mix(p[1], color[1], share);
    p[2] = mix(p[2], color[2], share);
  };
}

/** Hills and hollows. */
export function bumps(field: Field, frequency: number, height: number): Surface {
  return (p, x, y) => {
    p[3] += height * field(x * frequency, y * frequency);
  };
}

/** A round edge: rises over `width` from the outline to `height`, as a quarter circle. */
export function dome(width: number, height: number): Surface {
  return (p, _x, _y, d) => {
    const t = 1 - clamp(-d / width);
    p[3] += height * Math.sqrt(1 - t * t);
  };
}

/** A round part seen from its side, its axis along x. */
export function barrel(half: number, strength = 0.9): Surface {
  return (p, _x, y) => {
    const t = clamp(Math.abs(y) / half);
    p[3] += half * strength * Math.sqrt(1 - t * t);
  };
}

/** A straight sloping edge. */
export function bevel(width: number, height: number): Surface {
  return (p, _x, _y, d) => {
    p[3] += height * clamp(-d / width);
  };
}

/** Darker towards the outline, where ink, glaze or dirt gathers. */
export function rim(width: number, strength: number): Surface {
  return (p, _x, _y, d) => {
    const f = 1 - strength * clamp(1 + d / width);
    p[0] *= f;
    p[1] *= f;
    p[2] *= f;
  };
}

/** Changes only the height: a stamp into (negative) or onto the surface. */
export function raise(height: number): Surface {
  return (p) => {
    p[3] += height;
  };
}

/** Changes the colour only. */
export function ink(color: Color, strength = 1): Surface {
  return (p) => {
    p[0] = mix(p[0], color[0], strength);
    p[1] = mix(p[1], color[1], strength);
    p[2] = mix(p[2], color[2], strength);
  };
}

/** Multiplies the colour: light, dark or tinted glazing. */
export function glaze(r: number, g = r, b = r): Surface {
  return (p) => {
    p[0] *= r;
    p[1] *= g;
    p[2] *= b;
  };
}

/** Turned or cast metal with fine wear. */
export function metalCoat(color: Color, rng: Rng, height = 0): Surface {
  const gloss = rng.range(0.2, 0.6);
  const metal = rng.range(0.7, 1);
  const grain = fractalNoise(rng, 3);
  return layered(
    coat(color, height, gloss, metal),
    mottle(grain, rng.range(8, 30), rng.range(0.03, 0.1)),
    mottle(grain, rng.range(1, 3), rng.range(0.03, 0.12)),
  );
}

/** Moulded plastic. */
export function plasticCoat(color: Color, rng: Rng, height = 0): Surface {
  const grain = gradientNoise(rng);
  return layered(
    coat(color, height, rng.range(0.08, 0.7), 0),
    mottle(grain, rng.range(1, 2), 0.05),
    mottle(grain, rng.range(20, 50), rng.range(0, 0.04)),
  );
}

/** Fine lines in one direction, as left by a tool. */
export function brushed(rng: Rng, strength = 0.12, frequency = 60): Surface {
  const noise = gradientNoise(rng);
  const along = rng.range(0.8, 2.5);
  return (p, x, y) => {
    const n = noise(x * along, y * frequency) + 0.5 * noise(x * along * 2.3 + 5, y * frequency * 2.7);
    const f = 1 + strength * n;
    p[0] *= f;
    p[1] *= f;
    p[2] *= f;
  };
}

/** Specks of another colour. */
export function specks(rng: Rng, color: Color, frequency: number, size: number, share: number): Surface {
  const cells = cellNoise(rng);
  return (p, x, y) => {
    const cell = cells(x * frequency, y * frequency);
    if (cell.id >= share) return;
    // Every speck has its own size.
    const s = smoothstep(size * (0.5 + cell.id / share), size * (0.5 + cell.id / share) * 0.6, cell.near);
    p[0] = mix(p[0], color[0], s);
    p[1] = mix(p[1], color[1], s);
    p[2] = mix(p[2], color[2], s);
  };
}

/** Metals of objects. */
export const METALS = ['silver', 'gray', 'gold', 'copper', 'dark'] as const;

/** Colours of metals, weighted by how common they are. */
export function anyMetal(rng: Rng): { color: Color; name: (typeof METALS)[number] } {
  const name = rng.chance(0.55) ? 'silver' : rng.pick(METALS);
  return { color: shade(name, rng, 0.7), name };
}
