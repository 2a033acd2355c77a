/** Finds the picture files that a user's paths, folders and patterns name. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, posix, sep } from 'node:path';
import { PictureError } from '../picture/picture.js';
import { fileError } from './file_error.js';

/** Extensions looked for in folders, in upper or lower case. A file named directly may have any name. */
const PICTURE_EXTENSIONS = ['.png', '.jpg', '.jpeg', '.jfif', '.bmp', '.dib', '.tif', '.tiff', '.webp'] as const;

/** Extensions of pictures that are not read: in folders they are left out, and the caller is told. */
const OTHER_PICTURES = /\.(?:heic|heif|avif|jxl|gif|jp2|j2k|jpx|psd|dcm|exr|svg|ico|dng|cr2|cr3|nef|arw)$/i;

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

/** All files below a folder except hidden ones; a folder that links lead to twice is entered once. */
async function* walk(folder: string, seen: Set<string> = new Set()): AsyncGenerator<string> {
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
    else if (kind?.isFile()) yield path;
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

/** Counts of formats: "2 HEIC, 1 GIF". */
function formatsOf(paths: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const format = OTHER_PICTURES.exec(path)![0].slice(1).toUpperCase();
    counts.set(format, (counts.get(format) ?? 0) + 1);
  }
  return [...counts].map(([format, n]) => `${n} ${format}`).join(', ');
}

async function matchGlob(pattern: string): Promise<string[]> {
  const glob = posix.normalize(sep === '\\' ? pattern.replaceAll('\\', '/') : pattern);
  // Start at the last folder before the first wildcard.
  const fixed = glob.slice(0, glob.search(/[*?{]/));
  const root = fixed.includes('/') ? fixed.slice(0, fixed.lastIndexOf('/')) || '/' : '.';
  const matcher = globToRegExp(glob);
  if (!(await stat(root).catch(() => undefined))?.isDirectory()) return [];
  return collect(walk(root), (path) => matcher.test(sep === '\\' ? path.replaceAll('\\', '/') : path));
}

/**
 * The picture files that paths, folders (searched to any depth) and globs name: in the order given, each once, in
 * natural order within a folder or glob. A file named directly is accepted with any extension.
 * @param onNote told about pictures in folders that are left out since their format is not read
 * @throws PictureError (as a rejection) for a missing path, a folder without pictures or a pattern without matches
 */
export async function expandImages(inputs: readonly string[], onNote?: (note: string) => void): Promise<string[]> {
  if (inputs.length === 0)
    throw new Error('pictures: none given: expected a file, a folder or a pattern such as "*.png"');
  const found = new Set<string>();
  for (const input of inputs) {
    const info = await stat(input).catch(() => undefined);
    let paths: string[];
    if (info?.isDirectory()) {
      const all = await collect(walk(input), (path) => isPicture(path) || OTHER_PICTURES.test(path));
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
        onNote?.(
          `${input}: pictures left out, since their format is not read: ${formatsOf(others)}; convert them to PNG`,
        );
      }
    } else if (info) {
      paths = [input];
    } else if (/[*?{]/.test(input)) {
      paths = await matchGlob(input);
      if (paths.length === 0)
        throw new PictureError(input, 'no file matches this pattern', 'check the folder and the pattern');
    } else {
      throw new PictureError(input, 'no such file or folder', 'check the path');
    }
    for (const path of paths) found.add(path);
  }
  return [...found];
}
