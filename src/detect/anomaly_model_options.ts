/** What a model for inference is loaded from. */
import type { ClipTensors } from '../io/clip_names.js';
import type { Method, TrainedParts } from '../model/methods/method.js';
import type { Precision } from '../model/weights.js';
import type { AnchorStore } from './anchor_cache.js';
import type { ClassTokens } from './class_tokens.js';
import type { TowerOptions } from './tower_use.js';

/** Trained tensors and the method they belong to: by default AA-CLIP, or plain CLIP without adapters of the image tower. */
export interface ModelAdapters extends TrainedParts {
  readonly method?: Method | undefined;
}

export interface AnomalyModelOptions extends TowerOptions {
  readonly clip: ClipTensors;
  /** Without them it is plain CLIP. */
  readonly adapters?: ModelAdapters | undefined;
  /** Share of the adapters in their mixes; 0.1, as published, by default. */
  readonly textMix?: number | undefined;
  readonly imageMix?: number | undefined;
  readonly classes: readonly ClassTokens[];
  readonly imageSize?: number | undefined;
  readonly precision?: Precision | undefined;
  /** Pictures at a time, whose kernels are compiled in advance beside those of one picture; by default as fits the adapter. */
  readonly batchSize?: number | undefined;
  /** Where anchors are kept for the next start; by default nowhere. */
  readonly anchors?: AnchorStore | undefined;
  /** Share of weights read so far, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}
