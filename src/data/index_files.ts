/** A folder's files with what the names on their way say: read once a folder, however many files lie in it. */
import { globToRegExp } from './glob.js';
import { type NameReading, readName, type State } from './index_words.js';

/** A folder on the way to files. */
export interface FolderPath {
  /** Path from the root, with `/`; empty for the root itself. */
  readonly path: string;
  readonly names: readonly string[];
  readonly readings: readonly NameReading[];
}

export interface FileEntry {
  readonly path: string;
  readonly folder: FolderPath;
  readonly stem: string;
  /** Lower case, without the dot. */
  readonly ending: string;
}

/** Deepest folder that is looked into. */
const MOST_FOLDERS = 200;

/** Splits paths (with `/`, relative to the root) into folders and names. */
export function fileEntries(paths: readonly string[]): FileEntry[] {
  const folders = new Map<string, FolderPath>();
  return paths.map((path) => {
    const slash = path.lastIndexOf('/');
    const [above, file] = [path.slice(0, Math.max(0, slash)), path.slice(slash + 1)];
    let folder = folders.get(above);
    if (!folder) {
      const names = above === '' ? [] : above.split('/');
      if (names.length > MOST_FOLDERS) {
        const start = names.slice(0, 3).join('/');
        throw new Error(
          `${start}/...: ${names.length} folders deep: expected at most ${MOST_FOLDERS}: move the files up`,
        );
      }
      folder = { path: above, names, readings: names.map(readName) };
      folders.set(above, folder);
    }
    const dot = file.lastIndexOf('.');
    const stem = dot > 0 ? file.slice(0, dot) : file;
    return { path, folder, stem, ending: file.slice(stem.length + 1).toLowerCase() };
  });
}

/**
 * Calls a function once a folder and remembers its result.
 * @param make never called twice for one folder
 */
export function onceAFolder<T>(make: (folder: FolderPath) => T): (folder: FolderPath) => T {
  const made = new Map<FolderPath, T>();
  return (folder) => {
    const known = made.get(folder);
    if (known !== undefined || made.has(folder)) return known as T;
    const value = make(folder);
    made.set(folder, value);
    return value;
  };
}

/** Where a name says what a file is: the place of the folder in the path; one past the last folder for the file's own name. */
export interface Told {
  readonly state: State;
  readonly place: number;
}

/** Names of folders, paths of folders, or patterns for either and for files; commas separate several. */
export class NamePatterns {
  readonly #names = new Set<string>();
  readonly #paths: RegExp[] = [];
  readonly #single: RegExp[] = [];
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    // A comma within braces belongs to the pattern.
    for (const given of text.split(/,(?![^{]*\})/)) {
      const name = given.trim().replaceAll('\\', '/').replace(/^\.\//, '').replace(/\/+$/, '');
      if (name === '') continue;
      const wild = /[*?{]/.test(name);
      if (name.includes('/')) this.#paths.push(globToRegExp(name));
      else if (wild) this.#single.push(globToRegExp(name));
      else this.#names.add(name.toLowerCase());
    }
  }

  /** Place of the deepest folder that is named, -1 for none. */
  folder({ names }: FolderPath): number {
    let above = '';
    let found = -1;
    names.forEach((name, i) => {
      above += i === 0 ? name : `/${name}`;
      const alone = this.#names.has(name.toLowerCase()) || this.#single.some((p) => p.test(name));
      if (alone || this.#paths.some((p) => p.test(above))) found = i;
    });
    return found;
  }

  /** Whether the file itself is named. */
  file(path: string): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    return (
      this.#names.has(name.toLowerCase()) ||
      this.#single.some((p) => p.test(name)) ||
      this.#paths.some((p) => p.test(path))
    );
  }

  /** The error for names that no file has. */
  unmatched(flag: string, entries: readonly FileEntry[]): Error {
    const there = [...new Set(entries.flatMap(({ folder }) => folder.names.slice(-1)))].slice(0, 5);
    const such = there.length === 0 ? '' : ` such as ${there.join(', ')}`;
    return new Error(
      `${flag}: no folder or file is called so: expected names or paths below the data folder${such}, got ${this.#text}`,
    );
  }
}
