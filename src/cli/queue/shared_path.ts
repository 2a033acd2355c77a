/** Paths as tasks name them: below the folder that all machines share. */
import { relative, resolve, sep } from 'node:path';
import { printable } from '../../data/printable.js';

/** A path below a folder, with `/`. @throws one line when it is not below it */
export function sharedPath(folder: string, path: string): string {
  const inside = relative(resolve(folder), resolve(path));
  const parts = inside.split(sep);
  if (inside !== '' && parts[0] !== '..' && !/^[a-z]:/i.test(inside)) return parts.join('/');
  throw new Error(
    `${printable(path)}: not below ${printable(folder)}; workers only read pictures of a folder they share: name it with --data`,
  );
}
