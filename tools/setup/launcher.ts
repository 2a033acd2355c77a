/** The program `bin/node` of the matrix driver: Node, with the driver and the C library it needs. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/** The launcher's path in the driver's folder. */
export const LAUNCHER = join('bin', 'node');

const LIBRARIES = join('tree', 'usr', 'lib', 'x86_64-linux-gnu');
const LOADERS = [join('tree', 'usr', 'lib64'), join('tree', 'lib64')];
const DRIVER = 'libvulkan_lvp.so';

/** A word as the shell reads it. */
export const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

/**
 * The launcher's text.
 * @param folder where the driver will lie
 * @param loader the C library's loader, below it
 */
function launcherText(folder: string, loader: string): string {
  const at = (...parts: string[]): string => quoted(join(folder, ...parts));
  return `#!/bin/sh
# Node on the software driver beside this file, which has matrix units; its arguments are Node's.
# AACLIP_NODE: the Node that is run.
export VK_DRIVER_FILES=${at('icd.json')} VK_ICD_FILENAMES=${at('icd.json')}
[ -n "$MESA_SHADER_CACHE_DIR" ] || MESA_SHADER_CACHE_DIR=${at('shaders')}
[ -n "$AACLIP_NODE" ] || AACLIP_NODE=${quoted(process.env.AACLIP_NODE || process.execPath)}
export MESA_SHADER_CACHE_DIR AACLIP_NODE AACLIP_MATRIX_UNITS=1
exec ${at(loader)} --library-path ${at(LIBRARIES)}:${at(LIBRARIES, 'mesa')}:/usr/lib/x86_64-linux-gnu:/lib/x86_64-linux-gnu \\
  --argv0 ${at(LAUNCHER)} "$AACLIP_NODE" --import ${at('bin', 'exec_path.mjs')} "$@"
`;
}

/**
 * Keeps of the unpacked packages what the driver needs, and writes the launcher.
 * @param fresh where they lie now
 * @param folder where they will lie
 */
export function writeLauncher(fresh: string, folder: string): void {
  const libraries = join(fresh, LIBRARIES);
  // The drivers of graphics cards: half of all the space.
  for (const file of readdirSync(libraries)) {
    if (/^libvulkan_\w+\.so$/.test(file) && file !== DRIVER) rmSync(join(libraries, file));
  }
  const loader = LOADERS.map((part) => join(part, 'ld-linux-x86-64.so.2')).find((path) =>
    existsSync(join(fresh, path)),
  );
  if (!loader) throw new Error('matrix driver: libc6: no loader in its package');
  const icd = JSON.parse(readFileSync(join(fresh, 'tree', 'usr', 'share', 'vulkan', 'icd.d', 'lvp_icd.json'), 'utf8'));
  icd.ICD.library_path = join(folder, LIBRARIES, DRIVER);
  writeFileSync(join(fresh, 'icd.json'), `${JSON.stringify(icd, null, 2)}\n`);
  mkdirSync(join(fresh, 'bin'));
  // The loader is the program that the system sees: children must be started by the launcher again.
  writeFileSync(
    join(fresh, 'bin', 'exec_path.mjs'),
    "import { fileURLToPath } from 'node:url';\n\nprocess.execPath = fileURLToPath(new URL('node', import.meta.url));\n",
  );
  const launcher = join(fresh, LAUNCHER);
  writeFileSync(launcher, launcherText(folder, loader));
  chmodSync(launcher, 0o755);
}
