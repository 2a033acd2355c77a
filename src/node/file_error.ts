/** Errors of the file system as one clear line with the file and the remedy. */
import { printable } from '../data/printable.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder; check the path',
  ENOTDIR: 'a part of the path is a file; check the path',
  EISDIR: 'it is a folder; name a file',
  EEXIST: 'a file of that name is in the way; remove it or name a folder',
  ELOOP: 'its links lead in a circle; check the path',
  EACCES: 'permission denied; change its permissions or choose another place',
  EPERM: 'permission denied; change its permissions or choose another place',
  EROFS: 'the file system is read-only; choose another place',
  ENOSPC: 'the disk is full; free some space and run again',
  EDQUOT: 'the disk quota is used up; free some space and run again',
  EFBIG: 'the file is too large for this file system; choose another place',
  EMFILE: 'too many open files; raise the limit (ulimit -n 256)',
  ENFILE: 'too many open files; close other programs',
  EIO: 'the disk failed; check it',
  EBUSY: 'it is in use; close the program that uses it',
  ETXTBSY: 'it is in use; close the program that uses it',
  ENODEV: 'the device is gone; check the disk',
  EPIPE: 'the program that reads it has ended; start it again',
  ENAMETOOLONG: 'the name is too long; choose a shorter one',
};

/** Whether a name has lost bytes on its way here: Node replaces those that are not UTF-8. */
export function notUnicode(path: string): boolean {
  return path.includes('\ufffd');
}

/** A one-line error for a failed system call on `path`; an error of another kind is returned unchanged. */
export function fileError(path: string, action: 'read' | 'write', error: unknown): Error {
  const code = codeOf(error);
  if (code === undefined) return error instanceof Error ? error : new Error(String(error));
  if (code === 'ENOENT' && notUnicode(path)) {
    return new Error(
      `${printable(path)}: cannot ${action}: the name is not UTF-8, perhaps from an archive in GBK; rename it, for example with "convmv -f GBK -t UTF-8 --notest FILE"`,
      { cause: error },
    );
  }
  return new Error(`${printable(path)}: cannot ${action}: ${REASONS[code] ?? `the system says ${code}`}`, {
    cause: error,
  });
}

/** Failures that every other file in the same place would meet, too. */
const LASTING = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'ENODEV']);

/** Whether an error (of `fileError`, or the system's) means that nothing more can be written. */
export function endsWriting(error: unknown): boolean {
  const cause = error instanceof Error ? (codeOf(error) ?? codeOf(error.cause)) : undefined;
  return cause !== undefined && LASTING.has(cause);
}

/** The system's code of an error (`ENOENT`); undefined for the program's own errors. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' && /^E[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}
