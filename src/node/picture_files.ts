/** Finds the picture files that a user's paths, folders and patterns name. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { globToRegExp } from '../data/glob.js';
import { PictureError } from '../picture/picture.js';
import { fileError, notUnicode } from './file_error.js';
import { isOwnPicture } from './own_pictures.js';

/** Extensions looked for in folders, in upper or lower case. A file named directly may have any name. */
const PICTURE_EXTENSIONS = ['.png', '.jpg', '.jpeg', '.jfif', '.bmp', '.dib', '.tif', '.tiff', '.webp'] as const;

/** Extensions of pictures that are not read: in folders they are left out, and the caller is told. */
const OTHER_PICTURES = /\.(?:heic|heif|avif|jxl|gif|jp2|j2k|jpx|psd|dcm|exr|svg|ico|dng|cr2|cr3|nef|arw)$/i;

const natural = new Intl.Collator('en', { numeric: true });

/** Orders names as people count: img2 before img10; equal names by their code units. */
export function compareNatural(a: string, b: string): number {
  return natural.compare(a, b) || (a < b ? -1 : Number(a > b));
}

/** Whether a name ends as a picture that is looked for in folders. */
export function isPicture(name: string): boolean {
  const lower = name.toLowerCase();
  return PICTURE_EXTENSIONS.some((e) => lower.endsWith(e));
}

/** How folders are searched. */
export interface SearchOptions {
  /** Folder that is written to: it is not searched where it lies in a folder that is. */
  readonly output?: string | undefined;
  /** Told about pictures in folders that are left out since their format is not read. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Told of links below a folder that lead nowhere, which are left out. */
  readonly onDeadLink?: ((path: string) => void) | undefined;
}

/**
 * All files below a folder except hidden ones and what predict wrote; a folder that links lead to twice is entered once.
 * @param seen folders that are not entered, by their real paths
 */
async function* walk(
  folder: string,
  onDeadLink: SearchOptions['onDeadLink'],
  seen: Set<string>,
): AsyncGenerator<string> {
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
    else if (kind?.isFile() && !isOwnPicture(path)) yield path;
    else if (!kind) onDeadLink?.(path);
  }
}

function byName(a: Dirent, b: Dirent): number {
  return compareNatural(a.name, b.name);
}

/** The folder that is written to, unless the search starts in it: the user then means the pictures there. */
async function outside(start: string, output: string | undefined): Promise<Set<string>> {
  const [from, to] = await Promise.all([start, output ?? start].map((path) => realpath(path).catch(() => undefined)));
  return new Set(to === undefined || to === from ? [] : [to]);
}

async function search(
  folder: string,
  { output, onDeadLink }: SearchOptions,
  wanted: (path: string) => boolean,
): Promise<string[]> {
  const found: string[] = [];
  for await (const path of walk(folder, onDeadLink, await outside(folder, output))) if (wanted(path)) found.push(path);
  return found.sort(compareNatural);
}

/** Counts of formats: "2 HEIC, 1 GIF". */
function formatsOf(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const format = OTHER_PICTURES.exec(path)![0].slice(1).toUpperCase();
    counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  return [...counts].map(([format, n]) => `${n} ${format}`).join(', ');
}

async function matchGlob(pattern: string, options: SearchOptions): Promise<string[]> {
  const glob = posix.normalize(sep === '\\' ? pattern.replaceAll('\\', '/') : pattern);
  // Start at the last folder before the first wildcard.
  const fixed = glob.slice(0, glob.search(/[*?{]/));
  const root = fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/')) || '/' : '.';
  const matcher = globToRegExp(glob);
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) return [];
  return search(root, options, (path) => matcher.test(sep === '\\' ? path.replaceAll('\\', '/') : path));
}

/**
 * The picture files that paths, folders (searched to any depth) and globs name: in the order given, each once, in
 * natural order within a folder or glob. A file named directly is accepted with any extension. Folders are searched without
 * the pictures that predict wrote into them (heatmaps, maps and masks).
 * @throws PictureError (as a rejection) for a missing path, a folder without pictures or a pattern without matches
 */
export async function expandImages(inputs: readonly string[], options: SearchOptions = {}): Promise<string[]> {
  if (inputs.length === 0)
    throw new Error('pictures: none given: expected a file, a folder or a pattern such as "*.png"');
  const found = new Set<string>();
  for (const input of inputs) {
    const info = await stat(input).catch(() => undefined);
    let paths: string[];
    if (info?.isDirectory()) {
      const all = await search(input, options, (path) => isPicture(path) || OTHER_PICTURES.test(path));
      paths = all.filter(isPicture);
      const others = all.filter((path) => !isPicture(path));
      if (paths.length === 0) {
        const got = others.length > 0 ? `, got ${formatsOf(others)}` : '';
        throw new PictureError(
          input,
          `no pictures in this folder: expected files ending in ${PICTURE_EXTENSIONS.join(' ')}${got}`,
          others.length > 0 ? 'convert them to PNG' : undefined,
        );
      }
      if (others.length > 0) {
        options.onNote?.(
          `${input}: pictures left out, since their format is not read: ${formatsOf(others)}; convert them to PNG`,
        );
      }
    } else if (info) {
      paths = [input];
    } else if (/[*?{]/.test(input)) {
      paths = await matchGlob(input, options);
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
