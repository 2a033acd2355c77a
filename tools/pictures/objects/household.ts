/** Household things: brushes, coins, candles. */
import { cos, PI, sin } from '../arithmetic.js';
import { type ColorName, screen, shade } from '../colors.js';
import { frame } from '../frame.js';
import { lettering, randomText } from '../glyphs.js';
import { cellNoise, fractalNoise } from '../noise.js';
import { layered, type Surface } from '../scene.js';
import { around, both, minus, placed, rough, union } from '../shape_ops.js';
import { circle, ellipse, polar, rect, ring, type Shape, stroke } from '../shapes.js';
import { bumps, coat, dome, glaze, metalCoat, mottle, plasticCoat, raise } from '../surfaces.js';
import { brokenOff } from './broken.js';
import type { ObjectClass, Stage } from './object.js';

function toothbrush(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['blue', 'green', 'white', 'red', 'pink', 'yellow', 'orange']);
  const half = rng.range(0.34, 0.42);
  stage.fill(
    union(rect(0.72, half, half * 0.9, -0.2, 0), rect(0.3, 0.13, 0.05, 0.75, 0)),
    layered(plasticCoat(shade(name, rng), rng, 0.04), dome(0.12, 0.1)),
  );
  const columns = 7 + rng.int(4);
  const rows = 4;
  const tints = [shade('white', rng), shade(rng.pick(['blue', 'green', 'white', 'red', 'yellow']), rng)];
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const hitColumn = (gone ?? moved)?.int(columns);
  const hitRow = (gone ?? moved)?.int(rows);
  const stripes = rng.int(3);
  const bristle = cellNoise(rng, 0.8);
  const r = Math.min(0.62 / columns, half * 0.235);
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < rows; j++) {
      const seedX = rng.range(-0.01, 0.01);
      const seedY = rng.range(-0.01, 0.01);
      const x = -0.78 + (1.16 * i) / (columns - 1) + seedX;
      const y = (half * 0.68 * (2 * j)) / (rows - 1) - half * 0.68 + seedY;
      // The head is round: corners hold no tufts.
      if ((i === 0 || i === columns - 1) && (j === 0 || j === rows - 1)) continue;
      const near =
        hitColumn !== undefined && hitRow !== undefined && Math.abs(i - hitColumn) < 2 && Math.abs(j - hitRow) < 2;
      if (gone && near) continue;
      const own = moved && near ? moved : undefined;
      const at = frame(x + (own ? own.range(-0.13, 0.13) : 0), y + (own ? own.range(-0.13, 0.13) : 0));
      const tint = tints[stripes === 0 ? 0 : stripes === 1 ? Number(j === 0 || j === rows - 1) : i & 1] as readonly [
        number,
        number,
        number,
      ];
      const ends: Surface = (p, px, py) => {
        const cell = bristle((px + x) * 34, (py + y) * 34);
        const f = 1.15 - 0.75 * cell.near;
        for (let c = 0; c < 3; c++) p[c] *= f;
        p[3] += 0.012 * (1 - cell.near);
      };
      const stretch = own ? own.range(1.2, 1.7) : 1;
      stage.fillAt(at, ellipse(r * stretch, r), layered(coat(tint, 0.3), dome(r, 0.1), ends));
    }
  }
  return name;
}

function coin(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['silver', 'gold', 'copper', 'brown', 'gray']);
  const color = shade(name, rng, 0.7);
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  let body: Shape = circle(0.97);
  if (gone) body = minus(body, brokenOff(gone, gone.range(0.5, 0.8), 0.06));
  const worn = fractalNoise(rng, 4);
  stage.fill(body, layered(metalCoat(color, rng, 0.06), dome(0.03, 0.03), mottle(worn, 3, rng.range(0.05, 0.25))));
  const at = moved
    ? frame(moved.range(0.1, 0.22) * moved.sign(), moved.range(0.05, 0.2) * moved.sign(), 1, moved.range(0, 0.5))
    : frame();
  const inside = placed(body, -at.x, -at.y);
  const emboss = (shape: Shape, height: number) =>
    stage.fillAt(at, both(shape, inside), layered(raise(height), glaze(1.06)), { soft: 0.03 });
  emboss(ring(0.9, 0.045), 0.03);
  const beads = 30 + rng.int(30);
  if (rng.chance(0.5)) emboss(around(circle(0.018, 0.81, 0), beads), 0.02);
  if (rng.chance(0.5)) {
    // A head in profile: skull, nose, neck.
    const lumps = fractalNoise(rng, 3);
    const head = union(
      ellipse(0.3, 0.36, 0, -0.12),
      polar(() => 0.09, 0.1),
      ellipse(0.12, 0.08, -0.28, -0.05),
      rect(0.16, 0.25, 0.08, 0.04, 0.34),
      ellipse(0.36, 0.12, 0.02, 0.56),
    );
    emboss(head, 0.045);
    stage.fillAt(at, both(ellipse(0.27, 0.22, 0.04, -0.26), inside), bumps(lumps, 14, 0.02));
  } else emboss(lettering(randomText(rng, 1 + rng.int(2)), rng.range(0.5, 0.75), 0.05), 0.045);
  const letters = 7 + rng.int(8);
  const from = rng.range(2.6, 3.4);
  for (let i = 0; i < letters; i++) {
    const a = from + i * 0.21;
    stage.fillAt(
      frame(at.x + 0.7 * cos(a), at.y + 0.7 * sin(a), 1, a + PI / 2),
      lettering(randomText(rng, 1), 0.12, 0.014),
      layered(raise(0.025), glaze(1.08)),
    );
  }
  return name;
}

function candle(stage: Stage): ColorName {
  const { rng } = stage;
  const name: ColorName = rng.pick(['white', 'white', 'red', 'yellow', 'green', 'blue', 'pink', 'beige']);
  const wax = shade(name, rng);
  const tin = rng.chance(0.6);
  if (tin)
    stage.fill(minus(circle(0.97), circle(0.86)), layered(metalCoat(shade('silver', rng), rng, 0.3), dome(0.05, 0.05)));
  const r = tin ? 0.88 : 0.95;
  const cloud = fractalNoise(rng, 3);
  const surface = layered(
    coat(wax, 0.2, rng.range(0.1, 0.5)),
    dome(0.15, 0.06),
    mottle(cloud, 2, 0.06),
    bumps(cloud, 3, 0.015),
  );
  stage.fill(circle(r), surface);
  const pool = rough(circle(rng.range(0.2, 0.5)), cloud, 2, 0.08);
  stage.fill(pool, layered(raise(-0.03), glaze(0.88)), { soft: 0.08 });
  const gone = stage.hit('missing');
  const moved = stage.hit('misplaced');
  const x = moved ? moved.range(0.25, 0.5) * moved.sign() : 0;
  const y = moved ? moved.range(0.1, 0.4) * moved.sign() : 0;
  const lean: [number, number] = [rng.range(-0.08, 0.08), rng.range(-0.2, -0.1)];
  const burnt = rng.chance(0.5);
  if (!gone)
    stage.fill(
      stroke(
        [
          [x, y],
          [x + lean[0], y + lean[1]],
        ],
        0.045,
        0.03,
      ),
      layered(coat(burnt ? screen(38, 32, 30) : screen(226, 220, 204), 0.36), dome(0.04, 0.06)),
    );
  return name;
}

export const HOUSEHOLD: readonly ObjectClass[] = [
  {
    name: 'toothbrush',
    words: 'toothbrush',
    synonyms: ['toothbrush head', 'brush'],
    draw: toothbrush,
    faults: ['missing', 'misplaced'],
    zoom: [0.6, 1],
  },
  {
    name: 'coin',
    words: 'coin',
    synonyms: ['metal coin', 'round coin'],
    draw: coin,
    faults: ['missing', 'misplaced'],
    zoom: [0.35, 0.9],
    many: true,
  },
  {
    name: 'candle',
    words: 'candle',
    synonyms: ['wax candle', 'round candle'],
    draw: candle,
    faults: ['missing', 'misplaced'],
    zoom: [0.4, 0.9],
    many: true,
  },
];
