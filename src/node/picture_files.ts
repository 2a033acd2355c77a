/** Finds the picture files that a user's paths, folders and patterns name. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { PictureError } from '../picture/picture.js';
import { fileError } from './file_error.js';
import { isOwnPicture } from './own_pictures.js';

/** Extensions looked for in folders, in upper or lower case. A file named directly may have any name. */
const PICTURE_EXTENSIONS = ['.png', '.jpg', '.jpeg', '.jfif', '.bmp', '.dib', '.tif', '.tiff', '.webp'] as const;

const natural = new Intl.Collator('en', { numeric: true });

/** Orders names as people count: img2 before img10; equal names by their code units. */
export function compareNatural(a: string, b: string): number {
  return natural.compare(a, b) || (a < b ? -1 : Number(a > b));
}

function isPicture(name: string): boolean {
  const lower = name.toLowerCase();
  return PICTURE_EXTENSIONS.some((e) => lower.endsWith(e));
}

/**
 * A glob as a regular expression for paths with forward slashes: `*` and `?` stay within a name, `**` as a whole name
 * stands for any number of folders, `{a,b}` for a or b. As in a shell, wildcards do not match a leading dot.
 */
export function globToRegExp(glob: string): RegExp {
  let source = '';
  let depth = 0;
  const atStart = (i: number) => i === 0 || glob[i - 1] === '/';
  for (let i = 0; i < glob.length; i++) {
    const ch = glob[i]!;
    if (ch === '*' && glob[i + 1] === '*' && atStart(i) && glob[i + 2] === '/') {
      source += '(?:(?!\\.)[^/]+/)*';
      i += 2;
    } else if (ch === '*' && glob[i + 1] === '*' && atStart(i) && i + 2 === glob.length) {
      source += '(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+';
      i += 1;
    } else if (ch === '*' || ch === '?') source += `${atStart(i) ? '(?!\\.)' : ''}[^/]${ch === '*' ? '*' : ''}`;
    else if (ch === '{' && glob.indexOf('}', i) > i) {
      source += '(?:';
      depth++;
    } else if (ch === '}' && depth > 0) {
      source += ')';
      depth--;
    } else if (ch === ',' && depth > 0) source += '|';
    else source += ch.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  }
  return new RegExp(`^${source}$`);
}

/**
 * All files below a folder except hidden ones and what predict wrote; a folder that links lead to twice is entered once.
 * @param seen folders that are not entered, by their real paths
 */
async function* walk(folder: string, seen: Set<string>): AsyncGenerator<string> {
  const real = await realpath(folder);
  if (seen.has(real)) return;
  seen.add(real);
  const entries = await readdir(folder, { withFileTypes: true }).catch((e: unknown) => {
    throw fileError(folder, 'read', e);
  });
  for (const entry of entries.sort(byName)) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (kind?.isDirectory()) yield* walk(path, seen);
    else if (kind?.isFile() && !isOwnPicture(path)) yield path;
  }
}

/** The folder that is written to, unless the search starts in it: the user then means the pictures there. */
async function outside(start: string, output: string | undefined): Promise<Set<string>> {
  const [from, to] = await Promise.all([start, output ?? start].map((path) => realpath(path).catch(() => undefined)));
  return new Set(to === undefined || to === from ? [] : [to]);
}

function byName(a: Dirent, b: Dirent): number {
  return compareNatural(a.name, b.name);
}

async function collect(files: AsyncGenerator<string>, wanted: (path: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for await (const path of files) if (wanted(path)) found.push(path);
  return found.sort(compareNatural);
}

async function matchGlob(pattern: string, output: string | undefined): Promise<string[]> {
  const glob = posix.normalize(sep === '\\' ? pattern.replaceAll('\\', '/') : pattern);
  // Start at the last folder before the first wildcard.
  const fixed = glob.slice(0, glob.search(/[*?{]/));
  const root = fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/')) || '/' : '.';
  const matcher = globToRegExp(glob);
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) return [];
  return collect(walk(root, await outside(root, output)), (path) =>
    matcher.test(sep === '\\' ? path.replaceAll('\\', '/') : path),
  );
}

/**
 * The picture files that paths, folders (searched to any depth) and globs name: in the order given, each once, in
 * natural order within a folder or glob. A file named directly is accepted with any extension. Folders are searched without
 * the pictures that predict wrote into them (heatmaps, maps and masks).
 * @param output folder that is written to: it is not searched where it lies in a folder that is
 * @throws PictureError (as a rejection) for a missing path, a folder without pictures or a pattern without matches
 */
export async function expandImages(inputs: readonly string[], output?: string): Promise<string[]> {
  if (inputs.length === 0)
    throw new Error('pictures: none given: expected a file, a folder or a pattern such as "*.png"');
  const found = new Set<string>();
  for (const input of inputs) {
    const info = await stat(input).catch(() => undefined);
    let paths: string[];
    if (info?.isDirectory()) {
      paths = await collect(walk(input, await outside(input, output)), isPicture);
      if (paths.length === 0) {
        throw new PictureError(
          input,
          `no pictures in this folder: expected files ending in ${PICTURE_EXTENSIONS.join(' ')}`,
        );
      }
    } else if (info) {
      paths = [input];
    } else if (/[*?{]/.test(input)) {
      paths = await matchGlob(input, output);
      if (paths.length === 0)
        throw new PictureError(input, 'no file matches this pattern', 'check the folder and the pattern');
    } else {
      throw new PictureError(input, 'no such file or folder', 'check the path');
    }
    for (const path of paths) found.add(path);
  }
  return [...found];
}
