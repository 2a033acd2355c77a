/** The rows of a list of samples, and what there is to say about them. */
import type { FolderGuess } from './index_guesses.js';
import type { PublishedLayout } from './index_layouts.js';
import { readName } from './index_words.js';
import { printable } from './printable.js';

/** A sample to list; paths are relative to the data set's folder, with `/`. */
export interface SampleRow {
  readonly imagePath: string;
  readonly label: 0 | 1;
  readonly className: string;
  readonly maskPath?: string;
  readonly defectType?: string;
}

export interface FolderIndex {
  readonly rows: readonly SampleRow[];
  /** All masks of the pictures that have several, each for a part; `maskPath` is the first. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  /** Every picture has a mask and nothing else tells: those with an empty mask are normal. */
  readonly unsettled: boolean;
  /** A published layout that fits as well and lists fewer pictures. */
  readonly alike?: PublishedLayout | undefined;
  /** What was made of the folders, where it was guessed. */
  readonly folders: readonly FolderGuess[];
  /** Files that are left out, abnormal pictures without masks, masks without abnormal pictures. */
  readonly unused: readonly string[];
  readonly unmasked: readonly string[];
  readonly orphans: readonly string[];
}

/** No picture fits a layout. */
export class LayoutError extends Error {
  /** A layout that fits. */
  readonly fits: PublishedLayout | undefined;

  constructor(message: string, fits: PublishedLayout | undefined) {
    super(message);
    this.fits = fits;
  }
}

/** The first two of some names. */
export const some = (names: readonly string[]): string =>
  printable(`${names.slice(0, 2).join(', ')}${names.length > 2 ? ', ...' : ''}`);

/** A number of things: "1 mask", "2 masks". */
export const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

/** What the user should know about a list. */
export function indexNotes({ unused, unmasked, orphans, parts, alike }: FolderIndex): string[] {
  const notes: string[] = [];
  const one = (names: readonly unknown[], single: string, several: string): string =>
    names.length === 1 ? single : several;
  if (unused.length > 0) {
    const belong = one(unused, 'does not belong to the list and is', 'do not belong to the list and are');
    notes.push(`${counted(unused.length, 'picture')} ${belong} left out (${some(unused)})`);
  }
  if (unmasked.length > 0) {
    notes.push(
      `${counted(unmasked.length, 'abnormal picture')} ${one(unmasked, 'has', 'have')} no mask (${some(unmasked)}): such pictures can be tested, for image figures only, but not trained on`,
    );
  }
  if (orphans.length > 0) {
    const belong = one(orphans, 'belongs', 'belong');
    notes.push(`${counted(orphans.length, 'mask')} ${belong} to no abnormal picture (${some(orphans)})`);
  }
  if (parts.size > 0) {
    notes.push(
      `${counted(parts.size, 'picture')} with several masks (${some([...parts.keys()])}): the list names one that unites them`,
    );
  }
  if (alike !== undefined) {
    notes.push(
      `the folder fits --layout ${alike} too, which lists the test pictures alone: this list has those for training as well`,
    );
  }
  return notes;
}

/**
 * What is probably wrong with a list, each with its remedy.
 * @param outright whether the user has said which pictures are normal or abnormal, so that names do not count
 */
export function indexWarnings(rows: readonly SampleRow[], outright = false): string[] {
  const normal = new Set<string>();
  const all = new Set<string>();
  for (const { className, label } of rows) {
    all.add(className);
    if (label === 0) normal.add(className);
  }
  const warnings: string[] = [];
  const bare = [...all].filter((name) => !normal.has(name));
  if (bare.length > 0) {
    const named = bare.length === 1 ? `class ${some(bare)} has` : `${bare.length} classes have`;
    const which = bare.length === 1 ? '' : ` (${some(bare)})`;
    warnings.push(`${named} no normal pictures${which}: if a folder has some, name it with --normal`);
  }
  if (outright) return warnings;
  const says = (name: string): boolean => {
    const { sure, kind } = readName(name);
    return sure && kind === 'name';
  };
  const telling = [...all].filter((name) => name.split('/').some(says));
  if (telling.length > 0) {
    warnings.push(
      `the name of a class says good or bad (${some(telling)}): if that folder tells the state, name it with --normal or --abnormal`,
    );
  }
  return warnings;
}

/** The text of a `.jsonl` list, a line for each sample. */
export function metadataText(rows: readonly SampleRow[]): string {
  const lines = rows.map(({ imagePath, label, className, maskPath, defectType }) =>
    JSON.stringify({
      ...{ image_path: imagePath, label, class_name: className },
      ...{ mask_path: maskPath, defect_type: defectType },
    }),
  );
  return lines.map((line) => `${line}\n`).join('');
}
