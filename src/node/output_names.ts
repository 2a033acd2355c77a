/** Names for the files written for each picture: unique, short enough for every file system, and never an input's own. */
import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { basename, dirname, extname, join, resolve, sep } from 'node:path';

/** Longest name of a file, in bytes, on the file systems in use. */
export const MOST_BYTES = 255;

/** How file systems that take `A` and `a` for one letter, or keep accents apart, compare names. */
export const foldName = (name: string): string => name.normalize('NFC').toLowerCase();

/**
 * A name of at most `room` bytes in UTF-8: a longer one is cut, and ends in `~` and eight digits that depend on all of it.
 * @param whole what the digits depend on, where that is more than the name
 */
export function fitName(name: string, room: number, whole = name): string {
  if (Buffer.byteLength(name) <= room) return name;
  const mark = `~${createHash('sha256').update(whole).digest('hex').slice(0, 8)}`;
  let cut = '';
  let bytes = mark.length;
  for (const letter of name) {
    bytes += Buffer.byteLength(letter);
    if (bytes > room) break;
    cut += letter;
  }
  return cut + mark;
}

const partsOf = (path: string): string[] => path.split(sep).filter((part) => part !== '');

/** The deepest folder that all folders lie in, as the names from the root on. */
function commonParts(folders: readonly string[]): string[] {
  const [first = [], ...others] = [...new Set(folders)].map(partsOf);
  const differs = first.findIndex((part, i) => others.some((parts) => parts[i] !== part));
  return differs < 0 ? first : first.slice(0, differs);
}

/** How many pictures want each name. */
class Names {
  readonly #count = new Map<string, number>();
  readonly #next = new Map<string, number>();

  add(name: string, by = 1): void {
    this.#count.set(foldName(name), (this.#count.get(foldName(name)) ?? 0) + by);
  }

  clash(name: string): boolean {
    return (this.#count.get(foldName(name)) ?? 0) > 1;
  }

  /** Counts on from the last number that was tried for this name: many equal names take no longer than as many different ones. */
  free(name: string, isFree: (name: string) => boolean): string {
    for (let n = this.#next.get(foldName(name)) ?? 2; ; n++) {
      const numbered = `${name}_${n}`;
      if (this.#count.has(foldName(numbered)) || !isFree(numbered)) continue;
      this.#next.set(foldName(name), n + 1);
      return numbered;
    }
  }
}

export interface NamingOptions {
  /** Folder that the files are written to. */
  readonly folder: string;
  /** Every ending that is written. */
  readonly suffixes: readonly string[];
  /** Whether a file that exists must not be replaced. */
  readonly isForeign: (path: string) => boolean;
}

/**
 * Plans where the files of each picture go: below the folder, at the picture's path below the folder that all pictures share,
 * without its extension. Where two would have the same name they keep their extensions, or are numbered.
 * @returns the path of each picture's files without their suffix, in the order of the pictures
 */
export function outputNames(pictures: readonly string[], options: NamingOptions): string[] {
  const { folder, suffixes } = options;
  const room = MOST_BYTES - Math.max(0, ...suffixes.map((s) => s.length));
  const paths = pictures.map((p) => resolve(p));
  const depth = commonParts(paths.map((p) => dirname(p))).length;
  // A drive's colon cannot be part of a name.
  const inside = paths.map((p) =>
    partsOf(p)
      .slice(depth)
      .join(sep)
      .replace(/^([A-Za-z]):/, '$1'),
  );
  const bare = (path: string): string => path.slice(0, path.length - extname(path).length);
  const names = inside.map(bare);
  const taken = new Names();
  for (const name of names) taken.add(name);
  keepExtensions(names, inside, taken);
  // Only inputs that are named like outputs can be in the way of one.
  const inputs = realPaths(paths.filter((p) => suffixes.some((s) => foldName(p).endsWith(s))));
  const place = realPath(resolve(folder));
  const isFree = (name: string): boolean =>
    suffixes.every(
      (s) =>
        !(inputs.size > 0 && inputs.has(foldName(join(place, name + s)))) && !options.isForeign(join(place, name + s)),
    );
  const used = new Set<string>();
  return names.map((name, i) => {
    const above = dirname(name) === '.' ? '' : dirname(name);
    const whole = join(above, fitName(basename(name), room, inside[i]));
    const wanted = (n: string): boolean => !used.has(foldName(n)) && isFree(n);
    const shorter = join(above, fitName(basename(name), room - '_1000000'.length, inside[i]));
    const found = wanted(whole) ? whole : taken.free(shorter, wanted);
    used.add(foldName(found));
    return join(folder, found);
  });
}

/** Gives names that clash their extensions back, which may clash with others in turn. */
function keepExtensions(names: string[], full: readonly string[], taken: Names): void {
  for (;;) {
    const clashing = names.flatMap((name, i) => (name !== full[i] && taken.clash(name) ? [i] : []));
    if (clashing.length === 0) return;
    for (const i of clashing) {
      taken.add(names[i]!, -1);
      names[i] = full[i]!;
      taken.add(full[i]!);
    }
  }
}

function realPath(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** The files' paths with the links in their folders followed, to compare with paths that are written. */
function realPaths(paths: readonly string[]): Set<string> {
  const folders = new Map<string, string>();
  return new Set(
    paths.map((path) => {
      const folder = dirname(path);
      if (!folders.has(folder)) folders.set(folder, realPath(folder));
      return foldName(join(folders.get(folder)!, basename(path)));
    }),
  );
}
