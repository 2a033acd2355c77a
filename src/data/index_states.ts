/** Which pictures of a folder are normal, and of which class: what the names of folders say, the deepest telling one first. */
import { type FileEntry, type FolderPath, type NamePatterns, onceAFolder, type Told } from './index_files.js';
import { readName, type State } from './index_words.js';

/** How a picture got its state. */
export type StateReason =
  | 'given'
  | 'its name'
  | 'beside a normal folder'
  | 'as deep as those that tell'
  | 'neither named nor telling'
  | 'names of files'
  | 'masks';

export interface PictureState {
  readonly label: State;
  /** Empty where no folder lies above the one that tells. */
  readonly className: string;
  /** Place of the folder that tells in the path; the number of folders where none does. */
  readonly place: number;
  readonly reason: StateReason;
  /** Folders below, which say nothing. */
  readonly below: readonly string[];
}

interface Named {
  readonly normal: NamePatterns | undefined;
  readonly abnormal: NamePatterns | undefined;
}

const isName = (folder: FolderPath, i: number): boolean => folder.readings[i]!.kind === 'name';
const namesIn = (folder: FolderPath, from: number, to: number): string[] =>
  folder.names.slice(from, to).filter((_, i) => isName(folder, from + i));
const classAt = (folder: FolderPath, place: number): string => namesIn(folder, 0, place).join('/');

/** The deepest place of a folder for which a test holds; -1 for none. */
function deepest(folder: FolderPath, test: (i: number) => boolean): number {
  for (let i = folder.names.length - 1; i >= 0; i--) if (test(i)) return i;
  return -1;
}

/** States of pictures by the names on their way. */
export class StateReader {
  readonly #named: Named;
  readonly #given: (folder: FolderPath) => Told | undefined;
  readonly #sure: (folder: FolderPath) => Told | undefined;
  readonly #unsure: (folder: FolderPath) => Told | undefined;

  constructor(named: Named) {
    this.#named = named;
    this.#given = onceAFolder((folder) => {
      const [good, bad] = [named.normal?.folder(folder) ?? -1, named.abnormal?.folder(folder) ?? -1];
      if (good === bad && good >= 0) {
        throw new Error(`${folder.path}: named by both --normal and --abnormal: name it once`);
      }
      return good === bad ? undefined : { state: good > bad ? 0 : 1, place: Math.max(good, bad) };
    });
    const wording = (wanted: boolean) =>
      onceAFolder((folder): Told | undefined => {
        const place = deepest(folder, (i) => {
          const { state, sure, kind } = folder.readings[i]!;
          return kind === 'name' && state !== undefined && sure === wanted;
        });
        return place < 0 ? undefined : { state: folder.readings[place]!.state!, place };
      });
    this.#sure = wording(true);
    this.#unsure = wording(false);
  }

  /**
   * The states of pictures, undefined where nothing tells.
   * @throws when a folder lies beside one that says bad, and nothing says whether it is good
   */
  read(entries: readonly FileEntry[]): (PictureState | undefined)[] {
    const found: (PictureState | undefined)[] = new Array(entries.length);
    entries.forEach((entry, i) => {
      const file = this.#ofFile(entry);
      const given = file === undefined ? this.#given(entry.folder) : undefined;
      if (file !== undefined) found[i] = stated(entry, { state: file, place: entry.folder.names.length }, 'given');
      else if (given) found[i] = stated(entry, given, 'given');
    });
    const { normal, abnormal } = this.#named;
    for (const [flag, patterns, label] of [
      ['--normal', normal, 0],
      ['--abnormal', abnormal, 1],
    ] as const) {
      if (patterns && !found.some((f) => f?.label === label)) throw patterns.unmatched(flag, entries);
    }
    const outright = normal !== undefined || abnormal !== undefined;
    // Where only one of the two is named, what nothing tells of is the other.
    const rest: State | undefined = abnormal === undefined ? 1 : normal === undefined ? 0 : undefined;
    this.#byWords(entries, found, this.#sure);
    this.#besides(entries, found, undefined);
    this.#byWords(entries, found, this.#unsure);
    this.#besides(entries, found, outright ? rest : 'ask');
    if (!outright && !found.some((f) => f)) this.#byFileNames(entries, found);
    if (rest !== undefined) this.#byDepth(entries, found, rest);
    if (outright && rest !== undefined) {
      entries.forEach((entry, i) => {
        found[i] ??= stated(entry, { state: rest, place: entry.folder.names.length }, 'neither named nor telling');
      });
    }
    return classesInNames(entries, found);
  }

  #ofFile({ path }: FileEntry): State | undefined {
    const [good, bad] = [this.#named.normal?.file(path), this.#named.abnormal?.file(path)];
    if (good && bad) throw new Error(`${path}: named by both --normal and --abnormal: name it once`);
    return good ? 0 : bad ? 1 : undefined;
  }

  #byWords(
    entries: readonly FileEntry[],
    found: (PictureState | undefined)[],
    told: (f: FolderPath) => Told | undefined,
  ): void {
    entries.forEach((entry, i) => {
      const at = found[i] ? undefined : told(entry.folder);
      if (at) found[i] = stated(entry, at, 'its name');
    });
  }

  /**
   * Folders beside one that says good hold what is wrong.
   * @param otherwise state of folders beside one that only says bad; `ask` to refuse them
   */
  #besides(
    entries: readonly FileEntry[],
    found: (PictureState | undefined)[],
    otherwise: State | 'ask' | undefined,
  ): void {
    const states = new Map<string, Set<State>>();
    const above = onceAFolder((folder) => folder.names.map((_, i) => classAt(folder, i)));
    entries.forEach(({ folder }, i) => {
      const known = found[i];
      if (!known) return;
      const name = above(folder)[known.place] ?? known.className;
      const set = states.get(name);
      if (set) set.add(known.label);
      else states.set(name, new Set([known.label]));
    });
    const beside = onceAFolder((folder) => {
      const classes = above(folder);
      return deepest(folder, (i) => isName(folder, i) && states.has(classes[i]!));
    });
    entries.forEach((entry, i) => {
      const { folder } = entry;
      const place = beside(folder);
      if (place < 0) return;
      const good = states.get(above(folder)[place]!)!.has(0);
      const known = found[i];
      if (known) {
        // "defects/bolt/cut", where "defects/bolt" has a good folder: the class is the bolt.
        const deeper = known.label === 1 && known.reason === 'its name' && place > known.place;
        if (deeper && good) found[i] = stated(entry, { state: 1, place }, 'beside a normal folder');
      } else if (good) found[i] = stated(entry, { state: 1, place }, 'beside a normal folder');
      else if (otherwise === 'ask') {
        const name = quoted(folder.names[place]!);
        throw new Error(
          `${folder.names.slice(0, place + 1).join('/')}: nothing says whether its pictures are good: give --normal ${name} or --abnormal ${name}`,
        );
      } else if (otherwise !== undefined) {
        found[i] = stated(entry, { state: otherwise, place }, 'neither named nor telling');
      }
    });
  }

  /** Files that say it themselves (`OK_01.png`), where no folder does. */
  #byFileNames(entries: readonly FileEntry[], found: (PictureState | undefined)[]): void {
    const said = entries.map(({ stem }) => {
      const { state, sure } = readName(stem);
      return sure ? state : undefined;
    });
    if (!(said.includes(0) && said.includes(1))) return;
    entries.forEach((entry, i) => {
      const state = said[i];
      if (state !== undefined) found[i] = stated(entry, { state, place: entry.folder.names.length }, 'names of files');
    });
  }

  /** A class without a folder that tells has its states as deep as the other classes; none of them is called good. */
  #byDepth(entries: readonly FileEntry[], found: (PictureState | undefined)[], state: State): void {
    const depths = new Set<number>();
    entries.forEach(({ folder }, i) => {
      const place = found[i]?.place ?? folder.names.length;
      if (place < folder.names.length) depths.add(namesIn(folder, 0, place).length);
    });
    const placeOf = onceAFolder((folder) =>
      deepest(folder, (i) => isName(folder, i) && depths.has(namesIn(folder, 0, i).length)),
    );
    entries.forEach((entry, i) => {
      const place = found[i] ? -1 : placeOf(entry.folder);
      if (place >= 0) found[i] = stated(entry, { state, place }, 'as deep as those that tell');
    });
  }
}

export const quoted = (name: string): string => (/^[\w.-]+$/.test(name) ? name : JSON.stringify(name));

function stated({ folder }: FileEntry, { state, place }: Told, reason: StateReason): PictureState {
  const { names } = folder;
  return {
    label: state,
    className: classAt(folder, place),
    place,
    reason,
    below: namesIn(folder, place + 1, names.length),
  };
}

/** `bolt_good` and `bolt_bad` have the class "bolt": the rest of the name, where it goes with both states. */
function classesInNames(
  entries: readonly FileEntry[],
  found: readonly (PictureState | undefined)[],
): (PictureState | undefined)[] {
  const keyOf = (state: PictureState | undefined, { folder }: FileEntry): string | undefined => {
    const rest = state?.reason === 'its name' ? (folder.readings[state.place]?.rest ?? '') : '';
    return rest === '' ? undefined : [state!.className, rest].filter((p) => p !== '').join('/');
  };
  const labels = new Map<string, Set<State>>();
  const keys = entries.map((entry, i) => keyOf(found[i], entry));
  keys.forEach((key, i) => {
    if (key === undefined) return;
    const set = labels.get(key);
    if (set) set.add(found[i]!.label);
    else labels.set(key, new Set([found[i]!.label]));
  });
  return found.map((state, i) => {
    const key = keys[i];
    return state && key !== undefined && labels.get(key)!.size === 2 ? { ...state, className: key } : state;
  });
}
