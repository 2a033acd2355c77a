/** One sheet of what the demonstration found: each class's picture with the largest fault, its mask, and three heatmaps. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { sheet } from '../../dist/eval/sheet.js';
import { encodePng, writeAtomically } from '../../dist/node/node.js';

/** @param {string} path @param {string} caption */
function tile(path, caption) {
  const { width, height, data } = PNG.sync.read(readFileSync(path));
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) rgb.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  return { width, height, data: rgb, caption };
}

/**
 * Writes the sheet from the pictures that the three tests drew.
 * @param {string} path of the sheet
 * @param {string} out folder of the demonstration
 * @param {readonly string[]} classes a row each
 */
export async function comparisonSheet(path, out, classes) {
  const folder = (/** @type {string} */ test, /** @type {string} */ name) =>
    join(out, test, 'visualization', 'drawn', name);
  const rows = classes.map((name) => {
    const [largest] = readdirSync(folder('before', name))
      .filter((f) => f.endsWith('_mask.png') && !f.includes('_good_'))
      .map((f) => ({
        f,
        area: PNG.sync.read(readFileSync(join(folder('before', name), f))).data.reduce((sum, v) => sum + v, 0),
      }))
      .sort((a, b) => b.area - a.area || (a.f < b.f ? -1 : 1));
    const stem = (largest?.f ?? '').replace(/_mask\.png$/, '');
    const at = (/** @type {string} */ test, /** @type {string} */ kind) =>
      join(folder(test, name), `${stem}_${kind}.png`);
    if (!existsSync(at('before', 'picture'))) throw new Error(`${folder('before', name)}: no pictures of ${name}`);
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
