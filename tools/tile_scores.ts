/** `npm run tile-scores`: which score of a picture in tiles tells faulty pictures best, on drawn pictures with the small model. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { scorePictures } from '#src/detect/picture_batch';
import { TiledScorer } from '#src/detect/tiled_scorer';
import { ClassScores } from '#src/eval/metrics';
import { loadDetector } from '#src/node/node_library';
import type { Picture } from '#src/picture/picture';
import { cutTile, tileGrid } from '#src/picture/tile_grid';
import { runCommand } from './command.js';
import { drawSample } from './pictures/index.js';

const USAGE = `usage: npm run tile-scores -- [--pictures N]

Draws pictures of 384 px of eight classes that the small model's adapters were not trained on, most of their faults smaller than
0.8 % of the picture, and scores them at 128 px: as a whole, and in tiles of 128 px that share 32. Prints the image AUROC,
mean of the classes, for each way of making a score of the detection token's scores of the tiles and of the whole picture;
each is joined with the map's peak as everywhere in the program.

  --pictures N   good pictures of each class, and as many faulty ones (default 12)
`;

const CLASSES = ['bark', 'cardboard', 'fabric', 'granite', 'concrete', 'terrazzo', 'rubber', 'mesh'];
const SIDE = 384;
const TILING = { size: 128, overlap: 32 };
/** Views at a time. */
const BATCH = 8;

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Ways of making a score of a picture; `tiles` are sorted, the highest first. */
const WAYS = {
  'in tiles, score of the whole picture': (whole: number) => whole,
  'in tiles, score of the most anomalous tile': (_: number, tiles: readonly number[]) => tiles[0]!,
  'in tiles, mean of the highest quarter': (_: number, tiles: readonly number[]) =>
    mean(tiles.slice(0, Math.ceil(tiles.length / 4))),
  'in tiles, mean of all': (_: number, tiles: readonly number[]) => mean(tiles),
  'in tiles, mean of the whole picture and the most anomalous tile': (whole: number, tiles: readonly number[]) =>
    0.5 * whole + 0.5 * tiles[0]!,
};
const WHOLE = 'as a whole';

/** A picture of a class; the fault of a faulty one is small, as far as the first draws give one. */
function draw(className: string, index: number, faulty: boolean): Picture {
  for (let attempt = 0; ; attempt++) {
    const seed = 1000 * index + 500 + attempt;
    const { rgb, mask } = drawSample({ className, seed, size: SIDE, defect: faulty ? 'any' : 'none' });
    const share = mask.reduce((a, b) => a + b, 0) / mask.length;
    if (share < 0.008 || attempt > 4) {
      return { name: `${className} ${index}`, width: SIDE, height: SIDE, channels: 3, data: rgb };
    }
  }
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: { pictures: { type: 'string', default: '12' }, help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const count = Number(values.pictures);
  if (!Number.isInteger(count) || count < 1) {
    throw new Error(`--pictures: expected a whole number of 1 or more, got "${values.pictures}"`);
  }
  using detector = await loadDetector({ weights: 'tiny', adapters: 'tiny', imageSize: 128, classes: CLASSES });
  const { model } = detector;
  using scorer = new TiledScorer(model, BATCH, TILING);
  const found = new Map<string, number[]>([WHOLE, ...Object.keys(WAYS)].map((way) => [way, []]));
  for (const className of CLASSES) {
    const kept = new Map([...found.keys()].map((way) => [way, new ClassScores('Industrial')]));
    for (let i = 0; i < 2 * count; i++) {
      const label = i % 2;
      const picture = draw(className, i + 50, label === 1);
      const { rows, columns } = tileGrid(picture, TILING, 128);
      const tiles = rows.flatMap((row) => columns.map((column) => cutTile(picture, { row, column })));
      const scores: number[] = [];
      for (let at = 0; at < tiles.length; at += BATCH) {
        scores.push(...(await scorePictures(model, tiles.slice(at, at + BATCH), className)).scores);
      }
      scores.sort((a, b) => b - a);
      const whole = await scorePictures(model, [picture], className);
      const [map] = (await scorer.score([picture], [className])).sums;
      kept.get(WHOLE)!.add(whole.sums[0]!.data, undefined, label, whole.scores[0]!);
      for (const [way, score] of Object.entries(WAYS)) {
        kept.get(way)!.add(map!.data, undefined, label, score(whole.scores[0]!, scores));
      }
      if (process.stderr.isTTY) process.stderr.write(`\r${className} ${i + 1}/${2 * count}   `);
    }
    for (const [way, own] of kept) found.get(way)!.push(own.figures().imageAuc!);
  }
  if (process.stderr.isTTY) process.stderr.write('\r');
  for (const [way, aucs] of found) process.stdout.write(`${mean(aucs).toFixed(1).padStart(5)}  ${way}\n`);
}

await runCommand(() => main(process.argv.slice(2)));
