/** The library's host in a browser, in a page or a worker: files by URL, the browser's decoders and its WebGPU. */
import { Detector } from '../detect/detector.js';
import type { DetectorOptions } from '../detect/open_model.js';
import { adaptersOf, CHECKPOINT_FILE, checkpointOf, type LibraryHost } from '../detect/sources.js';
import { Gpu, GpuError, type GpuOptions } from '../gpu/gpu.js';
import { canonicalClip } from '../io/clip_names.js';
import { fetchSource, inFolder } from '../io/fetch_source.js';
import { openTensorSource } from '../io/open_tensors.js';
import type { TensorFile } from '../io/tensor_file.js';
import { createTokenizer } from '../io/tokenizer.js';
import { knownTiles } from '../kernels/known_tiles.js';
import { Training } from '../train/training.js';
import type { TrainOptions } from '../train/training_options.js';
import { browser } from './browser.js';
import { decodeInBrowser } from './decode_in_browser.js';
import { SHADERS } from './shader_texts.js';

// Bundlers recognise this pattern: they copy the files and replace the addresses.
const MERGES = new URL('../../weights/clip_merges.txt', import.meta.url);
const TINY_CLIP = new URL('../../weights/tiny/clip.safetensors', import.meta.url);
const TINY_TEXT = new URL('../../weights/tiny/text_adapter.safetensors', import.meta.url);
const TINY_IMAGE = new URL('../../weights/tiny/image_adapter.safetensors', import.meta.url);

const PACKAGED = 'tiny';

/** Opens the browser's device. @throws GpuError with the remedy when there is no device */
export async function openGpu(options: GpuOptions = {}): Promise<Gpu> {
  const entry = browser.navigator?.gpu;
  if (!entry) {
    throw new GpuError(
      'webgpu: not available in this browser: use a current browser, and open the page over https or from localhost',
    );
  }
  const gpu = await Gpu.open({ entry, shaders: SHADERS }, options);
  gpu.tiles = options.tiles ?? knownTiles(gpu.description);
  return gpu;
}

async function openTensors(place: string | URL, signal: AbortSignal | undefined): Promise<TensorFile> {
  return openTensorSource(await fetchSource(place, signal));
}

/** What the library needs of its host, in a browser. */
export const WEB_LIBRARY: LibraryHost = {
  openDevice: (precision) => openGpu({ precision }),
  async openTokenizer(signal) {
    const file = await fetchSource(MERGES, signal);
    return createTokenizer(new TextDecoder().decode(await file.read(0, file.size)));
  },
  async openClip(place, signal) {
    return canonicalClip(await openTensors(place === PACKAGED ? TINY_CLIP : place, signal));
  },
  async openAdapters(place, _clip, epoch, signal) {
    const named = place === PACKAGED;
    if (CHECKPOINT_FILE.test(String(place))) return checkpointOf(await openTensors(place, signal));
    const image = `image_adapter${epoch === undefined ? '' : `_${epoch}`}.safetensors`;
    return adaptersOf(
      await openTensors(named ? TINY_TEXT : inFolder(place, 'text_adapter.safetensors'), signal),
      await openTensors(named ? TINY_IMAGE : inFolder(place, image), signal),
    );
  },
  openFile: fetchSource,
  decode: decodeInBrowser,
};

/**
 * Loads a detector: weights, adapters and the anchors of every class. Dispose of it when done (`using`).
 *
 * Sources are URLs (a string is relative to the page or worker), Blobs and Files, bytes, or "tiny" for the packaged
 * model.
 * @throws AaclipError (as a rejection); its code says what the error is about
 */
export function loadDetector(options: DetectorOptions): Promise<Detector> {
  return Detector.load(WEB_LIBRARY, options);
}

/**
 * Trains adapters in two stages: iterate over the steps, or await `finish()`. `onSave` receives checkpoints, `resume`
 * continues from them.
 *
 * Nothing is opened until the first step is requested; the iteration throws its errors, as AaclipError.
 */
export function train(options: TrainOptions): Training {
  return new Training(WEB_LIBRARY, options);
}
