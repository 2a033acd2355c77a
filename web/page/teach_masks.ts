/** Which files of a folder are good, faulty or masks, and whose masks they are. */
import { text } from './language.js';
import type { Given } from './picture_input.js';
import { stemOf } from './save_file.js';
import { type Entry, maskOf } from './teach_entry.js';

const MASK_FOLDER = /(?:^|\/)(?:ground_truth|masks?)\//i;
/** Rows of a mask that one task reads. */
const STRIP = 256;
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
  const mask = maskOf(entry);
  let bitmap: ImageBitmap;
  try {
    const whole = await createImageBitmap(file.file);
    const { width, height } = whole;
    whole.close();
    if (width !== entry.width || height !== entry.height) {
      const picture = { pictureWidth: entry.width, pictureHeight: entry.height };
      return text('teachMaskSize', { name, width, height, ...picture });
    }
    // Colours as they are stored: 1 of 255 would become black. A bitmap of those is copied here, not elsewhere: only a small one.
    bitmap = await createImageBitmap(file.file, {
      ...{ colorSpaceConversion: 'none', resizeQuality: 'pixelated' },
      ...{ resizeWidth: mask.width, resizeHeight: mask.height },
    });
  } catch {
    return text('teachMaskBroken', { name });
  }
  try {
    const marks = await marksOf(bitmap);
    if (!marks.includes(1)) return text('teachMaskEmpty', { name });
    mask.open(marks);
    entry.label = 1;
    return undefined;
  } finally {
    bitmap.close();
  }
}

/** Lets the page do what else it has to. */
const newTask = (): Promise<void> => new Promise((done) => setTimeout(done));

/** 1 where a bitmap is neither black nor transparent, else 0; read in several tasks. [height * width] */
async function marksOf(bitmap: ImageBitmap): Promise<Uint8Array> {
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, STRIP).getContext('2d', { willReadFrequently: true })!;
  const marks = new Uint8Array(width * height);
  for (let top = 0; top < height; top += STRIP) {
    await newTask();
    context.clearRect(0, 0, width, STRIP);
    context.drawImage(bitmap, 0, -top);
    const words = new Uint32Array(context.getImageData(0, 0, width, Math.min(STRIP, height - top)).data.buffer);
    // The three low bytes are the colour.
    for (let i = 0; i < words.length; i++) if ((words[i]! & 0xff_ff_ff) !== 0) marks[top * width + i] = 1;
  }
  await newTask();
  return marks;
}
