/** Writes files whole or not at all. */
import { type FileHandle, open, realpath, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from './file_error.js';
import { keep, temporaryIn } from './temporaries.js';

/**
 * Writes a file under a temporary name in the same folder, flushes it to disk and renames it: a reader of `path` sees
 * either the old contents or all of the new ones. On failure, and when the process ends, the temporary file is removed
 * and the old file stays.
 *
 * @param contents bytes, or chunks that are made while writing; an error from making them is rethrown unchanged
 * @throws a one-line error when the folder is missing or cannot be written to, or the disk is full
 */
export async function writeAtomically(
  path: string,
  contents: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<void> {
  // Where the path is a link, the file it points to is replaced, not the link.
  const target = await realpath(path).catch(() => path);
  const temporary = temporaryIn(dirname(target));
  let handle: FileHandle;
  try {
    handle = await open(temporary, 'wx');
  } catch (error) {
    keep(temporary);
    throw fileError(path, 'write', error);
  }
  try {
    try {
      for await (const chunk of contents instanceof Uint8Array ? [contents] : contents) {
        await writeChunk(path, handle, chunk);
      }
      await orFileError(path, handle.sync());
    } finally {
      await orFileError(path, handle.close());
    }
    await orFileError(path, rename(temporary, target));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    keep(temporary);
  }
  await syncFolder(dirname(target));
}

async function writeChunk(path: string, handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    const length = Math.min(chunk.byteLength - at, 1 << 30);
    const { bytesWritten } = await orFileError(path, handle.write(chunk, at, length));
    at += bytesWritten;
  }
}

async function orFileError<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw fileError(path, 'write', error);
  }
}

/** Makes the new name durable as well, where the platform allows opening folders (Windows does not). */
async function syncFolder(folder: string): Promise<void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(folder, 'r');
    await handle.sync();
  } catch {
    // The file is complete in any case.
  } finally {
    await handle?.close();
  }
}
