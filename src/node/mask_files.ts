/** Masks that have to be looked into before a list can name them: empty ones, and several for one picture. */
import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { SampleRow } from '../data/index_rows.js';
import { writeAtomically } from './atomic_write.js';
import { loadMask } from './decode.js';
import { encodePng } from './encode_png.js';
import { fileError } from './file_error.js';

/** Folder for the masks that `index` makes; it is left out when a data set is listed. */
export const UNION_FOLDER = 'union_masks';

/** The rows with label 0, and no mask, for those whose mask marks nothing. @throws one line when a mask cannot be read */
export async function settleByMasks(root: string, rows: readonly SampleRow[]): Promise<SampleRow[]> {
  const settled: SampleRow[] = [];
  for (const row of rows) {
    const { maskPath, ...bare } = row;
    const empty = maskPath !== undefined && (await loadMask(join(root, maskPath))).data.every((v) => v === 0);
    settled.push(empty ? { ...bare, label: 0 } : row);
  }
  return settled;
}

/**
 * Writes one mask for each picture that has several: marked where any of them is, 255 on 0.
 * @param parts masks by picture, relative to `root`
 * @param out folder to write below
 * @returns the rows with the new masks' paths: relative to `root` where they lie in it, else absolute
 * @throws one line when a mask cannot be read or written, or the masks of a picture differ in size
 */
export async function uniteMasks(
  root: string,
  rows: readonly SampleRow[],
  parts: ReadonlyMap<string, readonly string[]>,
  out: string,
): Promise<SampleRow[]> {
  const united: SampleRow[] = [];
  for (const row of rows) {
    const own = parts.get(row.imagePath);
    if (!own) {
      united.push(row);
      continue;
    }
    const file = join(out, UNION_FOLDER, row.imagePath.replace(/(?:\.[^./]+)?$/, '.png'));
    await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => {
      throw fileError(dirname(file), 'write', error);
    });
    await writeAtomically(file, await union(own.map((path) => join(root, path))));
    const below = relative(resolve(root), resolve(file)).split(sep).join('/');
    const inside = !below.startsWith('../') && !isAbsolute(below);
    united.push({ ...row, maskPath: inside ? below : resolve(file) });
  }
  return united;
}

async function union(paths: readonly string[]): Promise<Uint8Array> {
  const [first, ...others] = await Promise.all(paths.map((path) => loadMask(path)));
  const { width, height } = first!;
  const marked = Uint8Array.from(first!.data, (v) => (v === 0 ? 0 : 255));
  others.forEach((mask, i) => {
    if (mask.width !== width || mask.height !== height) {
      throw new Error(
        `${paths[i + 1]}: masks of one picture differ in size: expected ${width}x${height} as in ${paths[0]}, got ${mask.width}x${mask.height}: make them equal`,
      );
    }
    mask.data.forEach((v, k) => {
      if (v !== 0) marked[k] = 255;
    });
  });
  return encodePng(width, height, marked);
}
