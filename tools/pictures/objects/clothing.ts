/** Buttons and zippers. */
import { fract, PI, smoothstep } from '../arithmetic.js';
import { type ColorName, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { fractalNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { around, minus, placed } from '../shape_ops.js';
import { circle, rect, type Shape } from '../shapes.js';
import { bevel, coat, dome, glaze, mottle, plasticCoat, raise } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

function button(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick([
    'white',
    'black',
    'brown',
    'red',
    'blue',
    'green',
    'beige',
    'gray',
    'pink',
    'yellow',
  ]);
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
  stage.fill(
    body,
    layered(plasticCoat(shade(name, rng), rng, 0.14), mottle(cloud, 2, rng.range(0, 0.2)), dome(0.08, 0.08), dished),
  );
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
    stage.fillAt(
      frame(side * long * 0.35 + apart, k * pitch * 0.62, 1, lean),
      rect(long * 0.62, pitch * 0.25, pitch * 0.1),
      skin,
    );
  }
  return name;
}

export const CLOTHING: readonly ObjectClass[] = [
  {
    name: 'button',
    words: 'button',
    synonyms: ['plastic button', 'round button'],
    draw: button,
    faults: ['missing', 'misplaced'],
    zoom: [0.35, 0.9],
    many: true,
  },
  {
    name: 'zipper',
    words: 'zipper',
    synonyms: ['a black zipper', 'metal zipper'],
    draw: zipper,
    faults: ['missing', 'misplaced'],
    zoom: [0.7, 1.3],
  },
];
