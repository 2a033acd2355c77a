/** A print of a file's contents that copies of the file share. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { fileError } from './file_error.js';

const BLOCK = 1 << 16;

/**
 * 32 hex digits that change with the size of a file, its first, its middle and its last 64 KiB: with all of it up to 192 KiB. Any
 * change of a compressed picture moves its size or its end; a change inside a large uncompressed one may be missed. Unlike
 * `fileFingerprint` it does not depend on times, which copies do not keep.
 * @throws a one-line error when the file cannot be read
 */
export async function contentPrint(path: string): Promise<string> {
  try {
    await using handle = await open(path, 'r');
    const { size } = await handle.stat();
    const hash = createHash('sha256').update(`${size} `);
    const take = async (from: number, length: number): Promise<void> => {
      const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, from);
      hash.update(buffer.subarray(0, bytesRead));
    };
    if (size <= 3 * BLOCK) await take(0, 3 * BLOCK);
    else for (const from of [0, (size - BLOCK) >> 1, size - BLOCK]) await take(from, BLOCK);
    return hash.digest('hex').slice(0, 32);
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}
