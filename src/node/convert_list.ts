/** Converts a list that another program wrote. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { fileText } from '../data/file_text.js';
import { type ForeignList, foreignRows } from '../data/foreign_lists.js';
import { type SampleRow, some } from '../data/index_rows.js';
import { fileError } from './file_error.js';
import { linksNote, placeSamples } from './list_paths.js';

/**
 * The samples of another program's list, with paths relative to the data set's folder.
 * @param split part of the data to list; by default the test part where there is one
 * @param className class of the entries that name none
 * @param allowOutside whether relative paths may lead out of the folder
 * @throws one line when the list cannot be read, or names files that are not there
 */
export async function convertList(
  file: string,
  root: string,
  split: string | undefined,
  className: string,
  allowOutside?: boolean,
): Promise<ForeignList> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(file, 'read', error);
  });
  const { rows, notes } = foreignRows(file, fileText(file, bytes), split, className);
  const placed = placeSamples(
    rows.map((row, i) => ({ ...row, line: i + 1 })),
    { list: file, root, allowOutside },
  ).map(({ line: _, ...row }) => row);
  const files = placed.flatMap(({ imagePath, maskPath }) =>
    maskPath === undefined ? [imagePath] : [imagePath, maskPath],
  );
  const missing = files.filter((path) => !existsSync(join(root, path)));
  if (missing.length > 0) {
    throw new Error(
      `${file}: ${missing.length} of ${files.length} files are not below ${root} (${some(missing)}): name the folder that the paths start from: "aaclip index FOLDER --from ${file}"`,
    );
  }
  const links = linksNote(root, files);
  return {
    rows: placed.map((row, i) => withAbsolute(row, rows[i]!)),
    notes: links === undefined ? notes : [...notes, links],
  };
}

/** Absolute paths to other folders stay as they are: a list may have those, but no relative ones that lead out. */
function withAbsolute(row: SampleRow, given: SampleRow): SampleRow {
  const kept = (path: string, was: string): string => (isAbsolute(was) && path.startsWith('..') ? was : path);
  const imagePath = kept(row.imagePath, given.imagePath);
  return row.maskPath === undefined
    ? { ...row, imagePath }
    : { ...row, imagePath, maskPath: kept(row.maskPath, given.maskPath!) };
}
