/** Anchors of classes in a folder of the user's cache: one small file each, the oldest removed when there are too many. */
import { readFileSync } from 'node:fs';
import { readdir, readFile, stat, unlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { AnchorStore } from '../detect/anchor_cache.js';
import { writeAtomically } from './atomic_write.js';
import { cacheFolder } from './cache_folder.js';
import { makeFolder } from './make_folder.js';

/** Files that are kept; a file of a ViT-L/14 takes 6.5 KB. */
const MOST_FILES = 1000;
/** Larger files are none of ours. */
const MOST_BYTES = 1 << 20;

const ENDING = '.safetensors';

/** The folder of the cache for anchors. */
export const anchorFolder = (): string => cacheFolder('anchors');

/** The version of this program: another one may compute other anchors. */
function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** A store in a folder (by default `anchorFolder`), which is made when the first anchors are kept. Files that cannot be read or written are passed over. */
export function anchorStore(place?: string, most: number = MOST_FILES): AnchorStore {
  // The environment may still change after this module was loaded.
  const folder = (): string => place ?? anchorFolder();
  const pathOf = (key: string): string => join(folder(), `${version()}-${key}${ENDING}`);
  return {
    async load(key) {
      const path = pathOf(key);
      try {
        if ((await stat(path)).size > MOST_BYTES) return undefined;
        const bytes = new Uint8Array(await readFile(path));
        const now = new Date();
        // Its time tells when it was last used.
        await utimes(path, now, now).catch(() => undefined);
        return bytes;
      } catch {
        return undefined;
      }
    },
    async save(key, file) {
      try {
        makeFolder(folder());
        await writeAtomically(pathOf(key), file);
        await removeOldest(folder(), most);
      } catch {
        // Computed again next time.
      }
    },
  };
}

async function removeOldest(folder: string, most: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING));
  if (names.length <= most) return;
  const used = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      return { path, time: (await stat(path)).mtimeMs };
    }),
  );
  used.sort((a, b) => a.time - b.time);
  for (const { path } of used.slice(0, used.length - most)) await unlink(path);
}
