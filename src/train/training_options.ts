/** The options of the library's `train`. */
import type { ClassInput, OpenOptions } from '../detect/open_model.js';
import type { DecodedPicture, FileSource, PictureSource } from '../detect/sources.js';
import type { ClipConfig } from '../model/config.js';
import type { Mask } from '../picture/picture.js';
import { PUBLISHED_CHANCES } from './augment_plan.js';
import type { AdapterShape, Part } from './initial.js';
import type { Init } from './resume.js';
import type { TrainFlags } from './training_run.js';

/** A picture to learn from. */
export interface TrainingSample {
  readonly picture: PictureSource;
  /** 0 for a good picture, 1 for a faulty one. */
  readonly label: 0 | 1;
  /** Where a faulty picture is faulty: every pixel that is not black. A good picture needs no mask. */
  readonly mask?: PictureSource | Mask | undefined;
  readonly className: string;
}

/** A checkpoint as training writes it. */
export interface SavedCheckpoint {
  /** The file's usual name: `text_adapter.safetensors`, `image_adapter.safetensors`. */
  readonly name: string;
  readonly stage: Part;
  /** Epochs of the stage that are done. */
  readonly epoch: number;
  /** Batches done of the next epoch, where it was saved within one. */
  readonly batch: number;
  /** Weights, Adam's moments and the progress of the run, as safetensors. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Settings of the run; by default the published program's, given in brackets. */
export interface TrainSettings extends Partial<Omit<TrainFlags, 'shape' | 'recompute' | 'vvBlocks'>> {
  /** Which blocks get adapters [text 3, image 6 of 24 blocks] and whether projections end in a LeakyReLU [no]. */
  readonly shape?: Partial<AdapterShape> | undefined;
  /** Last blocks with V-V attention in stage one [19]. */
  readonly vvBlocks?: number | undefined;
  /**
   * Run blocks again for their gradients: less memory, more time. `auto`, the default, does so where memory requires
   * it.
   */
  readonly recompute?: 'auto' | 'on' | 'off' | undefined;
  /**
   * Bytes of buffers that training may have on the device; beyond it, `auto` recomputes. By default 0.7 of the host's memory
   * on a software adapter, and 0.7 of 8 GiB on others: WebGPU does not tell how much memory an adapter has.
   */
  readonly memoryLimit?: number | undefined;
  /** How the adapters' projections start: at random [default], or as CLIP's own. */
  readonly init?: Init | undefined;
}

export interface TrainOptions extends OpenOptions, TrainSettings {
  /** At least one; every faulty sample needs a mask. */
  readonly samples: readonly TrainingSample[];
  /**
   * Words and domains of the samples' classes; by default, prompts use what a known data set calls the class, else its
   * name.
   */
  readonly classes?: readonly ClassInput[] | undefined;
  /**
   * Checkpoints of an earlier run to continue from, one for each stage. The run must have the same settings, except for
   * the numbers of epochs and how often to save.
   */
  readonly resume?: { readonly text?: FileSource | undefined; readonly image?: FileSource | undefined } | undefined;
  /** Called with a checkpoint after every epoch, and every `saveEvery` steps; training waits for it. */
  readonly onSave?: ((checkpoint: SavedCheckpoint) => void | Promise<void>) | undefined;
}

/** The settings of the published program, in the order in which checkpoints record them. */
export const PUBLISHED_SETTINGS: TrainFlags = {
  imageSize: 518,
  seed: 111,
  shape: { textUntil: 3, imageUntil: 6, relu: false },
  textEpochs: 5,
  imageEpochs: 20,
  textBatch: 16,
  imageBatch: 2,
  textRate: 1e-5,
  imageRate: 5e-4,
  textNormWeight: 0.1,
  textMix: 0.1,
  imageMix: 0.1,
  vv: 'batch',
  vvBlocks: 19,
  textLevels: 'last',
  chances: PUBLISHED_CHANCES,
  recompute: false,
  activation: 'gelu',
  precision: 'f32',
  saveEvery: 0,
};

const WHOLE: Readonly<Record<string, number>> = {
  imageSize: 14,
  textEpochs: 0,
  imageEpochs: 0,
  textBatch: 1,
  imageBatch: 1,
  seed: 0,
  saveEvery: 0,
};

/**
 * The settings given, with the published ones for the rest; the plan decides whether to recompute.
 * @throws when a number of epochs, pictures or pixels is not a whole number in its range
 */
export function trainFlags(settings: TrainSettings, config: ClipConfig): TrainFlags {
  const given = Object.fromEntries(
    Object.keys(PUBLISHED_SETTINGS).flatMap((key) => {
      const value = settings[key as keyof TrainSettings];
      return value === undefined || key === 'recompute' || key === 'shape' ? [] : [[key, value]];
    }),
  );
  const flags: TrainFlags = {
    ...PUBLISHED_SETTINGS,
    ...given,
    shape: { ...PUBLISHED_SETTINGS.shape, ...settings.shape },
    vvBlocks: Math.min(settings.vvBlocks ?? PUBLISHED_SETTINGS.vvBlocks, config.visionLayers - 1),
  };
  for (const [key, least] of Object.entries(WHOLE)) {
    const value = flags[key as keyof TrainFlags];
    if (!Number.isInteger(value) || (value as number) < least) {
      throw new Error(`train: ${key}: expected a whole number of at least ${least}, got ${value}`);
    }
  }
  return flags;
}

/** Whether a mask is given as its bytes, not as a picture. */
export function isMask(mask: PictureSource | Mask): mask is Mask {
  const pixels = mask as Partial<DecodedPicture>;
  return pixels.data !== undefined && pixels.data.length === (pixels.width ?? 0) * (pixels.height ?? 0);
}
