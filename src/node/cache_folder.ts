/** Where the program keeps what it can make again: a folder of this user. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** A folder below `$XDG_CACHE_HOME/aaclip`, or below `~/.cache/aaclip` where that variable holds no absolute path. */
export function cacheFolder(part: string): string {
  const home = process.env.XDG_CACHE_HOME;
  return join(home && isAbsolute(home) ? home : join(homedir(), '.cache'), 'aaclip', part);
}
