/**
 * The parts of a training run: settings, weights, classes, and the host that provides samples and keeps files. The path
 * of a step: stages.ts defines what it computes, run_stage.ts runs it for each batch, and the host receives the result.
 */
import type { ClassTokens } from '../detect/class_tokens.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import type { ClipConfig } from '../model/config.js';
import type { Precision } from '../model/weights.js';
import type { AugmentChances } from './augment_plan.js';
import type { TrainSample } from './batch.js';
import type { RunState } from './checkpoint.js';
import type { AdapterShape, Part } from './initial.js';
import type { Parameters } from './parameters.js';

/** The settings of a run; the defaults of the command line are the published program's. */
export interface TrainFlags {
  readonly imageSize: number;
  readonly seed: number;
  readonly shape: AdapterShape;
  readonly textEpochs: number;
  readonly imageEpochs: number;
  readonly textBatch: number;
  readonly imageBatch: number;
  readonly textRate: number;
  readonly imageRate: number;
  /** Weight of the orthogonality term. */
  readonly textNormWeight: number;
  /** Shares of the adapters in their mixes. */
  readonly textMix: number;
  readonly imageMix: number;
  readonly vv: 'batch' | 'token';
  /** Last blocks with V-V attention in stage one. */
  readonly vvBlocks: number;
  /** Levels whose loss stage one minimises. */
  readonly textLevels: 'last' | 'all';
  readonly chances: AugmentChances;
  /** Stage two keeps only each block's input, and runs the block again for its gradient. */
  readonly recompute: boolean;
  readonly activation: Activation;
  readonly precision: Precision;
  /** Steps between checkpoints inside an epoch; 0 for none. */
  readonly saveEvery: number;
}

/** A sample that is ready to be trained on. */
export interface LoadedSample extends TrainSample {
  /** Index of the sample in its data set. */
  readonly index: number;
  /** Name of the sample in messages. */
  readonly path: string;
}

/** One line of `metrics.jsonl`. */
export interface StepReport {
  readonly stage: Part;
  readonly epoch: number;
  readonly batch: number;
  readonly batches: number;
  readonly step: number;
  readonly loss: number;
  readonly parts: Readonly<Record<string, number>>;
  readonly rate: number;
  readonly imagesPerSecond: number;
  /** Bytes on the device. */
  readonly memory: number;
}

/** What a run needs from the program around it. */
export interface TrainHost {
  batchesPerEpoch(batchSize: number): number;
  /** Batches of an epoch in the order of the seed, from batch `skip` on. */
  batches(stage: Part, epoch: number, batchSize: number, skip: number): AsyncIterable<readonly LoadedSample[]>;
  /** Stage two's samples whose scores are recorded at the end of every epoch; where it is missing, none are. */
  recordedSamples?(batchSize: number): AsyncIterable<readonly LoadedSample[]>;
  /**
   * Writes a checkpoint and returns its name.
   * @param endOfEpoch whether an epoch is done: its adapters are then also saved in their own file
   * @param rate learning rate of the next step
   */
  save(parameters: Parameters, state: RunState, endOfEpoch: boolean, rate: number): Promise<string>;
  onStep(report: StepReport): void;
  onEpoch(stage: Part, epoch: number, meanLoss: number): Promise<void>;
}

export interface TrainRun {
  readonly gpu: Gpu;
  readonly clip: ClipTensors;
  readonly config: ClipConfig;
  readonly flags: TrainFlags;
  /** The settings as checkpoints record them. */
  readonly flagsText: string;
  readonly classes: readonly ClassTokens[];
  readonly host: TrainHost;
}
