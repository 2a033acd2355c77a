/** Which files of a folder are good, faulty or masks, and whose masks they are. */
import { text } from './language.js';
import type { Given } from './picture_input.js';
import { stemOf } from './save_file.js';
import { type Entry, maskOf } from './teach_entry.js';

const MASK_FOLDER = /(?:^|\/)(?:ground_truth|masks?)\//i;
const MASK_NAME = /_mask(?:\.\w+)?$/i;

export const isMask = ({ name }: Given): boolean => MASK_FOLDER.test(name) || MASK_NAME.test(stemOf(name));

/** The path of the folder that a path's last folder `good` lies in; undefined where there is none. */
const besideGood = (name: string): string | undefined => /^(.*\/|)good\//i.exec(name)?.[1];

/**
 * Labels pictures by their folders: 0 below `good`, 1 in any folder beside a `good`, else 0.
 * @returns one label for each picture
 */
export function labelsByFolder(given: readonly Given[]): (0 | 1)[] {
  const beside = new Set(given.map(({ name }) => besideGood(name)).filter((place) => place !== undefined));
  return given.map(({ name }) => {
    if (besideGood(name) !== undefined) return 0;
    return [...beside].some((place) => name.startsWith(place) && name.slice(place.length).includes('/')) ? 1 : 0;
  });
}

const folderOf = (name: string): string => name.split('/').at(-2) ?? '';

/** Pictures by their stems, for `pictureOf`; good ones beside faulty ones have no masks. */
export function byStem(entries: readonly Entry[]): ReadonlyMap<string, readonly Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const entry of entries) {
    if (besideGood(entry.name) !== undefined) continue;
    const stem = stemOf(entry.name);
    found.set(stem, [...(found.get(stem) ?? []), entry]);
  }
  return found;
}

/** The picture that a mask is of, by its stem; of several with that stem the only one in a folder of the mask's name. */
export function pictureOf(mask: Given, pictures: ReadonlyMap<string, readonly Entry[]>): Entry | undefined {
  const called = pictures.get(stemOf(mask.name).replace(MASK_NAME, '')) ?? [];
  const near = called.filter(({ name }) => folderOf(name) === folderOf(mask.name));
  const found = near.length > 0 ? near : called;
  return found.length === 1 ? found[0] : undefined;
}

/** Gives a picture the mask of a file, and makes it faulty. @returns what is wrong with the mask, if anything */
export async function openMask(file: Given, entry: Entry): Promise<string | undefined> {
  const { name } = file;
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file.file, { colorSpaceConversion: 'none' });
  } catch {
    return text('teachMaskBroken', { name });
  }
  const { width, height } = bitmap;
  try {
    if (width !== entry.width || height !== entry.height) {
      const picture = { pictureWidth: entry.width, pictureHeight: entry.height };
      return text('teachMaskSize', { name, width, height, ...picture });
    }
    const mask = maskOf(entry);
    const context = new OffscreenCanvas(mask.width, mask.height).getContext('2d')!;
    context.imageSmoothingEnabled = false;
    context.drawImage(bitmap, 0, 0, mask.width, mask.height);
    const { data } = context.getImageData(0, 0, mask.width, mask.height);
    const words = new Uint32Array(data.buffer);
    const marks = new Uint8Array(mask.data.length);
    // The three low bytes are the colour; what is transparent reads as black.
    for (let i = 0; i < marks.length; i++) marks[i] = (words[i]! & 0xff_ff_ff) === 0 ? 0 : 1;
    if (!marks.includes(1)) return text('teachMaskEmpty', { name });
    mask.open(marks);
    entry.label = 1;
    return undefined;
  } finally {
    bitmap.close();
  }
}
