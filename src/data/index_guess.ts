/** The user's own folders: classes, states and masks from what the folders are called. */
import { type FileEntry, fileEntries, NamePatterns, onceAFolder } from './index_files.js';
import { Guesses } from './index_guesses.js';
import { fittingLayout, LAYOUTS, PUBLISHED, type PublishedLayout } from './index_layouts.js';
import { MaskSearch } from './index_masks.js';
import { type FolderIndex, LayoutError, type SampleRow, some } from './index_rows.js';
import { type PictureState, StateReader } from './index_states.js';

/** What the user says about the folders instead of leaving it to be guessed. */
export interface GuessOptions {
  /** Folders or files with normal pictures: names, paths or patterns, separated by commas. */
  readonly normal?: string | undefined;
  readonly abnormal?: string | undefined;
  /** Folders or files with masks, likewise. */
  readonly masks?: string | undefined;
}

const OTHER_DATA = /^(?:xyz|depth|pointclouds?|point_clouds?|pcd)$/i;

/** Depth and the like, in a folder beside one with the colour pictures. */
function withoutOtherData(entries: readonly FileEntry[]): { kept: FileEntry[]; left: string[] } {
  const colour = new Set(
    entries.flatMap(({ folder }) => (/(?:^|\/)rgb$/i.test(folder.path) ? [folder.path.slice(0, -3)] : [])),
  );
  const isOther = onceAFolder(({ path, names }) => {
    const last = names.at(-1) ?? '';
    return OTHER_DATA.test(last) && colour.has(path.slice(0, path.length - last.length));
  });
  const left = entries.filter(({ folder }) => isOther(folder)).map(({ path }) => path);
  return { kept: left.length === 0 ? [...entries] : entries.filter(({ folder }) => !isOther(folder)), left };
}

/**
 * Lists the samples of a folder whose layout is the user's own.
 * @param className class of the pictures that are in no class folder
 * @throws one line when nothing tells which pictures are normal, or masks are ambiguous
 */
export function guessFolder(paths: readonly string[], className: string, options: GuessOptions): FolderIndex {
  const { kept: entries, left: unused } = withoutOtherData(fileEntries(paths));
  const search = new MaskSearch(entries, options.masks);
  const places = entries.flatMap((_, i) => (search.isMask(i) ? [] : [i]));
  const patterns = (text: string | undefined) => (text === undefined ? undefined : new NamePatterns(text));
  const reader = new StateReader({ normal: patterns(options.normal), abnormal: patterns(options.abnormal) });
  const read = reader.read(places.map((i) => entries[i]!));
  const states: (PictureState | undefined)[] = new Array(entries.length);
  read.forEach((state, k) => {
    states[places[k]!] = state;
  });
  let unsettled = false;
  const telling = read.some((state) => state);
  const { masks, orphans } = search.match((i) => (telling ? states[i]?.label === 1 : !search.isMask(i)));
  if (!telling) {
    if (masks.size === 0) throw nothingTells(paths);
    unsettled = masks.size === places.length;
    for (const i of places) states[i] = statedByMask(entries[i]!, masks.has(i));
  }
  const rows: SampleRow[] = [];
  const parts = new Map<string, string[]>();
  const unmasked: string[] = [];
  const guesses = new Guesses();
  entries.forEach((entry, i) => {
    const state = states[i];
    if (search.isMask(i)) {
      guesses.add(search.maskFolder(i)?.split('/').at(-1) ?? 'beside the pictures', 'masks', search.reason(i)!);
      return;
    }
    if (!state) {
      unused.push(entry.path);
      return;
    }
    const own = (masks.get(i) ?? []).map((m) => entries[m]!.path);
    if (own.length > 1) parts.set(entry.path, own);
    if (state.label === 1 && own.length === 0) unmasked.push(entry.path);
    guesses.add(entry.folder.names[state.place] ?? '(files)', state.label === 0 ? 'normal' : 'abnormal', state.reason);
    for (const name of state.below) guesses.add(name, 'ignored', 'below the state');
    const base = { imagePath: entry.path, label: state.label, className: state.className || className };
    rows.push(own.length === 0 ? base : { ...base, maskPath: own[0]! });
  });
  const lost = orphans.map((i) => entries[i]!.path);
  const training = rows.some(({ imagePath }) => /(?:^|\/)train\//i.test(imagePath));
  const fits = training ? fittingLayout(paths) : undefined;
  const alike = fits !== undefined && agrees(fits, rows) ? fits : undefined;
  return { rows, parts, unsettled, alike, folders: guesses.list(), unused, unmasked, orphans: lost };
}

/** Whether a published layout gives its pictures the same labels. */
function agrees(layout: PublishedLayout, rows: readonly SampleRow[]): boolean {
  return rows.every(({ imagePath, label }) => {
    const role = PUBLISHED[layout].role(imagePath);
    return role?.kind !== 'picture' || role.label === label;
  });
}

function statedByMask({ folder }: FileEntry, masked: boolean): PictureState {
  const names = folder.names.filter((_, i) => folder.readings[i]!.kind === 'name');
  return { label: masked ? 1 : 0, className: names.join('/'), place: folder.names.length, reason: 'masks', below: [] };
}

function nothingTells(paths: readonly string[]): LayoutError {
  const got = some(paths) || 'no pictures';
  return new LayoutError(
    `index: no folder says which pictures are good: expected ${LAYOUTS.folder}, got ${got}: name the folders with --normal and --abnormal`,
    undefined,
  );
}
