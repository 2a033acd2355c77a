/** The paths of a list as they are found on this machine: absolute ones, ones with `\`, ones that lead out, links. */
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, join, normalize, relative, resolve, sep } from 'node:path';
import { counted, type SampleRow, some } from '../data/index_rows.js';

export interface PathOptions {
  /** Name of the list, for messages. */
  readonly list: string;
  readonly root: string;
  /** Whether relative paths may lead out of the root. */
  readonly allowOutside?: boolean | undefined;
}

const leadsOut = (path: string): boolean => /^\.\.(?:[\\/]|$)/.test(path);

/** A path of a list relative to the root, with the system's own separators where the file is not found as written. */
function placed(path: string, line: number, { list, root, allowOutside }: PathOptions): string {
  let found = path;
  // On this system a name may have a backslash in it: then the file exists as written.
  if (path.includes('\\') && sep === '/' && !existsSync(isAbsolute(path) ? path : join(root, path))) {
    found = path.replaceAll('\\', '/');
    if (/^[a-z]:\//i.test(found) || found.startsWith('//')) {
      throw new Error(
        `${list}:${line}: a path of another machine, ${JSON.stringify(path)}: write paths relative to the data folder ${root}`,
      );
    }
  }
  if (isAbsolute(found)) return relative(resolve(root), found);
  if (leadsOut(normalize(found)) && !allowOutside) {
    throw new Error(
      `${list}:${line}: ${JSON.stringify(path)} leads out of the data folder ${root}: write it as an absolute path, or give --allow-outside`,
    );
  }
  return found;
}

/**
 * Samples with paths that lead to files when they are joined to the root: absolute paths are made relative to it, and `\`
 * stands for `/` unless a file has it in its name.
 * @throws one line with list and line for a relative path that leads out of the root, or a path with a drive
 */
export function placeSamples<T extends Omit<SampleRow, 'className'> & { readonly line: number }>(
  samples: readonly T[],
  options: PathOptions,
): T[] {
  return samples.map((sample) => {
    const imagePath = placed(sample.imagePath, sample.line, options);
    const { maskPath } = sample;
    return maskPath === undefined
      ? { ...sample, imagePath }
      : { ...sample, imagePath, maskPath: placed(maskPath, sample.line, options) };
  });
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/**
 * A note on the symbolic links among paths below a root, which are followed; undefined where there are none.
 * @param paths relative to the root, with `/`
 */
export function linksNote(root: string, paths: Iterable<string>): string | undefined {
  const seen = new Map<string, boolean>([['', false]]);
  const links: string[] = [];
  const check = (path: string): void => {
    if (seen.has(path)) return;
    const above = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    check(above);
    const link = isLink(join(root, path));
    seen.set(path, link);
    if (link) links.push(path);
  };
  for (const path of paths) check(path);
  if (links.length === 0) return undefined;
  const named = links.slice(0, 2).map((path) => `${path} to ${readlinkSync(join(root, path))}`);
  const are = links.length === 1 ? 'is' : 'are';
  return `${counted(links.length, 'symbolic link')} ${are} followed (${some([...named, ...links.slice(2)])})`;
}
