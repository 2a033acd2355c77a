/** What the library needs of its host, in a browser: files by URL, the browser's decoders and its WebGPU. */
import { adaptersOf, CHECKPOINT_FILE, checkpointOf, type LibraryHost } from '../detect/sources.js';
import { Gpu, GpuError, type GpuOptions } from '../gpu/gpu.js';
import { canonicalClip } from '../io/clip_names.js';
import { fetchSource, inFolder } from '../io/fetch_source.js';
import { openTensorSource } from '../io/open_tensors.js';
import type { TensorFile } from '../io/tensor_file.js';
import { createTokenizer, tokenizerOfWords } from '../io/tokenizer.js';
import { knownTiles } from '../kernels/known_tiles.js';
import { browser } from './browser.js';
import { decodeInBrowser } from './decode_in_browser.js';
import { memoryAnchors, packagedClip, type ReadyClasses, readReady } from './ready_classes.js';
import { SHADERS } from './shader_texts.js';

/** Where the files of the package are. */
export interface PackagedFiles {
  /** CLIP's merges. */
  readonly merges: string | URL;
  /** The small model and its adapters, which "tiny" stands for. */
  readonly clip: string | URL;
  readonly text: string | URL;
  readonly image: string | URL;
  /** Anchors and words of some classes for this model, which then needs neither its text tower nor the merges for them. */
  readonly ready?: string | URL | undefined;
}

const PACKAGED = 'tiny';

/** What a person in front of a browser can do where there is no adapter. */
const NO_ADAPTER =
  'switch hardware acceleration on in the settings of the browser, update the graphics driver, or use another browser';

/**
 * Work submitted at a time, in milliseconds: the browser draws with the same device in between, and Windows resets a device that
 * works for two seconds without an end.
 */
const SUBMIT_MS = 100;

/** Opens the browser's device. @throws GpuError with the remedy when there is no device */
export async function openGpu(options: GpuOptions = {}): Promise<Gpu> {
  const entry = browser.navigator?.gpu;
  if (!entry) {
    throw new GpuError(
      'webgpu: not available in this browser: use a current browser, and open the page over https or from localhost',
    );
  }
  const host = { entry, shaders: SHADERS, noAdapter: NO_ADAPTER, submitMs: SUBMIT_MS };
  const gpu = await Gpu.open(host, options);
  gpu.tiles = options.tiles ?? knownTiles(gpu.description);
  return gpu;
}

async function openTensors(place: string | URL, signal: AbortSignal | undefined): Promise<TensorFile> {
  return openTensorSource(await fetchSource(place, signal));
}

/** The host of a page or worker that finds the files of the package at the given addresses. */
export function webHost(files: PackagedFiles): LibraryHost {
  let opened: ReadyClasses | undefined;
  /** Without the file, everything is computed. */
  const ready = async (): Promise<ReadyClasses | undefined> => {
    if (files.ready === undefined || opened) return opened;
    opened = await fetchSource(files.ready, undefined).then(readReady, () => undefined);
    return opened;
  };
  return {
    openDevice: (precision) => openGpu({ precision }),
    async openTokenizer(signal, texts) {
      const known = tokenizerOfWords((await ready())?.words ?? new Map(), texts);
      if (known) return known;
      const file = await fetchSource(files.merges, signal);
      return createTokenizer(new TextDecoder().decode(await file.read(0, file.size)));
    },
    async openClip(place, signal) {
      if (place === PACKAGED) return packagedClip(await fetchSource(files.clip, signal));
      return canonicalClip(await openTensors(place, signal));
    },
    async openAdapters(place, _clip, epoch, signal) {
      const named = place === PACKAGED;
      if (CHECKPOINT_FILE.test(String(place))) return checkpointOf(await openTensors(place, signal));
      const image = `image_adapter${epoch === undefined ? '' : `_${epoch}`}.safetensors`;
      return adaptersOf(
        await openTensors(named ? files.text : inFolder(place, 'text_adapter.safetensors'), signal),
        await openTensors(named ? files.image : inFolder(place, image), signal),
      );
    },
    openFile: fetchSource,
    anchors: memoryAnchors(async (key) => (await ready())?.anchors.get(key)),
    decode: decodeInBrowser,
  };
}
