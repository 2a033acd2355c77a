/** Keeps native code from writing to the terminal while the device is opened. */
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';

const O_APPEND = 0o2000;

/** Whether the error stream can be reopened without losing its position: not for a file that is written by offset. */
function canReopen(): boolean {
  if (!fstatSync(2).isFile()) return true;
  const flags = /^flags:\s*(\d+)/m.exec(readFileSync('/proc/self/fdinfo/2', 'utf8'))?.[1];
  return flags !== undefined && (Number.parseInt(flags, 8) & O_APPEND) !== 0;
}

/**
 * Runs `work` with the process's error stream sent to /dev/null, where the system allows restoring it afterwards (Linux):
 * the driver's remarks on limits are of no use to users. Elsewhere, or where that fails, `work` just runs.
 */
export async function withQuietNativeCode<T>(work: () => Promise<T>): Promise<T> {
  let saved: number;
  try {
    if (process.platform !== 'linux' || !canReopen()) return await work();
    saved = openSync('/proc/self/fd/2', 'a');
  } catch {
    return work();
  }
  closeSync(2);
  openSync('/dev/null', 'a');
  try {
    return await work();
  } finally {
    closeSync(2);
    openSync(`/proc/self/fd/${saved}`, 'a');
    closeSync(saved);
  }
}
