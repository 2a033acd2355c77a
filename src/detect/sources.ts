/** The forms in which weights, adapters and pictures can be given, and how a host opens them. */
import type { Gpu } from '../gpu/gpu.js';
import { canonicalAdapters } from '../io/adapter_names.js';
import { type ClipTensors, canonicalClip } from '../io/clip_names.js';
import { openTensorSource } from '../io/open_tensors.js';
import { type ByteSource, bytesSource } from '../io/source.js';
import type { TensorFile } from '../io/tensor_file.js';
import type { Tokenizer } from '../io/tokenizer.js';
import { methodOf, type OpenedCheckpoint, openCheckpoint } from '../model/methods/all_methods.js';
import { type Picture, PictureError, type PictureRules } from '../picture/picture.js';
import { readPictureFacts } from '../picture/picture_facts.js';
import type { AnchorStore } from './anchor_cache.js';
import { AaclipError } from './errors.js';
import { type TrainedWith, trainedWith } from './trained_with.js';

/** A file: its path (Node) or URL, a Blob or File, or its bytes. */
export type FileSource = string | URL | Blob | ArrayBuffer | Uint8Array;

/** CLIP's weights: a file, or "tiny" for the small packaged model ("./tiny" names a file of that name). */
export type WeightsSource = FileSource;

/**
 * Adapters: the path or URL of a folder as training leaves it, with both parts in it, "tiny" for the packaged adapters; the
 * path or URL, a Blob or the bytes of a checkpoint of any known method, which its tensors tell; or a file for each of AA-CLIP's
 * parts. A tower without adapters is plain CLIP's.
 */
export type AdapterSource =
  | FileSource
  | { readonly text?: FileSource | undefined; readonly image?: FileSource | undefined };

/** Pixels in memory: [height, width, 3] bytes of RGB, or [height, width, 4] of RGBA whose alpha is dropped (`ImageData`). */
export interface DecodedPicture {
  readonly name?: string;
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** A picture: a file in one of the formats the host decodes, or pixels. */
export type PictureSource = FileSource | DecodedPicture;

/** A checkpoint by its method and parts. */
export interface OpenedAdapters extends OpenedCheckpoint {
  /** How the image adapters were trained, which is how they must be used. */
  readonly trained: TrainedWith;
}

/** What the library needs of its host, Node or a browser. */
export interface LibraryHost {
  /** Bytes of the machine's memory, where the host knows them: a software adapter works in it. */
  readonly hostMemory?: number | undefined;
  /**
   * @param precision what kernels may round activations to
   * @throws GpuError when there is no adapter
   */
  openDevice(precision?: 'f32' | 'f16'): Promise<Gpu>;
  /**
   * CLIP's tokenizer with the merges of the package.
   * @param texts all that it will be asked for: a host may know their words without the merges
   */
  openTokenizer(signal: AbortSignal | undefined, texts: readonly string[]): Promise<Tokenizer>;
  /** CLIP's weights by path or URL, or by a name that stands for them ("tiny"). */
  openClip(place: string | URL, signal: AbortSignal | undefined): Promise<ClipTensors>;
  /**
   * Adapters by the path or URL of their folder or file, or by a name ("tiny").
   * @param epoch of the image adapter; undefined for the latest one
   */
  openAdapters(
    place: string | URL,
    clip: ClipTensors,
    epoch: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<OpenedAdapters>;
  /** A file by path or URL. */
  openFile(place: string | URL, signal: AbortSignal | undefined): Promise<ByteSource>;
  /** Where anchors are kept between runs; undefined where the host has no place for them. */
  readonly anchors?: AnchorStore | undefined;
  /** @throws PictureError (as a rejection) when the bytes are not a readable picture */
  decode(name: string, bytes: Uint8Array, rules?: PictureRules): Promise<Picture>;
}

/** A Blob or File; only the requested ranges are read. */
export function blobSource(name: string, blob: Blob): ByteSource {
  return {
    name,
    size: blob.size,
    async read(offset, length) {
      const bytes = new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
      if (bytes.length !== length) {
        throw new Error(`${name}: read past the end: expected ${length} bytes from ${offset}, got ${bytes.length}`);
      }
      return bytes;
    },
  };
}

function openSource(
  host: LibraryHost,
  source: FileSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ByteSource> {
  if (typeof source === 'string' || source instanceof URL) return host.openFile(source, signal);
  if (source instanceof Blob) return Promise.resolve(blobSource(nameOf(source, name), source));
  return Promise.resolve(bytesSource(name, source instanceof Uint8Array ? source : new Uint8Array(source)));
}

/** A file's own name, or another one for a Blob. */
function nameOf(blob: Blob, otherwise: string): string {
  return 'name' in blob && typeof blob.name === 'string' && blob.name !== '' ? blob.name : otherwise;
}

/** CLIP's weights from any source. */
export async function openWeights(
  host: LibraryHost,
  source: WeightsSource,
  signal: AbortSignal | undefined,
): Promise<ClipTensors> {
  if (typeof source === 'string' || source instanceof URL) return host.openClip(source, signal);
  return canonicalClip(await openTensorsOf(host, source, 'weights', signal));
}

/** AA-CLIP's adapters from the files of both parts. */
export function adaptersOf(text: TensorFile | undefined, image: TensorFile | undefined): OpenedAdapters {
  const parts = { text: text && canonicalAdapters(text), image: image && canonicalAdapters(image) };
  return { ...parts, method: methodOf(parts), trained: trainedWith(image?.metadata) };
}

/** The end of a path or URL of a checkpoint in one file. */
export const CHECKPOINT_FILE = /\.(?:pth?|ckpt|bin|safetensors)(?:[?#].*)?$/i;

/** A checkpoint of any method in one file. */
export function checkpointOf(file: TensorFile): OpenedAdapters {
  const opened = openCheckpoint(file);
  return { ...opened, trained: opened.image ? trainedWith(file.metadata) : {} };
}

/**
 * A file of tensors from any source.
 * @param name for messages, where the source has no name
 */
export async function openTensorsOf(
  host: LibraryHost,
  source: FileSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<TensorFile> {
  return openTensorSource(await openSource(host, source, name, signal));
}

/** Adapters from any source. @throws when a file lacks the part it was given for */
export async function openAdapterSource(
  host: LibraryHost,
  source: AdapterSource,
  clip: ClipTensors,
  epoch: number | undefined,
  signal: AbortSignal | undefined,
): Promise<OpenedAdapters> {
  if (typeof source === 'string' || source instanceof URL) return host.openAdapters(source, clip, epoch, signal);
  const open = (file: FileSource, name: string): Promise<TensorFile> => openTensorsOf(host, file, name, signal);
  if (source instanceof Blob || source instanceof ArrayBuffer || source instanceof Uint8Array) {
    return checkpointOf(await open(source, 'adapters'));
  }
  const { text, image } = source;
  const opened = adaptersOf(
    text === undefined ? undefined : await open(text, 'text adapter'),
    image === undefined ? undefined : await open(image, 'image adapter'),
  );
  for (const part of ['text', 'image'] as const) {
    const tensors = opened[part];
    const start = `${part}_adapter.`;
    if (tensors && !tensors.names.some((name) => name.startsWith(start))) {
      throw new Error(`${tensors.name}: no ${part} adapter in it`);
    }
  }
  return opened;
}

/** A picture whose file has been read. */
export interface ReadPicture {
  /** Bytes of its pixels, as its header states its size; 0 where it does not. */
  readonly bytes: number;
  /** @throws PictureError (as a rejection) when it is not a readable picture */
  decode(): Promise<Picture>;
}

/**
 * Reads a picture from any source, and decodes it when asked to.
 * @param name of the picture, where the source has no name
 * @throws PictureError (as a rejection) when pixels do not fit their size, AaclipError `picture` when it cannot be opened
 */
export async function readPicture(
  host: LibraryHost,
  source: PictureSource,
  name: string,
  options: { readonly rules?: PictureRules | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ReadPicture> {
  if (isDecoded(source)) {
    const picture = toPicture(source, name);
    return { bytes: picture.data.length, decode: async () => picture };
  }
  let file: ByteSource;
  let bytes: Uint8Array;
  try {
    file = await openSource(host, source, name, options.signal);
    bytes = await file.read(0, file.size);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new AaclipError('picture', message, { cause: error, file: placeName(source, name) });
  }
  const { width, height } = readPictureFacts(file.name, bytes) ?? { width: 0, height: 0 };
  return { bytes: 3 * width * height, decode: () => host.decode(file.name, bytes, options.rules) };
}

/** What messages call a file before it is opened. */
function placeName(source: FileSource, otherwise: string): string {
  if (source instanceof Blob) return nameOf(source, otherwise);
  if (typeof source !== 'string' && !(source instanceof URL)) return otherwise;
  const place = String(source);
  return place.startsWith('data:') ? 'data URL' : place;
}

function isDecoded(source: PictureSource): source is DecodedPicture {
  return typeof source === 'object' && 'data' in source && 'width' in source;
}

function toPicture(source: DecodedPicture, otherwise: string): Picture {
  const { name = otherwise, width, height, data } = source;
  const channels = data.length / (width * height);
  if (channels !== 3 && channels !== 4) {
    throw new PictureError(
      name,
      `pixels do not fit the size: expected ${3 * width * height} bytes of RGB or ${4 * width * height} of RGBA, got ${data.length}`,
    );
  }
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (channels === 3) return { name, width, height, channels: 3, data: bytes };
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0, o = 0; o < rgb.length; i += 4, o += 3) {
    rgb[o] = bytes[i]!;
    rgb[o + 1] = bytes[i + 1]!;
    rgb[o + 2] = bytes[i + 2]!;
  }
  return { name, width, height, channels: 3, data: rgb };
}
