/** Files of pictures and masks as tasks name them: a path below the shared folder, and a print of what it held when it was queued. */
import { z } from 'zod';
import { printable } from '../../data/printable.js';
import { AaclipError } from '../../detect/errors.js';
import { contentPrint } from '../../node/content_print.js';
import type { SharedFolders } from './shared_folders.js';
import { sharedPath } from './shared_path.js';

export const QUEUED_FILE = z.strictObject({
  path: z.string().min(1).max(4096),
  print: z.string().regex(/^[0-9a-f]{32}$/),
});

export type QueuedFile = z.infer<typeof QUEUED_FILE>;

/** @param shared the folder that all machines have @throws one line when the file is not below it, or cannot be read */
export async function queuedFile(shared: string, path: string): Promise<QueuedFile> {
  return { path: sharedPath(shared, path), print: await contentPrint(path) };
}

/** The path of a file on this machine. @throws AaclipError when it is not the one that was queued */
export async function unchangedFile(roots: SharedFolders, { path, print }: QueuedFile): Promise<string> {
  const found = roots.resolve(path);
  if ((await contentPrint(found)) === print) return found;
  throw new AaclipError('picture', `${printable(path)}: has changed since it was queued; run the command again`, {
    file: path,
  });
}
