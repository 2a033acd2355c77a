/** Files as byte sources. */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type ByteSource, bytesSource, checkRange } from '../io/source.js';
import { fileError } from './file_error.js';

/** Tells whether a file is still the one that was first opened. */
interface Identity {
  readonly ino: number;
  readonly size: number;
  readonly mtimeMs: number;
}

/**
 * A file that is read by ranges. Its name is the path as given. It is not held open between reads, so there is nothing to
 * close. A pipe, such as /dev/stdin, is read at once and kept in memory: it can be read only once.
 *
 * @throws a one-line error when the file is missing, is a folder or cannot be read; `read` throws when the file was changed
 * or replaced in the meantime
 */
export async function fileSource(path: string): Promise<ByteSource> {
  const first = await withFile(path, async (handle): Promise<Identity | ByteSource> => {
    const stat = await handle.stat();
    if (stat.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    return stat.isFile() ? stat : bytesSource(path, await handle.readFile());
  });
  if ('read' in first) return first;
  const source: ByteSource = {
    name: path,
    size: first.size,
    beside: (name) => fileSource(join(dirname(path), name)),
    read(offset, length) {
      return withFile(path, async (handle) => {
        checkRange(source, offset, length);
        const now: Identity = await handle.stat();
        if (now.ino !== first.ino || now.size !== first.size || now.mtimeMs !== first.mtimeMs) {
          throw new Error(`${path}: file was changed while it was being read; run again`);
        }
        const bytes = new Uint8Array(length);
        for (let done = 0; done < length; ) {
          // At most 1 GiB a system call: every platform can do that.
          const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 1 << 30), offset + done);
          if (bytesRead === 0) throw new Error(`${path}: file became shorter while it was being read; run again`);
          done += bytesRead;
        }
        return bytes;
      });
    },
  };
  return source;
}

async function withFile<T>(path: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    return await work(handle);
  } catch (error) {
    throw fileError(path, 'read', error);
  } finally {
    await handle?.close();
  }
}
