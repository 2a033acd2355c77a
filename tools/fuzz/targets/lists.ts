/** Lists of samples, one JSON object a line. */
import { parseMetadata } from '#src/data/metadata';
import type { FuzzTarget } from '../target.js';

const FILE = 'full-shot.jsonl';
const ROWS = [
  { image_path: 'a/test/good/000.png', label: 0, class_name: 'a' },
  { image_path: 'a/test/cut/001.png', label: 1, class_name: 'a', mask_path: 'a/ground_truth/cut/001_mask.png' },
  { image_path: 'b\\c.png', label: 1, class_name: 'größe', mask_path: null, other: [[{}], 1] },
];

export const lists: FuzzTarget = {
  name: 'lists',
  file: FILE,
  async seeds() {
    const text = ROWS.map((row) => JSON.stringify(row)).join('\n');
    const deep = `{"image_path":${'['.repeat(25000)}${']'.repeat(25000)}}`;
    return [text, `\ufeff${text.replaceAll('\n', '\r\n')}\n`, deep].map((t) => new TextEncoder().encode(t));
  },
  run: async (input) => void parseMetadata(FILE, new TextDecoder().decode(input)),
};
