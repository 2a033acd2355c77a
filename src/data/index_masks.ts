/** Which files of a folder are masks, and of which picture: by their folders' names, or by their own. */
import { type FileEntry, type FolderPath, NamePatterns, onceAFolder } from './index_files.js';
import { folderCores, PictureKeys, placesToTry } from './index_mask_keys.js';
import { markedStem, numberOf } from './index_words.js';

/** How a file became a mask, for the table. */
export type MaskReason = 'folder' | 'name' | 'same name as a JPG' | '--masks';

interface MaskFile {
  readonly reason: MaskReason;
  /** Place of the mask folder in the path; -1 where the mask lies beside its picture. */
  readonly place: number;
  /** Possible names of its picture, the likeliest first. */
  readonly stems: readonly string[];
  readonly part: boolean;
}

/** The masks among a folder's files. Made in time proportional to their number. */
export class MaskSearch {
  readonly #entries: readonly FileEntry[];
  readonly #masks: (MaskFile | undefined)[];
  /** Folders with a mask word in their names that hold pictures all the same, each with a `/` behind. */
  readonly #products = new Set<string>();
  readonly #variants: (folder: FolderPath, place: number) => string[][];

  /** @param masks the folder or pattern that the user gave; undefined to guess */
  constructor(entries: readonly FileEntry[], masks: string | undefined) {
    this.#entries = entries;
    const made = new Map<number, (folder: FolderPath) => string[][]>();
    this.#variants = (folder, place) => {
      let once = made.get(place);
      if (!once) {
        once = onceAFolder((f) => [true, false].map((withCore) => folderCores(f, place, this.#products, withCore)));
        made.set(place, once);
      }
      return once(folder);
    };
    this.#masks = masks === undefined ? this.#guess() : this.#named(new NamePatterns(masks));
  }

  isMask(index: number): boolean {
    return this.#masks[index] !== undefined;
  }

  reason(index: number): MaskReason | undefined {
    return this.#masks[index]?.reason;
  }

  /** The folder that makes a file a mask; undefined where its own name does. */
  maskFolder(index: number): string | undefined {
    const mask = this.#masks[index];
    return mask && mask.place >= 0 ? this.#entries[index]!.folder.names.slice(0, mask.place + 1).join('/') : undefined;
  }

  /**
   * The masks of the pictures that may have one.
   * @returns indices of masks by index of picture, and the masks that belong to no picture
   * @throws when a mask fits two pictures, or two masks fit a picture and are not its parts
   */
  match(mayHave: (index: number) => boolean): { masks: Map<number, number[]>; orphans: number[] } {
    if (!this.#masks.some((mask) => mask)) return { masks: new Map(), orphans: [] };
    const keys = new PictureKeys(this.#products);
    const beside = new Map<string, number>();
    this.#entries.forEach((entry, i) => {
      if (this.isMask(i)) return;
      keys.add(i, entry);
      beside.set(`${entry.folder.path}/${entry.stem.toLowerCase()}`, i);
    });
    const found = new Map<number, number[]>();
    const orphans: number[] = [];
    const parts = new Set<number>();
    this.#entries.forEach((entry, i) => {
      const mask = this.#masks[i];
      if (!mask) return;
      const { pictures, part } = this.#pictures(entry, mask, keys, beside, mayHave);
      if (pictures.length > 1) {
        const [a, b] = pictures.map((p) => this.#entries[p]!.path);
        throw new Error(`${entry.path}: one mask for two pictures, ${a} and ${b}: name them apart`);
      }
      const [picture] = pictures;
      if (picture === undefined) orphans.push(i);
      else {
        if (part || mask.part) parts.add(i);
        const before = found.get(picture);
        if (before && !(parts.has(i) || parts.has(before[0]!))) {
          const other = this.#entries[before[0]!]!.path;
          throw new Error(`${entry.path}: a second mask for one picture, besides ${other}: remove one of them`);
        }
        found.set(picture, [...(before ?? []), i]);
      }
    });
    return { masks: found, orphans };
  }

  #pictures(
    { folder }: FileEntry,
    { place, stems }: MaskFile,
    keys: PictureKeys,
    beside: ReadonlyMap<string, number>,
    mayHave: (index: number) => boolean,
  ): { pictures: readonly number[]; part: boolean } {
    const none = { pictures: [], part: false };
    for (const stem of stems) {
      const near = place < 0 ? beside.get(`${folder.path}/${stem.toLowerCase()}`) : undefined;
      if (near !== undefined) return mayHave(near) ? { pictures: [near], part: false } : none;
    }
    const variants = this.#variants(folder, place);
    const numbered = stems.map(numberOf).find((n) => n !== undefined);
    // Pictures that have more than a number in their names are found by it after a sign that no name begins with.
    const names = numbered === undefined ? stems : [...stems, `#${numbered}`, numbered];
    for (const { level, parts, stem, part } of placesToTry(
      variants,
      names,
      folder.names.at(-1),
      place < folder.names.length - 1,
    )) {
      const pictures = keys.get(level, parts, stem).filter(mayHave);
      if (pictures.length > 0) return { pictures, part };
    }
    return none;
  }

  #named(patterns: NamePatterns): (MaskFile | undefined)[] {
    const placeOf = onceAFolder((folder) => patterns.folder(folder));
    const masks = this.#entries.map(({ folder, path, stem }) => {
      const place = placeOf(folder);
      return place < 0 && !patterns.file(path) ? undefined : { ...named(stem, '--masks'), place };
    });
    if (!masks.some((mask) => mask)) throw patterns.unmatched('--masks', this.#entries);
    return masks;
  }

  #guess(): (MaskFile | undefined)[] {
    const masks: (MaskFile | undefined)[] = new Array(this.#entries.length);
    this.#guessFolders(masks);
    this.#guessNames(masks);
    return masks;
  }

  /** Decides folders with a mask word, the outermost ones first: a product may be called "label". */
  #guessFolders(masks: (MaskFile | undefined)[]): void {
    const placesOf = onceAFolder(({ readings }) => readings.flatMap((r, i) => (r.mask ? [i] : [])));
    if (!this.#entries.some(({ folder }) => placesOf(folder).length > 0)) return;
    const keys = new PictureKeys(this.#products);
    let waiting: { index: number; next: number }[] = [];
    let pictures = 0;
    const settle = (index: number): void => {
      keys.add(index, this.#entries[index]!);
      pictures++;
    };
    this.#entries.forEach((entry, index) => {
      if (placesOf(entry.folder).length > 0) waiting.push({ index, next: 0 });
      else settle(index);
    });
    while (waiting.length > 0) {
      const depth = Math.min(
        ...new Set(waiting.map(({ index, next }) => placesOf(this.#entries[index]!.folder)[next]!)),
      );
      const groups = new Map<string, { index: number; next: number }[]>();
      const later: { index: number; next: number }[] = [];
      for (const item of waiting) {
        const { folder } = this.#entries[item.index]!;
        if (placesOf(folder)[item.next] !== depth) later.push(item);
        else {
          const prefix = `${folder.names.slice(0, depth + 1).join('/')}/`;
          const group = groups.get(prefix);
          if (group) group.push(item);
          else groups.set(prefix, [item]);
        }
      }
      const settled: number[] = [];
      for (const [prefix, group] of groups) {
        const files = group.map(({ index }) => index);
        if (this.#areMasks(files, depth, keys, pictures)) {
          for (const index of files) masks[index] = { ...named(this.#entries[index]!.stem, 'folder'), place: depth };
          continue;
        }
        this.#products.add(prefix);
        for (const { index, next } of group) {
          if (next + 1 < placesOf(this.#entries[index]!.folder).length) later.push({ index, next: next + 1 });
          else settled.push(index);
        }
      }
      for (const index of settled) settle(index);
      waiting = later;
    }
  }

  /** Whether the files of a folder with a mask word mirror pictures, or can hardly be pictures. */
  #areMasks(files: readonly number[], place: number, keys: PictureKeys, pictures: number): boolean {
    if (pictures === 0) return false;
    const mirrors = files.some((index) => {
      const entry = this.#entries[index]!;
      const mask = { ...named(entry.stem, 'folder'), place };
      return this.#pictures(entry, mask, keys, new Map(), () => true).pictures.length > 0;
    });
    if (mirrors) return true;
    const { readings } = this.#entries[files[0]!]!.folder;
    const below = files.some((i) => {
      const inside = this.#entries[i]!.folder.readings.slice(place + 1);
      return inside.some((r) => r.mask || (r.sure && r.state === 0));
    });
    return readings[place]!.maskOnly && !below;
  }

  /** Masks beside their pictures: `0_mask.png`, or a PNG with the name of a JPG. */
  #guessNames(masks: (MaskFile | undefined)[]): void {
    const pictures = new Set<string>();
    const photos = new Set<string>();
    this.#entries.forEach(({ folder, stem, ending }, i) => {
      if (masks[i]) return;
      pictures.add(`${folder.path}/${stem.toLowerCase()}`);
      if (/^(?:jpe?g|jfif)$/.test(ending)) photos.add(`${folder.path}/${stem.toLowerCase()}`);
    });
    const unpaired: number[] = [];
    let paired = 0;
    this.#entries.forEach(({ folder, stem, ending }, i) => {
      if (masks[i]) return;
      const marked = markedStem(stem);
      if (marked && pictures.has(`${folder.path}/${marked.stem.toLowerCase()}`)) {
        masks[i] = { ...named(stem, 'name'), place: -1 };
        paired++;
      } else if (marked && /(?:mask|gt|truth)/i.test(stem)) unpaired.push(i);
      else if (ending === 'png' && photos.has(`${folder.path}/${stem.toLowerCase()}`)) {
        masks[i] = { reason: 'same name as a JPG', place: -1, stems: [stem], part: false };
      }
    });
    // A file that is called a mask, where others are masks, is one without a picture.
    if (paired > 0) for (const i of unpaired) masks[i] = { ...named(this.#entries[i]!.stem, 'name'), place: -1 };
  }
}

/** A mask by its name; the reason says why it is one. */
function named(stem: string, reason: MaskReason): Omit<MaskFile, 'place'> {
  const marked = markedStem(stem);
  // An annotation of "a.jpg" may be called "a.jpg.png".
  const inner = /^(.+)\.(?:jpe?g|png|bmp|tiff?)$/i.exec(stem)?.[1];
  const stems = [stem, ...(marked ? [marked.stem] : []), ...(inner === undefined ? [] : [inner])];
  // Where the mask lies beside its picture the name itself is no picture's.
  return { reason, stems: reason === 'name' && marked ? [marked.stem] : stems, part: marked?.part ?? false };
}
