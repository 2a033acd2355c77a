/**
 * Finds the pictures in a folder, and tells when each is written whole. The folder is looked at again and again: events of the
 * file system do not come from network mounts, and say nothing of the pictures that were there before.
 */
import { type BigIntStats, statSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { globToRegExp } from '../../data/glob.js';
import { lookAtSample } from '../../node/look_at_sample.js';
import { isOwnPicture } from '../../node/own_pictures.js';
import { isPicture } from '../../node/picture_files.js';
import type { PictureRules } from '../../picture/picture.js';

/** A file as it was found. */
export interface Found {
  /** Path below the folder, with `/`. */
  readonly image: string;
  readonly path: string;
  readonly size: number;
  /** Seconds since 1970, with nine decimals. */
  readonly modified: string;
}

/** A picture that arrived, by `performance.now` in milliseconds. */
export interface Arrival extends Found {
  /** When it was seen first, whatever its size was then. */
  readonly since: number;
  /** When its last change was seen. */
  readonly changed: number;
}

export interface ArrivalRules {
  readonly folder: string;
  /** Folders that are not searched. */
  readonly leaveOut: readonly string[];
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  /** Seconds that a picture which looks incomplete may take until its next change. */
  readonly patience: number;
  readonly pictures: PictureRules;
}

export interface Scan {
  /** Pictures that are whole since this scan. */
  readonly whole: readonly Arrival[];
  /** Those that stayed incomplete for too long, with what is wrong with them. */
  readonly broken: readonly { readonly arrival: Arrival; readonly error: string }[];
  /** Files that were gone before they were given out. */
  readonly vanished: number;
}

/** Files looked at at a time: a network mount answers slowly. */
const AT_ONCE = 16;
/** Milliseconds between the first two looks at a file that is incomplete; twice as long before each further one. */
const FIRST_PAUSE = 250;

interface Waiting {
  found: Found;
  readonly since: number;
  changed: number;
  /** Scans that have seen it as it is. */
  seen: number;
  /** Not looked into before this time. */
  next: number;
  pause: number;
}

/** Works on all items, some at a time. */
async function forEach<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) await work(items[next++]!);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}

/** When a file was changed last, as a decimal number of seconds: a float has no room for nanoseconds. */
function modifiedOf({ mtimeNs }: BigIntStats): string {
  const digits = mtimeNs.toString().padStart(10, '0');
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** Whether a file is still as it was found. */
export function stateOf(path: string, was: Pick<Found, 'size' | 'modified'>): 'same' | 'changed' | 'gone' {
  let now: BigIntStats | undefined;
  try {
    now = statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // The folder is away.
  }
  if (!now) return 'gone';
  return Number(now.size) === was.size && modifiedOf(now) === was.modified ? 'same' : 'changed';
}

const stampOf = ({ size, modified }: Found): string => `${size} ${modified}`;

export class Arrivals {
  readonly #rules: ArrivalRules;
  readonly #wanted: (image: string) => boolean;
  readonly #waiting = new Map<string, Waiting>();
  /** Files that were given out, as they were then. */
  #given = new Map<string, string>();

  constructor(rules: ArrivalRules) {
    this.#rules = rules;
    const [include, exclude] = [rules.include ?? [], rules.exclude ?? []].map((list) => list.map(patternOf));
    this.#wanted = (image) =>
      (include!.length === 0 || include!.some((p) => p(image))) && !exclude!.some((p) => p(image));
  }

  /** Pictures that were seen and are not given out yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Looks at the folder. A picture is whole when two scans saw the same size and time of change and it ends as its format ends.
   * @param isKnown whether a file has been dealt with, in this run or before
   * @throws an error of the file system when the folder itself cannot be read
   */
  async scan(isKnown: (found: Found) => boolean): Promise<Scan> {
    const present = await this.#present();
    const now = performance.now();
    const given = new Map<string, string>();
    const due: Waiting[] = [];
    for (const found of present) {
      const { image } = found;
      const stamp = stampOf(found);
      if (this.#given.get(image) === stamp || isKnown(found)) {
        given.set(image, stamp);
        continue;
      }
      const waiting = this.#waiting.get(image);
      if (!waiting) {
        this.#waiting.set(image, { found, since: now, changed: now, seen: 1, next: 0, pause: FIRST_PAUSE });
      } else if (stampOf(waiting.found) !== stamp) {
        Object.assign(waiting, { found, changed: now, seen: 1, next: 0, pause: FIRST_PAUSE });
      } else {
        waiting.seen++;
        if (now >= waiting.next) due.push(waiting);
      }
    }
    this.#given = given;
    const vanished = this.#forget(new Set(present.map(({ image }) => image)));
    return { ...(await this.#look(due)), vanished };
  }

  /**
   * Takes a picture back that could not be read after all, or has changed since it was given out.
   * @param error what is wrong with it; undefined where it only changed
   * @returns whether it is waited for; if not, it has been incomplete for too long
   */
  takeBack({ image, path, size, modified, since, changed }: Arrival, error?: string): boolean {
    if (error !== undefined && performance.now() - changed > 1000 * this.#rules.patience) return false;
    this.#given.delete(image);
    const found = { image, path, size, modified };
    const next = performance.now() + FIRST_PAUSE;
    this.#waiting.set(image, { found, since, changed, seen: 1, next, pause: 2 * FIRST_PAUSE });
    return true;
  }

  #forget(present: ReadonlySet<string>): number {
    const gone = [...this.#waiting.keys()].filter((image) => !present.has(image));
    for (const image of gone) this.#waiting.delete(image);
    return gone.length;
  }

  /** Looks into the files that have not changed. */
  async #look(due: readonly Waiting[]): Promise<Pick<Scan, 'whole' | 'broken'>> {
    const whole: Arrival[] = [];
    const broken: { arrival: Arrival; error: string }[] = [];
    await forEach(due, async (waiting) => {
      const { found, since, changed } = waiting;
      const rules = this.#rules.pictures;
      const { problems } = await lookAtSample({ image: found.path, mask: undefined, maskSize: 1, rules, whole: false });
      const arrival = { ...found, since, changed };
      const now = performance.now();
      if (problems[0] === undefined) whole.push(arrival);
      else if (now - changed > 1000 * this.#rules.patience) broken.push({ arrival, error: problems[0] });
      else {
        waiting.next = now + waiting.pause;
        waiting.pause *= 2;
        return;
      }
      this.#waiting.delete(found.image);
      this.#given.set(found.image, stampOf(found));
    });
    // The oldest first: thousands may come at once.
    whole.sort((a, b) => a.since - b.since || Number(a.modified) - Number(b.modified));
    return { whole, broken };
  }

  async #present(): Promise<Found[]> {
    const { folder, leaveOut } = this.#rules;
    const closed = await Promise.all(leaveOut.map((path) => realpath(path).catch(() => path)));
    const names: string[] = [];
    await collect(folder, new Set(closed), true, names);
    const found: Found[] = [];
    await forEach(names, async (path) => {
      const image = relative(folder, path).split(sep).join('/');
      if (!isPicture(image) || !this.#wanted(image) || isOwnPicture(path)) return;
      const file = await stat(path, { bigint: true }).catch(() => undefined);
      if (!file?.isFile()) return;
      found.push({ image, path, size: Number(file.size), modified: modifiedOf(file) });
    });
    return found;
  }
}

/** A pattern without `/` holds for names in any folder. */
function patternOf(glob: string): (image: string) => boolean {
  const pattern = globToRegExp(glob);
  return (image) => pattern.test(glob.includes('/') ? image : image.slice(image.lastIndexOf('/') + 1));
}

/** Adds all files below a folder but hidden ones: programs that copy files write under hidden names first. */
async function collect(folder: string, seen: Set<string>, top: boolean, names: string[]): Promise<void> {
  let real: string;
  let entries: import('node:fs').Dirent[];
  try {
    real = await realpath(folder);
    if (seen.has(real)) return;
    seen.add(real);
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // A folder inside may have been removed since it was seen.
    if (top) throw error;
    return;
  }
  for (const entry of entries) {
    if (entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    const kind = entry.isSymbolicLink() ? await stat(path).catch(() => undefined) : entry;
    if (kind?.isDirectory()) await collect(path, seen, false, names);
    else if (kind?.isFile()) names.push(path);
  }
}
