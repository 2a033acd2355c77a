/** Temporary files: none stays when the process ends, and those of a process that was killed go at the next start. */
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { PROCESS_NAME, processName, processState } from './process_name.js';

/** A process on another machine may still be writing: only what was not changed for this long is taken for left behind. */
const FOREIGN_AGE_MS = 24 * 60 * 60 * 1000;

const TEMPORARY = new RegExp(`^\\.aaclip-(${PROCESS_NAME.source})-[0-9a-f]{12}\\.tmp$`);

/** Files to remove when this process ends. */
const mine = new Set<string>();
const swept = new Set<string>();
let watching = false;

/** Removes a file when this process ends, unless {@link keep} is called first. */
export function removeAtExit(path: string): void {
  mine.add(path);
  if (watching) return;
  watching = true;
  process.on('exit', removeOwn);
}

/** The file is no longer temporary, or has gone. */
export function keep(path: string): void {
  mine.delete(path);
}

/** Removes this process's temporary files at once; for the end of the process by a signal. */
export function removeOwn(): void {
  for (const path of mine) remove(path);
  mine.clear();
}

/**
 * A path for a temporary file in a folder. Its name is short whatever the file will be called. The first call for a folder
 * removes what processes that are gone left there.
 */
export function temporaryIn(folder: string): string {
  sweep(folder);
  const path = join(folder, `.aaclip-${processName()}-${randomBytes(6).toString('hex')}.tmp`);
  removeAtExit(path);
  return path;
}

/** Removes the temporary files that processes which are gone left in a folder. Only the first call for a folder looks. */
export function sweep(folder: string): void {
  const place = resolve(folder);
  if (swept.has(place)) return;
  swept.add(place);
  let names: string[];
  try {
    names = readdirSync(place);
  } catch {
    // Writing to it says what is wrong.
    return;
  }
  for (const name of names) {
    const owner = TEMPORARY.exec(name)?.[1];
    if (owner !== undefined && isLeftBehind(join(place, name), owner)) remove(join(place, name));
  }
}

function isLeftBehind(path: string, owner: string): boolean {
  const state = processState(owner);
  if (state !== 'unknown') return state === 'gone';
  const changed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return changed !== undefined && Date.now() - changed > FOREIGN_AGE_MS;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has gone, or cannot be removed: nothing is lost.
  }
}
