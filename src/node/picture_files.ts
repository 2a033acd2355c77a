/** Finds the picture files that a user's paths, folders and patterns name. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { globToRegExp } from '../data/glob.js';
import { PictureError } from '../picture/picture.js';
import { fileError, notUnicode } from './file_error.js';

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

/** Told of a link below a folder that leads nowhere. */
type DeadLink = (path: string) => void;

/** All files below a folder except hidden ones; a folder that links lead to twice is entered once. */
async function* walk(folder: string, onDeadLink: DeadLink, seen: Set<string> = new Set()): AsyncGenerator<string> {
  const real = await realpath(folder).catch((e: unknown) => {
    throw fileError(folder, 'read', e);
  });
  if (seen.has(real)) return;
  seen.add(real);
  const entries = await readdir(folder, { withFileTypes: true }).catch((e: unknown) => {
    throw fileError(folder, 'read', e);
  });
  for (const entry of entries.sort(byName)) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (kind?.isDirectory()) yield* walk(path, onDeadLink, seen);
    else if (kind?.isFile()) yield path;
    else if (!kind) onDeadLink(path);
  }
}

function byName(a: Dirent, b: Dirent): number {
  return compareNatural(a.name, b.name);
}

async function collect(files: AsyncGenerator<string>, wanted: (path: string) => boolean): Promise<string[]> {
  const found: string[] = [];
  for await (const path of files) if (wanted(path)) found.push(path);
  return found.sort(compareNatural);
}

async function matchGlob(pattern: string, onDeadLink: DeadLink): Promise<string[]> {
  const glob = posix.normalize(sep === '\\' ? pattern.replaceAll('\\', '/') : pattern);
  // Start at the last folder before the first wildcard.
  const fixed = glob.slice(0, glob.search(/[*?{]/));
  const root = fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/')) || '/' : '.';
  const matcher = globToRegExp(glob);
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) return [];
  return collect(walk(root, onDeadLink), (path) => matcher.test(sep === '\\' ? path.replaceAll('\\', '/') : path));
}

/**
 * The picture files that paths, folders (searched to any depth) and globs name: in the order given, each once, in
 * natural order within a folder or glob. A file named directly is accepted with any extension.
 * @param onDeadLink told of links that lead nowhere, which are left out
 * @throws PictureError (as a rejection) for a missing path, a folder without pictures or a pattern without matches
 */
export async function expandImages(
  inputs: readonly string[],
  onDeadLink: DeadLink = () => undefined,
): Promise<string[]> {
  if (inputs.length === 0)
    throw new Error('pictures: none given: expected a file, a folder or a pattern such as "*.png"');
  const found = new Set<string>();
  for (const input of inputs) {
    const info = await stat(input).catch(() => undefined);
    let paths: string[];
    if (info?.isDirectory()) {
      paths = await collect(walk(input, onDeadLink), isPicture);
      if (paths.length === 0) {
        throw new PictureError(
          input,
          `no pictures in this folder: expected files ending in ${PICTURE_EXTENSIONS.join(' ')}`,
        );
      }
    } else if (info) {
      paths = [input];
    } else if (/[*?{]/.test(input)) {
      paths = await matchGlob(input, onDeadLink);
      if (paths.length === 0)
        throw new PictureError(input, 'no file matches this pattern', 'check the folder and the pattern');
    } else {
      if (notUnicode(input)) throw fileError(input, 'read', Object.assign(new Error(), { code: 'ENOENT' }));
      throw new PictureError(input, 'no such file or folder', 'check the path');
    }
    for (const path of paths) found.add(path);
  }
  return [...found];
}
