/** Opens everything a caller names, and loads it as a model on a device. */
import type { Domain, Registry } from '../data/datasets.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import { type ClipConfig, inferConfig } from '../model/config.js';
import { chooseMethod } from '../model/methods/all_methods.js';
import type { Method } from '../model/methods/method.js';
import type { Precision } from '../model/weights.js';
import type { PictureRules } from '../picture/picture.js';
import type { Tiling } from '../picture/tile_grid.js';
import { AnomalyModel } from './anomaly_model.js';
import { chooseBatch } from './batch_size.js';
import type { EncodedClass } from './class_tokens.js';
import { DecisionRules } from './decision_rules.js';
import { AaclipError, abortable, checkAborted, within } from './errors.js';
import { inferenceMemory } from './inference_memory.js';
import { type MethodSettings, methodSettings, settingsLine } from './method_settings.js';
import { type ModelIdentity, modelIdentity } from './model_identity.js';
import { openClasses } from './open_classes.js';
import {
  type AdapterSource,
  type FileSource,
  type LibraryHost,
  type OpenedAdapters,
  openAdapterSource,
  openWeights,
  type WeightsSource,
} from './sources.js';
import { type TileOptions, tilingOf } from './tiling.js';

/** A class by the name that results and `detect` use. */
export interface NamedClass {
  readonly name: string;
  /** What prompts call it: "circuit board" for "pcb". By default what a known data set calls it, else the name. */
  readonly words?: string | undefined;
  /** How maps are smoothed and scores made. By default the domain of the class's data set, else Industrial. */
  readonly domain?: Domain | undefined;
  /** The known data set it belongs to, where several have a class of that name. */
  readonly dataset?: string | undefined;
}

/** A class, or its name alone. "object" stands for anything. */
export type ClassInput = string | NamedClass;

/** What opening a model takes, for detection and for training. */
export interface OpenOptions {
  readonly weights: WeightsSource;
  /** Data sets, their classes and prompt texts; the published ones by default. */
  readonly registry?: Registry | undefined;
  /**
   * A device to work on, which stays the caller's; or a function that opens one, called once weights, adapters and
   * classes have been checked. By default the fastest adapter of this machine. A device opened here is closed with the
   * result.
   */
  readonly gpu?: Gpu | (() => Promise<Gpu>) | undefined;
  /** How pictures and masks are read; by default as the published program reads them. */
  readonly pictures?: PictureRules | undefined;
  /** Called with a line for the user, such as a note on words the model does not know; `console.warn` by default. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Ends loading (or training) early, with an error of code `aborted`. */
  readonly signal?: AbortSignal | undefined;
}

export interface DetectorOptions extends OpenOptions {
  /** Without adapters, plain CLIP is used, which is weaker. */
  readonly adapters?: AdapterSource | undefined;
  /** Use `image_adapter_<epoch>` of the folder of adapters. */
  readonly epoch?: number | undefined;
  /** The classes that pictures may have; at least one. */
  readonly classes: readonly ClassInput[];
  /** The side that pictures are resized to, in pixels; by default as the adapters were trained, else 518. */
  readonly imageSize?: number | undefined;
  /** Share of a text adapter in its mix; by default as trained, else 0.1. */
  readonly textMix?: number | undefined;
  /** Share of an image adapter in its mix; by default as trained, else 0.1. */
  readonly imageMix?: number | undefined;
  /** By default as trained, else as the method's published program has it: AA-CLIP gelu. */
  readonly activation?: Activation | undefined;
  /** Name of the method ("aa-clip", "april-gan", "anomalyclip", "clip"): checked against the checkpoint, which tells it. */
  readonly method?: string | undefined;
  /**
   * 1-based numbers of the blocks whose tokens are compared with the text. By default the quarters of the tower; for
   * AnomalyCLIP the last block.
   */
  readonly levels?: readonly number[] | undefined;
  /**
   * f32 (the default) keeps every weight exactly; f16 rounds matrices to half the memory, and lets matrix units round
   * activations on a device that is opened here.
   */
  readonly precision?: Precision | undefined;
  /**
   * Keep the anchors of classes for the next start, which then needs no text tower: in Node, in `aaclip/anchors` of the
   * user's cache folder, for weights that are files; in a browser in memory, for the packaged weights. True by default.
   */
  readonly cache?: boolean | undefined;
  /**
   * Pictures at a time, unless `detect` is told otherwise; by default chosen to fit the adapter. More than it can hold is an
   * error before any weights are read.
   */
  readonly batchSize?: number | undefined;
  /**
   * Score pictures that are larger than a tile in tiles, whose maps are blended into one; by default every picture is scored
   * as a whole. `{}` makes tiles as large as `imageSize`, with a quarter of it shared.
   */
  readonly tile?: TileOptions | undefined;
  /** Files that `calibrate` wrote, for the classes they are of: pictures of these are decided on by them. */
  readonly calibrations?: readonly FileSource[] | undefined;
  /** Domain of every class that does not give its own. */
  readonly domain?: Domain | undefined;
  /** Called with the share of the weights on the device so far, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** The settings a model works with: as given, else as recorded in the adapters, else as published. */
export interface DetectorSettings extends MethodSettings {
  readonly precision: Precision;
  /** How large pictures are cut; undefined where they are scored as a whole. */
  readonly tile?: Tiling | undefined;
  /** Whether trained tensors are in use; without them it is plain CLIP. */
  readonly adapted: boolean;
  /** One line on the method and how it is used. */
  readonly about: string;
}

export interface OpenedModel {
  readonly model: AnomalyModel;
  readonly classes: readonly EncodedClass[];
  readonly settings: DetectorSettings;
  /** What scores depend on; reads the trained tensors once more. */
  readonly identity: () => Promise<ModelIdentity>;
  /** The prompts of further classes, as of those that were given. */
  readonly encode: DescribedModel['encode'];
  readonly decisions: DecisionRules;
  /** The device, where it was opened here and is closed with the model. */
  readonly ownGpu: Gpu | undefined;
}

/** The device to work on, and the same device as `own` where it was opened here. */
export async function openDevice(
  host: LibraryHost,
  options: OpenOptions & { readonly precision?: Precision | undefined },
): Promise<{ gpu: Gpu; own: Gpu | undefined }> {
  const { gpu, signal, precision } = options;
  checkAborted(signal);
  if (gpu && typeof gpu !== 'function') return { gpu, own: undefined };
  const opening = within('device', gpu ?? (() => host.openDevice(precision)));
  try {
    const opened = await abortable(opening, signal);
    return { gpu: opened, own: opened };
  } catch (error) {
    // A device that opens after the signal is closed at once.
    opening.then(
      (late) => late[Symbol.dispose](),
      () => undefined,
    );
    throw error;
  }
}

/** A model as options describe it, checked, before a device is needed. */
export interface DescribedModel {
  readonly clip: ClipTensors;
  readonly config: ClipConfig;
  readonly adapters: OpenedAdapters | undefined;
  readonly method: Method;
  readonly classes: readonly EncodedClass[];
  readonly settings: DetectorSettings;
  /** What scores depend on; reads the trained tensors once more. */
  readonly identity: () => Promise<ModelIdentity>;
  /** The prompts of further classes, as of those that were given. */
  readonly encode: (inputs: readonly ClassInput[], signal?: AbortSignal) => Promise<readonly EncodedClass[]>;
  readonly decisions: DecisionRules;
}

/**
 * Opens weights, adapters and classes, in this order, and settles how they are used.
 * @throws AaclipError whose code tells which of them failed
 */
export async function describeModel(host: LibraryHost, options: DetectorOptions): Promise<DescribedModel> {
  const { signal, adapters: source } = options;
  checkAborted(signal);
  const clip = await within('weights', () => abortable(openWeights(host, options.weights, signal), signal));
  const config = await within('weights', () => inferConfig(clip));
  const adapters =
    source === undefined
      ? undefined
      : await within('adapters', () => abortable(openAdapterSource(host, source, clip, options.epoch, signal), signal));
  const method = await within('adapters', () => chooseMethod(options.method, adapters));
  const used = await within('options', () => methodSettings(method, config, options, adapters?.trained));
  await within('adapters', () => method.checkpoint?.checkFit(adapters ?? {}, { ...config, levels: used.levels }));
  const encode: DescribedModel['encode'] = (inputs, ending) =>
    openClasses(host, clip, inputs, { ...options, signal: ending }, method);
  const classes = await encode(options.classes, signal);
  const { patch } = config;
  if (!Number.isInteger(used.imageSize) || used.imageSize < patch) {
    const got = used.imageSize;
    throw new AaclipError('options', `imageSize: expected a whole number of pixels of at least ${patch}, got ${got}`);
  }
  const tile = await within('options', () => options.tile && tilingOf(options.tile, used.imageSize));
  const settings: DetectorSettings = {
    ...used,
    precision: options.precision ?? 'f32',
    tile,
    adapted: method.checkpoint !== undefined,
    about: settingsLine(method, used),
  };
  const decisions = new DecisionRules(method.scoring, adapters?.trained.scores);
  const identity = (): Promise<ModelIdentity> => modelIdentity(clip, adapters ?? {}, settings);
  return { clip, config, adapters, method, classes, settings, decisions, identity, encode };
}

/**
 * Opens weights, adapters, classes and the device, in this order, and loads the model.
 * @throws AaclipError whose code tells which of them failed; a device opened here is then closed
 */
export async function openModel(host: LibraryHost, options: DetectorOptions): Promise<OpenedModel> {
  const { signal } = options;
  const { clip, config, adapters, classes, settings, decisions, identity, encode } = await describeModel(host, options);
  const { gpu, own } = await openDevice(host, options);
  try {
    // Limits of the adapter are met before minutes are spent on weights.
    const { imageSize } = settings;
    await within('options', () => chooseBatch({ gpu, config, imageSize }, options.batchSize));
    await within('options', () => inferenceMemory(gpu, { clip, adapters, classes, ...settings }, 1));
    const onProgress = (share: number): void => {
      checkAborted(signal);
      options.onProgress?.(share);
    };
    const anchors = (options.cache ?? true) ? host.anchors : undefined;
    const model = await within('weights', () =>
      AnomalyModel.load(gpu, {
        clip,
        adapters,
        classes,
        ...settings,
        batchSize: options.batchSize,
        anchors,
        onProgress,
      }),
    );
    return { model, classes, settings, decisions, identity, encode, ownGpu: own };
  } catch (error) {
    own?.[Symbol.dispose]();
    throw error;
  }
}
