/**
 * One sheet of the demonstration's results: for each class the picture with the largest defect, its mask, and three
 * heatmaps.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { colourScale, sheet, type Tile } from '#src/eval/sheet';
import { encodePng, writeAtomically } from '#src/node/node';
import type { DecidedClass } from './demo_decide.js';

function tile(path: string, caption: string): Tile {
  const { width, height, data } = PNG.sync.read(readFileSync(path));
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return { width, height, data: rgb, caption };
}

/** The stem of the picture in a folder whose mask marks the largest area. */
function largestDefect(folder: string): string {
  const [largest] = readdirSync(folder)
    .filter((f) => f.endsWith('_mask.png') && !f.includes('_good_'))
    .map((f) => ({ f, area: PNG.sync.read(readFileSync(join(folder, f))).data.reduce((sum, v) => sum + v, 0) }))
    .sort((a, b) => b.area - a.area || (a.f < b.f ? -1 : 1));
  return (largest?.f ?? '').replace(/_mask\.png$/, '');
}

/**
 * Writes the sheet from the pictures that the three tests drew.
 * @param path of the sheet
 * @param out folder of the demonstration
 * @param classes one row for each
 */
export async function comparisonSheet(path: string, out: string, classes: readonly string[]): Promise<void> {
  const rows = classes.map((name) => {
    const folder = (test: string) => join(out, test, 'visualization', 'drawn', name);
    const stem = largestDefect(folder('before'));
    const at = (test: string, kind: string) => join(folder(test), `${stem}_${kind}.png`);
    if (!existsSync(at('before', 'picture'))) throw new Error(`${folder('before')}: no pictures of ${name}`);
    return [
      tile(at('before', 'picture'), `${name}: ${stem.replace(/^test_/, '').replace(/_\d+$/, '')}`),
      tile(at('before', 'mask'), 'mask'),
      tile(at('before', 'heatmap'), 'tiny CLIP'),
      tile(at('after', 'heatmap'), 'after training'),
      tile(at('embedded', 'overlay'), 'as it came'),
    ];
  });
  const { width, height, data } = sheet(rows, { cell: 144 });
  await writeAtomically(path, encodePng(width, height, data));
}

/** Pictures of each kind that the sheet of decisions shows of a class. */
const SHOWN = 4;

/**
 * Writes the sheet of decisions with references: each picture, the map of its decision, its score and whether that is right.
 * @param path of the sheet
 */
export async function decisionSheet(path: string, decided: readonly DecidedClass[]): Promise<void> {
  const rows = decided.flatMap(({ className, withReferences: { judged } }) =>
    [false, true].map((faulty) => ({
      heading: `${className}: ${faulty ? 'faulty' : 'good'} pictures`,
      tiles: judged
        .filter((one) => one.faulty === faulty)
        .slice(0, SHOWN)
        .flatMap(({ picture, heatmap, score, anomalous }) => {
          const wrong = anomalous !== faulty;
          const verdict = `${anomalous ? 'faulty' : 'good'}, ${wrong ? 'wrong' : 'right'}`;
          return [picture, { ...heatmap, caption: `${score.toFixed(2)} ${verdict}`, marked: wrong }];
        }),
    })),
  );
  const cell = 128;
  const scale = colourScale(cell, '0: good', '1: faulty');
  const { width, height, data } = sheet([...rows.map(({ tiles }) => tiles), [scale]], {
    cell,
    headings: rows.map(({ heading }) => heading),
  });
  await writeAtomically(path, encodePng(width, height, data));
}
