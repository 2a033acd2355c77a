/** A fingerprint of a large file, taken without reading all of it. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { fileError } from './file_error.js';

/** The start and the end hold the headers of all formats we read. */
const ENDS = 1 << 16;
const SAMPLES = 64;
const SAMPLE_BYTES = 1 << 12;

/**
 * Text that changes with a file: its size, the times of its last changes in nanoseconds, both ends, and samples between
 * them. Every write and every replacement changes the times; the samples tell files apart on disks that keep them badly.
 * @throws a one-line error when the file cannot be read
 */
export async function fileFingerprint(path: string): Promise<string> {
  try {
    await using handle = await open(path, 'r');
    const { size, mtimeNs, ctimeNs } = await handle.stat({ bigint: true });
    const hash = createHash('sha256').update(`${size} ${mtimeNs} ${ctimeNs}`);
    const length = Number(size);
    const take = async (from: number, count: number): Promise<void> => {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(count), 0, count, from);
      hash.update(buffer.subarray(0, bytesRead));
    };
    await take(0, ENDS);
    for (let i = 1; i <= SAMPLES; i++) await take(Math.floor((length * i) / (SAMPLES + 1)), SAMPLE_BYTES);
    await take(Math.max(0, length - ENDS), ENDS);
    return hash.digest('hex');
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}
