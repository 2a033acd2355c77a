/** Trees of file names, from which lists are made. The input holds a layout and a path a line. */
import { indexFolder } from '#src/data/index_folder';
import { LAYOUTS, type Layout } from '#src/data/index_layouts';
import { Rng } from '../../pictures/rng.js';
import { mutate } from '../mutate.js';
import type { FuzzTarget } from '../target.js';

const FILE = 'index';
/** Longest path, in characters. */
const LONGEST = 500;
const PARTS = [
  ...['a', 'bolt', 'train', 'test', 'good', 'bad', 'ok', 'normal', 'abnormal', 'cut', 'label', 'labels', 'no_defect'],
  ...['ground_truth', 'masks', 'mask', 'images', 'Data', 'Images', 'Anomaly', 'Normal', 'img', 'rgb', 'split_csv'],
  ...['..', '.', 'é', 'a b', '__proto__', 'constructor', '000', '\u2028', '\x1b[2J'],
];
const NAMES = ['000.png', '000_mask.png', '001.jpg', '000.bmp', '000.PNG', 'x.y.png', '_mask.png', '.png', '000'];

function tree(rng: Rng): string {
  const path = (): string => [...Array.from({ length: rng.int(6) }, () => rng.pick(PARTS)), rng.pick(NAMES)].join('/');
  return Array.from({ length: rng.int(30) }, path).join('\n');
}

/** What is left of a name in a message that writes out unusual characters. */
const usual = (text: string): string => text.replace(/\\u\w{4}|\\x\w{2}|\\[nrt]|[^\x20-\x7e]/g, '');

/** Whether a message begins with one of the paths, or with a folder of one. */
function namesPlace(message: string, paths: readonly string[]): boolean {
  const [place = ''] = usual(message).split(': ', 1);
  return paths.some((path) => usual(path) === place || usual(path).startsWith(`${place}/`));
}

export const folderIndex: FuzzTarget = {
  name: 'folder_index',
  file: FILE,
  async seeds() {
    const rng = new Rng('trees');
    return Array.from({ length: 20 }, () => new TextEncoder().encode(tree(rng)));
  },
  make(rng, seeds) {
    const text = rng.chance(0.7) ? new TextEncoder().encode(tree(rng)) : mutate(rng, rng.pick(seeds), seeds);
    return new Uint8Array(Buffer.concat([Uint8Array.from([rng.int(256)]), text]));
  },
  async run(input) {
    const layouts = Object.keys(LAYOUTS) as Layout[];
    const layout = layouts[(input[0] ?? 0) % layouts.length]!;
    const paths = [...new Set(new TextDecoder().decode(input.subarray(1)).split('\n'))].filter(
      (path) => path !== '' && path.length <= LONGEST,
    );
    try {
      indexFolder(paths, { layout, className: 'object' });
    } catch (error) {
      // The message begins with the file or the folder that stands in the way, where there is one.
      if (!(error instanceof Error) || !namesPlace(error.message, paths)) throw error;
      throw new Error(`${FILE}: ${error.message}`, { cause: error });
    }
  },
};
