/** Machine parts: gears, bearings, brackets. */
import { cos, PI, sin, smoothstep, TAU } from '../arithmetic.js';
import { type ColorName, shade, times } from '../colors.js';
import { frame } from '../frame.js';
import { layered, type Surface } from '../scene.js';
import { around, minus, placed, union } from '../shape_ops.js';
import { circle, outline, type Point, rect, ring, type Shape } from '../shapes.js';
import { anyMetal, bevel, brushed, coat, dome, metalCoat, plasticCoat } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

function gear(stage: Stage): ColorName {
  const { rng } = stage;
  const plastic = rng.chance(0.25);
  const metal = anyMetal(rng);
  const name: ColorName = plastic ? rng.pick(['white', 'black', 'yellow', 'red', 'blue']) : metal.name;
  const count = 10 + rng.int(19);
  const tall = rng.range(0.1, 0.18);
  const root = 0.98 - tall;
  const half = ((PI * root) / count) * rng.range(0.5, 0.62);
  const tooth = outline([
    [root - 0.08, -half],
    [0.98, -half * 0.55],
    [0.98, half * 0.55],
    [root - 0.08, half],
  ]);
  const change = new Map<number, Shape | undefined>();
  const gone = stage.hit('missing');
  if (gone) {
    const first = gone.int(count);
    for (let i = 0; i <= gone.int(3); i++) change.set((first + i) % count, undefined);
  }
  const bent = stage.hit('misplaced');
  if (bent) {
    const lean = bent.range(0.3, 0.7) * bent.sign();
    const first = bent.int(count);
    const leaning = placed(placed(tooth, -root, 0), root, 0, lean);
    for (let i = 0; i <= bent.int(2); i++) change.set((first + i) % count, leaning);
  }
  const bore = rng.range(0.12, 0.3);
  const holes: Shape[] = [circle(bore)];
  if (rng.chance(0.5)) holes.push(rect(bore * 0.5, bore * 0.22, 0, bore, 0));
  const spokes = rng.chance(0.5) ? 3 + rng.int(4) : 0;
  const rimInner = root - rng.range(0.14, 0.2);
  if (spokes > 0) holes.push(around(circle((rimInner - bore) * 0.28, (rimInner + bore) / 2 + 0.04, 0), spokes));
  const body = minus(union(circle(root), around(tooth, count, change)), ...holes);
  const color = plastic ? shade(name, rng) : metal.color;
  const skin = plastic ? plasticCoat(color, rng, 0.2) : metalCoat(color, rng, 0.2);
  const dished: Surface = (p, x, y) => {
    const r = Math.sqrt(x * x + y * y);
    const web = smoothstep(rimInner, rimInner - 0.03, r) * smoothstep(bore + 0.08, bore + 0.11, r);
    p[3] -= 0.09 * web;
    for (let c = 0; c < 3; c++) p[c] *= 1 - 0.15 * web;
  };
  stage.fill(body, layered(skin, bevel(0.035, 0.03), dished));
  return name;
}

function bearing(stage: Stage): ColorName {
  const { rng } = stage;
  const { color, name } = anyMetal(rng);
  const bore = rng.range(0.3, 0.42);
  const inner = bore + rng.range(0.1, 0.15);
  const outer = rng.range(0.78, 0.84);
  const skin = layered(metalCoat(color, rng, 0.22), bevel(0.04, 0.04));
  stage.fill(minus(circle(0.97), circle(outer)), skin);
  stage.fill(minus(circle(inner), circle(bore)), skin);
  stage.fill(minus(circle(outer), circle(inner)), coat(times(color, 0.18), 0.04, 0, 0.3));
  const middle = (inner + outer) / 2;
  const ball = ((outer - inner) / 2) * rng.range(0.85, 1);
  const most = Math.floor((PI * middle) / ball / 1.12);
  const count = Math.max(5, most - rng.int(3));
  const gone = stage.hit('missing')?.int(count);
  const moved = stage.hit('misplaced');
  const which = moved?.int(count);
  const by = moved ? (0.6 * moved.sign() * TAU) / count : 0;
  const cage = rng.chance(0.5);
  if (cage)
    stage.fill(
      ring(middle, ball * 0.4),
      layered(coat(shade(rng.pick(['gold', 'silver', 'brown']), rng), 0.1, 0.3, 0.5)),
    );
  for (let i = 0; i < count; i++) {
    if (i === gone) continue;
    const a = (i * TAU) / count + (i === which ? by : 0);
    const at = frame(middle * cos(a), middle * sin(a));
    stage.fillAt(at, circle(ball), layered(coat(times(color, 1.1), 0.05, 0.9, 0.95), dome(ball, ball * 0.9)));
  }
  return name;
}

function bracket(stage: Stage): ColorName {
  const { rng } = stage;
  const painted = rng.chance(0.5);
  const metal = anyMetal(rng);
  const name: ColorName = painted ? rng.pick(['white', 'black', 'brown', 'gray', 'blue', 'red']) : metal.name;
  const arm = rng.range(0.2, 0.3);
  const long = rng.range(0.7, 0.9);
  const style = rng.int(3);
  const upright = rect(arm, long, 0.06, -long + arm, 0);
  const level = rect(long, arm, 0.06, 0, long - arm);
  const web = outline([
    [-0.5, 0.5],
    [0.55, 0.5],
    [-0.5, -0.55],
  ]);
  let body: Shape =
    style === 0 ? union(upright, level) : style === 1 ? union(upright, level, web) : rect(0.95, 0.45, 0.12);
  const spots: Point[] =
    style === 2
      ? [
          [-0.65, 0],
          [-0.22, 0],
          [0.22, 0],
          [0.65, 0],
        ]
      : [
          [-long + arm, -long + arm * 1.2],
          [-long + arm, -0.05],
          [0.05, long - arm],
          [long - arm * 1.2, long - arm],
        ];
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const which = (gone ?? moved)?.int(spots.length);
  const cut = gone?.chance(0.5);
  const radius = arm * rng.range(0.3, 0.5);
  const holes = spots.flatMap(([x, y], i): Shape[] => {
    if (i === which && gone && !cut) return [];
    const by = i === which && moved ? radius * moved.range(0.7, 1.1) : 0;
    const turn = i === which && moved ? moved.range(0, TAU) : 0;
    return [circle(radius, x + by * cos(turn), y + by * sin(turn))];
  });
  body = minus(body, ...holes);
  if (gone && cut) body = minus(body, brokenOff(gone, gone.range(0.5, 0.7)));
  const color = painted ? shade(name, rng) : metal.color;
  const skin = painted ? plasticCoat(color, rng, 0.1) : layered(metalCoat(color, rng, 0.1), brushed(rng, 0.05, 30));
  stage.fill(body, layered(skin, bevel(0.03, 0.04)));
  return name;
}

export const MACHINE: readonly ObjectClass[] = [
  {
    name: 'gear',
    words: 'gear',
    synonyms: ['gear wheel', 'toothed wheel'],
    draw: gear,
    faults: ['missing', 'misplaced'],
    zoom: [0.4, 0.95],
  },
  {
    name: 'bearing',
    words: 'ball bearing',
    synonyms: ['bearing'],
    draw: bearing,
    faults: ['missing', 'misplaced'],
    zoom: [0.45, 0.95],
  },
  {
    name: 'bracket',
    words: 'bracket',
    synonyms: ['metal bracket', 'metal plate with holes'],
    draw: bracket,
    faults: ['missing', 'misplaced'],
    zoom: [0.5, 0.95],
  },
];
