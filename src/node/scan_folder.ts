/** Lists a data set's samples from the files in its folder. */
import { readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { indexFolder } from '../data/index_folder.js';
import type { GuessOptions } from '../data/index_guess.js';
import type { FolderGuess } from '../data/index_guesses.js';
import type { Layout } from '../data/index_layouts.js';
import { counted, type FolderIndex, indexNotes, type SampleRow, some } from '../data/index_rows.js';
import { notUnicode } from './file_error.js';
import { linksNote } from './list_paths.js';
import { settleByMasks, UNION_FOLDER } from './mask_files.js';
import { expandImages } from './picture_files.js';

/** VisA's own split, where it is in its usual place. */
async function visaSplit(root: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, 'split_csv', '1cls.csv'), 'utf8');
  } catch {
    return undefined;
  }
}

export interface ScannedFolder extends Pick<FolderIndex, 'rows' | 'parts' | 'folders'> {
  /** What the user should know about the list. */
  readonly notes: readonly string[];
}

/**
 * The samples in a folder, in the order of their names.
 * @param className class of the pictures that are in no class folder
 * @param guess what the user says about the folders, where the layout is their own
 * @throws one line when the folder cannot be read, or nothing in it fits the layout
 */
export async function scanFolder(
  root: string,
  layout: Layout,
  className: string,
  guess: GuessOptions = {},
): Promise<ScannedFolder> {
  const within = (path: string): string => relative(root, path).split(sep).join('/');
  const dead: string[] = [];
  const all = (await expandImages([root], { onDeadLink: (path) => dead.push(within(path)) })).map(within);
  const unreadable = all.find(notUnicode);
  if (unreadable !== undefined) throw nameError(join(root, unreadable), root);
  const paths = all.filter((path) => !path.split('/').includes(UNION_FOLDER));
  const split = layout === 'visa' ? await visaSplit(root) : undefined;
  const index = indexFolder(paths, { layout, className, visaSplit: split, ...guess });
  const notes = indexNotes(index);
  if (layout === 'visa' && split === undefined) {
    notes.push(
      'split_csv/1cls.csv is missing: all pictures are listed, while the published list has only the test split',
    );
  }
  const rows = index.unsettled ? await settleByMasks(root, index.rows) : index.rows;
  if (index.unsettled) notes.push('no folder says good or bad: pictures whose mask is empty are taken as normal');
  if (dead.length > 0) notes.push(`${counted(dead.length, 'symbolic link')} to nothing (${some(dead)}): left out`);
  const links = linksNote(
    root,
    rows.flatMap(({ imagePath, maskPath }) => (maskPath ? [imagePath, maskPath] : [imagePath])),
  );
  if (links !== undefined) notes.push(links);
  return { rows, parts: index.parts, folders: settledFolders(index, rows), notes };
}

/** What was made of the folders, once the masks have told. */
function settledFolders({ folders, unsettled }: FolderIndex, rows: readonly SampleRow[]): readonly FolderGuess[] {
  if (!unsettled) return folders;
  const told = (['normal', 'abnormal'] as const).map((taken, label): FolderGuess => {
    return { name: '(files)', taken, reason: 'masks', files: rows.filter((r) => r.label === label).length };
  });
  return [...folders.filter((f) => f.reason !== 'masks'), ...told.filter((f) => f.files > 0)];
}

/** A name that cannot be read back: the system's bytes for it are not UTF-8. */
function nameError(path: string, root: string): Error {
  return new Error(
    `${path}: its name is not UTF-8, perhaps from an archive in GBK: rename it, for all files with "convmv -f GBK -t UTF-8 -r --notest ${root}"`,
  );
}
