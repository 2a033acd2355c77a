/** Looks at one sample without opening it as a whole: its picture's header and end, and its mask's levels. */
import { type FileHandle, open, stat } from 'node:fs/promises';
import { prepareMask } from '../picture/mask.js';
import { checkPictureSize, type Mask, PictureError } from '../picture/picture.js';
import { type PictureFacts, readPictureFacts } from '../picture/picture_facts.js';
import { mapSides, type Sides } from '../picture/tile_grid.js';
import { decode, loadMask } from './decode.js';
import { fileError } from './file_error.js';
import type { SampleFiles } from './open_sample.js';

export interface LookedFiles extends SampleFiles {
  /** Decode the picture too, so that damage anywhere in it is found. */
  readonly whole: boolean;
}

export interface LookedMask {
  readonly width: number;
  readonly height: number;
  /** Different levels. */
  readonly levels: number;
  /** Whether some levels are below 128 and some are not, 0 left out. */
  readonly mixed: boolean;
  /** Share of the pixels that count as faulty. */
  readonly share: number;
  /** Whether a pixel is left that counts as faulty at the size the model works at. */
  readonly survives: boolean;
}

export interface LookedSample {
  /** What is wrong with the picture or its mask: a line each, which begins with the file. */
  readonly problems: readonly string[];
  /** Undefined where its header could not be read, or the picture is a pipe. */
  readonly picture: PictureFacts | undefined;
  readonly mask: LookedMask | undefined;
}

/** Bytes of a file's beginning that are read, one after the other until they hold the header: EXIF data may come before it. */
const HEADS = [1 << 14, 1 << 18, Number.POSITIVE_INFINITY];
const TAIL = 64;

/** Whether the file ends where its format says that it does; where this is unknown, true. */
function endsAsStated({ format, leastBytes }: PictureFacts, size: number, tail: Buffer): boolean {
  if (format === 'png') return tail.includes('IEND');
  if (format === 'jpeg') return tail.includes(Buffer.from([0xff, 0xd9]));
  return size >= leastBytes;
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** The header, from as little of the file as it takes; undefined where even the whole file does not have all of it. */
async function readHeader(name: string, handle: FileHandle, size: number): Promise<PictureFacts | undefined> {
  for (const length of HEADS) {
    try {
      const facts = readPictureFacts(name, await readAt(handle, 0, Math.min(size, length)), size);
      if (facts || length >= size) return facts;
    } catch (error) {
      // The beginning alone may look broken.
      if (length >= size) throw error;
    }
  }
  return undefined;
}

/** @throws PictureError, or an error of the file system, when the picture cannot be used */
async function lookAtPicture({
  image,
  maskSize,
  tileSize,
  rules,
  whole,
}: LookedFiles): Promise<PictureFacts | undefined> {
  let handle: FileHandle | undefined;
  try {
    // Asked before it is opened: a pipe can be opened and read only once.
    const file = await stat(image);
    if (file.isDirectory()) throw Object.assign(new Error('a folder'), { code: 'EISDIR' });
    if (!file.isFile()) return undefined;
    const { size } = file;
    handle = await open(image, 'r');
    const facts = await readHeader(image, handle, size);
    if (facts) {
      checkPictureSize(image, facts.width, facts.height, rules.maxPixels);
      mapSides({ name: image, ...facts }, maskSize, tileSize);
    }
    const tail = await readAt(handle, Math.max(0, size - TAIL), TAIL);
    if (facts && !whole && endsAsStated(facts, size, tail)) return facts;
    // Only the decoder can tell.
    await decode(image, await readAt(handle, 0, size), rules);
    return facts;
  } catch (error) {
    throw error instanceof PictureError ? error : fileError(image, 'read', error);
  } finally {
    await handle?.close();
  }
}

/** Counts a mask's levels. */
function lookAtMask(mask: Mask, { width, height }: Sides, threshold = 1): LookedMask {
  const counts = new Uint32Array(256);
  for (const level of mask.data) counts[level]!++;
  const levels = [...counts.keys()].filter((level) => counts[level]! > 0);
  const marked = counts.subarray(threshold).reduce((sum, n) => sum + n, 0);
  return {
    width: mask.width,
    height: mask.height,
    levels: levels.length,
    mixed: levels.some((level) => level > 0 && level < 128) && levels.some((level) => level >= 128),
    share: marked / mask.data.length,
    survives: prepareMask(mask, width, height, threshold).includes(1),
  };
}

/** Never rejects: what is wrong is in `problems`. */
export async function lookAtSample(files: LookedFiles): Promise<LookedSample> {
  const problems: string[] = [];
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  };
  const { mask: path, maskSize, tileSize, rules } = files;
  const picture = await attempt(() => lookAtPicture(files));
  const mask =
    path === undefined
      ? undefined
      : await attempt(async () => {
          const found = await loadMask(path, rules);
          return lookAtMask(
            found,
            mapSides({ name: path, ...(picture ?? found) }, maskSize, tileSize),
            rules.maskThreshold,
          );
        });
  return { problems, picture, mask };
}
