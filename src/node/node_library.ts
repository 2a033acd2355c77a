/** The library's host in Node: paths and URLs, decoders, Dawn's device. */
import { totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Detector } from '../detect/detector.js';
import { libraryError } from '../detect/errors.js';
import type { DetectorOptions } from '../detect/open_model.js';
import { adaptersOf, CHECKPOINT_FILE, checkpointOf, type LibraryHost } from '../detect/sources.js';
import { canonicalClip } from '../io/clip_names.js';
import { fetchSource, inFolder } from '../io/fetch_source.js';
import { openTensorSource } from '../io/open_tensors.js';
import type { ByteSource } from '../io/source.js';
import { Training, type TrainingStore } from '../train/training.js';
import type { TrainOptions } from '../train/training_options.js';
import { anchorStore } from './anchor_folder.js';
import { decode } from './decode.js';
import { openGpu } from './device.js';
import { fileSource } from './file_source.js';
import { openTokenizer } from './open_tokenizer.js';
import { openAdapters, openClip } from './open_weights.js';
import { RunFolder } from './run_folder.js';

/** A place that a caller names: a path in the file system, or a URL to fetch. */
function placeOf(place: string | URL): { readonly path: string } | { readonly url: URL } {
  const text = String(place);
  if (/^file:/i.test(text)) return { path: fileURLToPath(text) };
  if (place instanceof URL || /^(?:https?|data|blob):/i.test(text)) return { url: new URL(text) };
  return { path: text };
}

async function openFile(place: string | URL, signal: AbortSignal | undefined): Promise<ByteSource> {
  const found = placeOf(place);
  return 'path' in found ? fileSource(found.path) : fetchSource(found.url, signal);
}

/** What the library needs of its host, in Node. */
export const NODE_LIBRARY: LibraryHost = {
  hostMemory: totalmem(),
  openDevice: (precision) => openGpu({ precision }),
  openTokenizer: () => openTokenizer(),
  async openClip(place, signal) {
    const found = placeOf(place);
    if ('path' in found) return openClip(found.path);
    return canonicalClip(await openTensorSource(await fetchSource(found.url, signal)));
  },
  async openAdapters(place, clip, epoch, signal) {
    const found = placeOf(place);
    if ('path' in found) return openAdapters(found.path, clip, epoch);
    if (CHECKPOINT_FILE.test(String(found.url))) {
      return checkpointOf(await openTensorSource(await fetchSource(found.url, signal)));
    }
    const open = async (name: string) => openTensorSource(await fetchSource(inFolder(found.url, name), signal));
    return adaptersOf(
      await open('text_adapter.safetensors'),
      await open(`image_adapter${epoch === undefined ? '' : `_${epoch}`}.safetensors`),
    );
  },
  openFile,
  anchors: anchorStore(),
  async decode(name, bytes, rules) {
    return decode(name, bytes, rules);
  },
};

/**
 * Loads a detector: weights, adapters and the anchors of every class. Dispose of it when done (`using`): an open device
 * keeps Node running.
 *
 * Sources are paths, URLs, Blobs, bytes, or "tiny" for the packaged model.
 * @throws AaclipError; its code says what the error is about
 */
export function loadDetector(options: DetectorOptions): Promise<Detector> {
  return Detector.load(NODE_LIBRARY, options);
}

export interface NodeTrainOptions extends TrainOptions {
  /**
   * Folder for checkpoints, for one training at a time, named as `aaclip train --save_path` names them: a run continues from the checkpoints in it,
   * and `loadDetector` takes it as `adapters` (where stage one had no epochs, name the image adapter's file instead:
   * `{ image: 'ckpt/image_adapter.safetensors' }`). It takes precedence over `resume`.
   */
  readonly folder?: string | undefined;
}

/**
 * Trains adapters in two stages: iterate over the steps, or await `finish()`.
 *
 * Nothing is opened until the first step is requested; the iteration throws its errors, as AaclipError.
 */
export function train(options: NodeTrainOptions): Training {
  return new Training(
    NODE_LIBRARY,
    options,
    options.folder === undefined ? undefined : () => openStore(options.folder!),
  );
}

function openStore(path: string): TrainingStore {
  try {
    return new RunFolder(path, 'safetensors');
  } catch (error) {
    throw libraryError('options', error);
  }
}
