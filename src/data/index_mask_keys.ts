/** What a mask and its picture have in common: the names of their folders, apart from those that tell them apart. */
import { type FileEntry, type FolderPath, onceAFolder } from './index_files.js';
import { nameCore, numberOf, readName } from './index_words.js';

/** Names of the folders of a path that pictures and masks have in common; the one at `skipped` is left out. */
export function folderCores(
  { names }: FolderPath,
  skipped: number,
  products: ReadonlySet<string>,
  withCore: boolean,
): string[] {
  const found: string[] = [];
  let above = '';
  names.forEach((name, i) => {
    above += `${name}/`;
    const core = products.has(above) ? name.toLowerCase() : nameCore(name);
    if (core !== '' && (i !== skipped || withCore)) found.push(core);
  });
  return found;
}

const unsplit = (parts: readonly string[]): string[] => parts.filter((p) => readName(p).kind !== 'split');
const key = (parts: readonly string[], stem: string): string => `${parts.join('/')}\n${stem.toLowerCase()}`;

/** Pictures by what they have in common with their masks. */
export class PictureKeys {
  readonly #keys = new Map<string, number[]>();
  readonly #parts: (folder: FolderPath) => string[][];

  constructor(products: ReadonlySet<string>) {
    // The likeliest first: the whole path, without train and test, without the last folder, without those that say good or bad.
    this.#parts = onceAFolder((folder) => {
      const whole = folderCores(folder, -1, products, false);
      const short = unsplit(whole);
      return [whole, short, short.slice(0, -1), short.filter((part) => !readName(part).sure)];
    });
  }

  add(index: number, { folder, stem }: FileEntry): void {
    const number = numberOf(stem);
    this.#parts(folder).forEach((parts, level) => {
      for (const name of number === undefined || number === stem ? [stem] : [stem, `#${number}`]) {
        const at = `${level}${key(parts, name)}`;
        const there = this.#keys.get(at);
        if (there) there.push(index);
        else this.#keys.set(at, [index]);
      }
    });
  }

  /** Pictures with that name in a folder that has these names, at a level of {@link PictureKeys}. */
  get(level: number, parts: readonly string[], stem: string): readonly number[] {
    return this.#keys.get(`${level}${key(parts, stem)}`) ?? [];
  }
}

/** Where the picture of a mask may be, the likeliest place first. */
export function* placesToTry(
  variants: readonly (readonly string[])[],
  stems: readonly string[],
  last: string | undefined,
  below: boolean,
): Generator<{ level: number; parts: readonly string[]; stem: string; part: boolean }> {
  for (const level of [0, 1]) {
    for (const variant of variants) {
      const parts = level === 0 ? variant : unsplit(variant);
      for (const stem of stems) yield { level, parts, stem, part: false };
      // A folder for each picture, with a mask for each of its faults.
      if (below && last !== undefined) yield { level, parts: parts.slice(0, -1), stem: last, part: true };
    }
  }
  // All masks of a class in one folder.
  for (const level of [2, 3]) {
    for (const variant of variants)
      for (const stem of stems) yield { level, parts: unsplit(variant), stem, part: false };
  }
}
