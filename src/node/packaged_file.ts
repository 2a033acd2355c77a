/** Files of the package, by the paths under which expected values refer to them. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError } from './file_error.js';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Bytes of a file of the package.
 * @param path below `weights/`
 * @throws one line when the path leads elsewhere or the file cannot be read
 */
export async function packagedFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!/^weights(?:\/\w[\w.-]*)+$/.test(path)) {
    throw new Error(`${path}: not a file of the package: expected a path such as weights/tiny/clip.safetensors`);
  }
  const file = join(PACKAGE, path);
  if (!existsSync(file)) throw new Error(`${file}: missing, but expected values need it: install aaclip again`);
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    throw fileError(file, 'read', error);
  }
}
