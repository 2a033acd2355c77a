/** Keeps native code from writing notes to the terminal while the device is opened. */
import { closeSync, openSync } from 'node:fs';

/**
 * Runs `work` with the process's error stream pointed at nothing, where the system lets it be put back (Linux): the
 * driver's remarks on limits are not for users. Elsewhere, or where anything fails, it just runs.
 */
export async function withQuietNativeCode<T>(work: () => Promise<T>): Promise<T> {
  let saved: number;
  try {
    if (process.platform !== 'linux') return await work();
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
