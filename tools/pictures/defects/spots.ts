/** Defects of an area: stains, burns, colour changes, dents, holes, wear. */
import { clamp, cos, mix, sin, smoothstep, square, TAU } from '../arithmetic.js';
import { boxBlur } from '../blur.js';
import { anyColor, blend, type Color, luminance, screen, shade, times } from '../colors.js';
import { frame, within } from '../frame.js';
import { fractalNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { offset, rough } from '../shape_ops.js';
import { circle, ellipse } from '../shapes.js';
import { bumps, coat, glaze, ink, mottle, raise, rim } from '../surfaces.js';
import { anySpot, colorAt, copied, type Defect } from './site.js';

export const stain: Defect = (site) => {
  const { rng, scene } = site;
  const there = colorAt(scene, site.at);
  const light = luminance(there) < 0.05;
  const liquid: Color = light
    ? shade(rng.pick(['white', 'gray', 'beige']), rng)
    : rng.pick([
        screen(120, 74, 36),
        screen(60, 48, 40),
        screen(140, 110, 50),
        shade(rng.pick(['red', 'blue', 'green', 'purple', 'brown']), rng),
      ]);
  const cloud = fractalNoise(rng, 4);
  const edge = rng.chance(0.5) ? rim(rng.range(0.1, 0.3), rng.range(0.2, 0.5)) : raise(0);
  const wet = rng.chance(0.25) ? rng.range(0.2, 0.6) : 0;
  const strength = clamp(rng.range(0.4, 0.85) * site.strength);
  const soak: Surface = (p, x, y) => {
    const s = clamp(strength * (1 + 0.4 * cloud(x * 2, y * 2)));
    // A glaze on light ground, a film on dark ground.
    for (let c = 0; c < 3; c++)
      p[c] = light ? mix(p[c], liquid[c], s) : p[c] * mix(1, Math.min(1.1, liquid[c] * 1.4 + 0.08), s);
    p[4] = Math.min(1, p[4] + wet);
  };
  const soft = rng.chance(0.5) ? rng.range(0.1, 0.6) : 0;
  scene.fill(anySpot(rng, true), site.at, layered(soak, edge), { soft, onObject: true });
  const drops = rng.chance(0.35) ? 2 + rng.int(8) : 0;
  for (let i = 0; i < drops; i++) {
    const a = rng.range(0, TAU);
    const far = rng.range(1.1, 2.4);
    const drop = frame(far * cos(a), far * sin(a), 0.08 + 0.3 * square(rng.next()), a);
    scene.fill(circle(1), within(site.at, drop), layered(soak, edge), { soft: soft / 2, onObject: true });
  }
};

export const burn: Defect = (site) => {
  const { rng, scene } = site;
  const cloud = fractalNoise(rng, 4, 0.6);
  const char = screen(24, 19, 17);
  const scorch = screen(112, 62, 24);
  const core = rng.range(0.25, 0.7);
  const crisp = rng.range(0.1, 0.35);
  const strength = clamp(rng.range(0.75, 1) * site.strength);
  const surface: Surface = (p, x, y) => {
    const r = Math.sqrt(x * x + y * y) + 0.35 * cloud(x * 1.6, y * 1.6);
    const brown = strength * smoothstep(1.15, core, r);
    const black = strength * smoothstep(core + crisp, core - crisp, r);
    for (let c = 0; c < 3; c++) {
      p[c] *= mix(1, scorch[c] * 1.6 + 0.05, brown);
      p[c] = mix(p[c], char[c] * (1 + 0.5 * cloud(x * 9, y * 9)), black);
    }
    p[3] += 0.02 * black * cloud(x * 6, y * 6);
    p[4] *= 1 - black;
    p[5] *= 1 - 0.8 * black;
  };
  scene.fill(rough(circle(1.15), cloud, 1.6, 0.2), site.at, surface, { soft: 0.35, onObject: true });
};

export const color: Defect = (site) => {
  const { rng, scene } = site;
  const there = colorAt(scene, site.at);
  const light = luminance(there);
  const cloud = fractalNoise(rng, 3);
  const soft = rng.chance(0.5) ? rng.range(0.1, 0.8) : 0;
  const spot = anySpot(rng);
  const kind = rng.int(3);
  if (kind === 0) {
    // Brighter or darker, as bleached or soaked.
    const up = light < 0.4 ? rng.chance(0.6) : rng.chance(0.25);
    const f = up ? rng.range(1.5, 2.3) * Math.sqrt(site.strength) : rng.range(0.3, 0.6) / Math.sqrt(site.strength);
    scene.fill(spot, site.at, layered(glaze(f), mottle(cloud, 2, 0.1)), { soft, onObject: true });
    return;
  }
  // Another hue with the material's own light and shade kept.
  const hue = anyColor(rng);
  const strongest = Math.max(...hue);
  const scale = Math.max(0.12, light) / Math.max(0.02, luminance(hue));
  const dye: Color = times(hue, clamp(scale, 0.3, 1 / strongest));
  const strength = clamp(rng.range(0.5, 0.9) * site.strength);
  const surface: Surface = (p) => {
    const own = (0.3 * p[0] + 0.6 * p[1] + 0.1 * p[2]) / Math.max(light, 0.02);
    for (let c = 0; c < 3; c++) p[c] = mix(p[c], dye[c] * own, strength);
  };
  scene.fill(spot, site.at, surface, { soft, onObject: true });
};

export const dent: Defect = (site) => {
  const { rng, scene } = site;
  const shape = ellipse(rng.range(0.9, 1.4), rng.range(0.7, 1.1));
  const depth = rng.range(0.5, 0.95) * site.strength * (rng.chance(0.75) ? -1 : 1);
  const sharp = rng.chance(0.4);
  const width = 0.75;
  const shine = rng.range(0, 0.3);
  const surface: Surface = (p, _x, _y, d) => {
    const t = clamp(-d / width);
    p[3] += depth * (sharp ? t * (2 - t) : t * t * (3 - 2 * t)) * 0.7;
    p[4] = Math.min(1, p[4] + shine * t);
    const f = 1 - 0.15 * t;
    for (let c = 0; c < 3; c++) p[c] *= f;
  };
  scene.fill(rough(shape, fractalNoise(rng, 2), 1.2, rng.range(0, 0.25)), site.at, surface, { onObject: true });
};

export const hole: Defect = (site) => {
  const { rng, scene } = site;
  const noise = fractalNoise(rng, 3, 0.6);
  const shape = rough(
    ellipse(rng.range(0.8, 1.15), rng.range(0.65, 0.95)),
    noise,
    rng.range(1, 3),
    rng.range(0.02, 0.3),
  );
  const there = colorAt(scene, site.at);
  const dark = times(there, rng.range(0.02, 0.2));
  if (rng.chance(0.5)) {
    const lip = blend(there, rng.chance(0.5) ? shade('white', rng) : dark, rng.range(0.2, 0.5));
    const raised = rng.range(0, 0.15);
    scene.fill(offset(shape, rng.range(0.08, 0.2)), site.at, layered(ink(lip, 0.7), raise(raised)), {
      soft: 0.1,
      onObject: true,
    });
  }
  const backdrop = scene.backdrop;
  const inside =
    backdrop && rng.chance(0.5)
      ? layered(copied(scene, site.at, backdrop, (x, y) => [x, y]))
      : layered(coat(dark), bumps(noise, 3, 0.1), mottle(noise, 4, 0.4), raise(-0.35), rim(0.3, 0.5));
  scene.fill(shape, site.at, inside, { onObject: true });
};

export const worn: Defect = (site) => {
  const { rng, scene } = site;
  const noise = fractalNoise(rng, 4, 0.6);
  const soft = rng.range(0.1, 0.5);
  if (rng.chance(0.5)) {
    // Rubbed smooth and pale: fine structure is gone.
    const radius = Math.max(2, Math.round(scene.size * rng.range(0.02, 0.06)));
    const smooth = scene.planes.map((plane) => boxBlur(plane, scene.size, radius));
    const pale = blend(colorAt(scene, site.at), shade(rng.pick(['white', 'gray', 'dark']), rng), 0.7);
    const rubbed = layered(
      copied(scene, site.at, smooth, (x, y) => [x, y]),
      ink(pale, clamp(rng.range(0.25, 0.5) * site.strength)),
      mottle(noise, 4, 0.06),
    );
    scene.fill(anySpot(rng, true), site.at, rubbed, { soft, onObject: true });
    return;
  }
  // Rough: coarse grain where it should be even.
  const strength = rng.range(0.3, 0.6) * site.strength;
  const frequency = rng.range(4, 12);
  const rubbed = layered(
    mottle(noise, frequency, strength),
    bumps(noise, frequency, 0.1 * strength),
    glaze(rng.range(0.7, 1.2)),
  );
  scene.fill(anySpot(rng, true), site.at, rubbed, { soft, onObject: true });
};
