/** Lists published data sets as they are unpacked. */
import { fittingLayout, LAYOUTS, PUBLISHED, type PublishedLayout } from './index_layouts.js';
import { type FolderIndex, LayoutError, type SampleRow, some } from './index_rows.js';

export interface PublishedOptions {
  /** Class of the pictures that are in no class folder. */
  readonly className: string;
  /** VisA's `split_csv/1cls.csv`; with it only the test split is listed, as published. */
  readonly visaSplit?: string | undefined;
}

/**
 * Lists the samples of a data set that has a published layout.
 * @throws LayoutError when no picture fits it; an error when two masks fit a picture or pictures of the split are missing
 */
export function indexPublished(
  paths: readonly string[],
  layout: PublishedLayout,
  { className, visaSplit }: PublishedOptions,
): FolderIndex {
  const rule = PUBLISHED[layout];
  const roles = paths.map((path) => ({ path, role: rule.role(path) }));
  const masks = new Map<string, { paths: string[]; part: boolean }>();
  for (const { path, role } of roles) {
    if (role?.kind !== 'mask') continue;
    const there = masks.get(role.key);
    if (!there) masks.set(role.key, { paths: [path], part: role.part });
    else if (there.part && role.part) there.paths.push(path);
    else throw new Error(`${path}: a second mask for one picture, besides ${there.paths[0]}: remove one of them`);
  }
  const split = layout === 'visa' && visaSplit !== undefined ? testSplit(visaSplit) : undefined;
  const used = new Map<string, string>();
  const [unused, unmasked]: [string[], string[]] = [[], []];
  const parts = new Map<string, string[]>();
  const rows: SampleRow[] = [];
  for (const { path, role } of roles) {
    if (role?.kind === 'mask') continue;
    const own = role?.label === 1 ? masks.get(role.key) : undefined;
    if (role && own) {
      const other = used.get(role.key);
      if (other) throw new Error(`${own.paths[0]}: one mask for two pictures, ${other} and ${path}: name them apart`);
      used.set(role.key, path);
    }
    if (!role || (split && !split.has(path))) {
      unused.push(path);
      continue;
    }
    const base = { imagePath: path, label: role.label, className: role.className ?? className };
    if (role.label === 1 && !own) unmasked.push(path);
    if (own && own.paths.length > 1) parts.set(path, own.paths);
    rows.push(own ? { ...base, maskPath: own.paths[0]! } : base);
  }
  if (rows.length === 0) {
    const fits = fittingLayout(paths);
    const remedy = fits && fits !== layout ? `: --layout ${fits} fits` : '';
    throw new LayoutError(
      `index: no picture fits the layout ${layout}: expected ${LAYOUTS[layout]}, got ${some(paths) || 'no pictures'}${remedy}`,
      fits,
    );
  }
  const there = new Set(paths);
  const missing = [...(split ?? [])].filter((path) => !there.has(path));
  if (missing.length > 0) {
    throw new Error(
      `index: ${missing.length} pictures of split_csv/1cls.csv are missing: ${some(missing)}: unpack VisA again`,
    );
  }
  const orphans = [...masks].flatMap(([key, own]) => (used.has(key) ? [] : own.paths));
  return { rows, parts, unsettled: false, folders: [], unused, unmasked, orphans };
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
