/** Makes the list of a data set's samples from the names of its files. */
import { LAYOUTS, type Layout, namesAState } from './index_layouts.js';

/** A sample to list; paths are relative to the data set's folder, with `/`. */
export interface SampleRow {
  readonly imagePath: string;
  readonly label: 0 | 1;
  readonly className: string;
  readonly maskPath?: string;
}

export interface FolderIndex {
  readonly rows: readonly SampleRow[];
  /** Notes for the user: pictures without masks, masks without pictures, files left out. */
  readonly notes: readonly string[];
}

export interface IndexOptions {
  readonly layout: Layout;
  /** Class of the pictures that are in no class folder. */
  readonly className: string;
  /** VisA's `split_csv/1cls.csv`; with it only the test split is listed, as published. */
  readonly visaSplit?: string | undefined;
}

const some = (paths: readonly string[]): string => `${paths.slice(0, 2).join(', ')}${paths.length > 2 ? ', ...' : ''}`;

/**
 * Lists the samples of a data set.
 * @param paths the picture files below its folder, relative to it, with `/`; the list keeps their order
 * @throws when no picture fits the layout, or two masks fit one picture
 */
export function indexFolder(paths: readonly string[], { layout, className, visaSplit }: IndexOptions): FolderIndex {
  const rule = LAYOUTS[layout];
  const expected = `expected ${rule.expects}`;
  const roles = paths.map((path) => ({ path, role: rule.role(path) }));
  const masks = new Map<string, string>();
  for (const { path, role } of roles) {
    if (role?.kind !== 'mask') continue;
    const other = masks.get(role.key);
    if (other) throw new Error(`${path}: a second mask for one picture, besides ${other}: remove one of them`);
    masks.set(role.key, path);
  }
  const split = layout === 'visa' && visaSplit !== undefined ? testSplit(visaSplit) : undefined;
  // A picture directly in a class's folder lies outside the folders that say which pictures are good.
  const classes = new Set(roles.map(({ role }) => (role?.kind === 'picture' ? role.className : undefined)));
  const maskOf = new Map<string, string>();
  const [unused, unmasked]: [string[], string[]] = [[], []];
  const rows: SampleRow[] = [];
  for (const { path, role } of roles) {
    if (role?.kind === 'mask') continue;
    const key = role?.label === 1 ? maskKey(role.key, masks) : undefined;
    if (key !== undefined) {
      const other = maskOf.get(key);
      if (other) throw new Error(`${masks.get(key)}: one mask for two pictures, ${other} and ${path}: name them apart`);
      maskOf.set(key, path);
    }
    if (!role || classes.has(role.key.slice(0, role.key.lastIndexOf('/'))) || (split && !split.has(path))) {
      unused.push(path);
      continue;
    }
    const base = { imagePath: path, label: role.label, className: role.className ?? className };
    if (role.label === 1 && key === undefined) unmasked.push(path);
    rows.push(key === undefined ? base : { ...base, maskPath: masks.get(key)! });
  }
  if (rows.length === 0) {
    throw new Error(`index: no picture fits the layout ${layout}: ${expected}, got ${some(paths) || 'no pictures'}`);
  }
  if (layout === 'folder' && !rows.some((r) => namesAState(r.imagePath))) {
    throw new Error(`index: no folder says which pictures are good: ${expected}, got ${some(paths)}`);
  }
  const there = new Set(paths);
  const missing = [...(split ?? [])].filter((path) => !there.has(path));
  if (missing.length > 0) {
    throw new Error(
      `index: ${missing.length} pictures of split_csv/1cls.csv are missing: ${some(missing)}: unpack VisA again`,
    );
  }
  const orphans = [...masks].flatMap(([key, path]) => (maskOf.has(key) ? [] : [path]));
  return { rows, notes: notesOf(unused, unmasked, orphans) };
}

function notesOf(unused: readonly string[], unmasked: readonly string[], orphans: readonly string[]): string[] {
  const notes: string[] = [];
  if (unused.length > 0)
    notes.push(`${unused.length} pictures do not belong to the list and are left out (${some(unused)})`);
  if (unmasked.length > 0) {
    notes.push(
      `${unmasked.length} abnormal pictures have no mask (${some(unmasked)}): they can be tested, for image figures only, and cannot be trained on`,
    );
  }
  if (orphans.length > 0) notes.push(`${orphans.length} masks belong to no abnormal picture (${some(orphans)})`);
  return notes;
}

/**
 * The key of a picture's mask: the picture's own key, or the key without the state's folder, since users often keep all
 * masks of a class in one folder (`CLASS/masks/NAME.png`).
 */
function maskKey(key: string, masks: ReadonlyMap<string, string>): string | undefined {
  if (masks.has(key)) return key;
  const parts = key.split('/');
  const without = [...parts.slice(0, -2), ...parts.slice(-1)].join('/');
  return masks.has(without) ? without : undefined;
}

/** Pictures of the test split; the table's columns are object, split, label, image, mask. */
function testSplit(text: string): Set<string> {
  const [head = '', ...lines] = text.trim().split(/\r?\n/);
  const titles = head.split(',').map((t) => t.trim());
  const [split, image] = [titles.indexOf('split'), titles.indexOf('image')];
  if (split < 0 || image < 0) {
    throw new Error(`split_csv/1cls.csv: expected columns object,split,label,image,mask, got ${head}`);
  }
  const cells = lines.map((line) => line.split(',').map((c) => c.trim()));
  return new Set(cells.filter((c) => c[split] === 'test').map((c) => c[image]!));
}

/** The text of a `.jsonl` list, a line for each sample. */
export function metadataText(rows: readonly SampleRow[]): string {
  const lines = rows.map(({ imagePath, label, className, maskPath }) =>
    JSON.stringify({ image_path: imagePath, label, class_name: className, mask_path: maskPath }),
  );
  return lines.map((line) => `${line}\n`).join('');
}
