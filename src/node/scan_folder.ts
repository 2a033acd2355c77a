/** Lists a data set's samples from the files in its folder. */
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { type FolderIndex, indexFolder } from '../data/index_folder.js';
import type { Layout } from '../data/index_layouts.js';
import { expandImages } from './picture_files.js';

/** VisA's own split, where it is in its usual place. */
async function visaSplit(root: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, 'split_csv', '1cls.csv'), 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The samples in a folder, in the order of their names.
 * @param className class of the pictures that are in no class folder
 * @throws one line when the folder cannot be read, or nothing in it fits the layout
 */
export async function scanFolder(root: string, layout: Layout, className: string): Promise<FolderIndex> {
  const paths = (await expandImages([root])).map((path) => relative(root, path).split(sep).join('/'));
  const split = layout === 'visa' ? await visaSplit(root) : undefined;
  const { rows, notes } = indexFolder(paths, { layout, className, visaSplit: split });
  const unsplit =
    'split_csv/1cls.csv is missing: all pictures are listed, while the published list has only the test split';
  return { rows, notes: layout === 'visa' && split === undefined ? [...notes, unsplit] : notes };
}
