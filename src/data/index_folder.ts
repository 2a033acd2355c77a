/** Makes the list of a data set's samples from the names of its files. */
import { type GuessOptions, guessFolder } from './index_guess.js';
import type { Layout } from './index_layouts.js';
import { indexPublished, type PublishedOptions } from './index_published.js';
import type { FolderIndex } from './index_rows.js';
import { printable } from './printable.js';

export interface IndexOptions extends GuessOptions, PublishedOptions {
  readonly layout: Layout;
}

/**
 * Lists the samples of a data set.
 * @param paths the picture files below its folder, relative to it, with `/`; the list keeps their order
 * @throws LayoutError when no picture fits the layout; an error when two masks fit one picture
 */
export function indexFolder(paths: readonly string[], options: IndexOptions): FolderIndex {
  try {
    return byLayout(paths, options);
  } catch (error) {
    if (error instanceof Error) error.message = printable(error.message);
    throw error;
  }
}

function byLayout(paths: readonly string[], options: IndexOptions): FolderIndex {
  const { layout, className } = options;
  if (layout === 'folder') return guessFolder(paths, className, options);
  const flag = (['normal', 'abnormal', 'masks'] as const).find((name) => options[name] !== undefined);
  if (flag) throw new Error(`--${flag}: the layout ${layout} says it already: leave out --layout, or this flag`);
  return indexPublished(paths, layout, options);
}
