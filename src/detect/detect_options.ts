/** What `detect` takes, and what a detector tells of its classes. */
import type { Domain } from '../data/datasets.js';
import type { EncodedClass } from './class_tokens.js';
import type { AaclipError } from './errors.js';
import type { PictureSource } from './sources.js';
import type { TileOptions } from './tiling.js';

/** A class that was loaded. */
export interface LoadedClass {
  readonly name: string;
  readonly domain: Domain;
  /** What its prompts call it; "object" where the model does not know one of its words. */
  readonly words: string;
  /** Words of its own prompts that the model does not know. */
  readonly unknownWords: readonly string[];
}

export interface DetectOptions {
  /**
   * Pictures at a time; by default as given to `loadDetector`, else chosen to fit the adapter. Results come a batch at a time: use 1 for a live source.
   */
  readonly batchSize?: number | undefined;
  /** Score pictures that are larger than a tile in tiles; by default as `loadDetector` was told. */
  readonly tile?: TileOptions | undefined;
  /**
   * Called with the error of a picture that cannot be read, or whose scores are no finite numbers, and its position from 0;
   * that picture then has no result. Without this callback, such a picture ends the detection after the results of the
   * pictures before it.
   */
  readonly onBroken?: ((error: AaclipError, index: number) => void) | undefined;
  /** Called before each batch and at the end with the number of pictures done, and the total where it is known. */
  readonly onProgress?: ((done: number, total: number | undefined) => void) | undefined;
  /** Ends the detection early with an error of code `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

/** Several pictures, or one. */
export type PictureSources = PictureSource | Iterable<PictureSource> | AsyncIterable<PictureSource>;

/** What a detector tells of a class. */
export function loadedClass({ name, domain, realName, unknownWords }: EncodedClass): LoadedClass {
  return { name, domain, words: realName, unknownWords };
}

/** One picture as a list; lists and streams as they are. */
export function listOf(pictures: PictureSources): Iterable<PictureSource> | AsyncIterable<PictureSource> {
  if (typeof pictures === 'string' || pictures instanceof Uint8Array) return [pictures];
  return Symbol.iterator in pictures || Symbol.asyncIterator in pictures ? pictures : [pictures];
}
