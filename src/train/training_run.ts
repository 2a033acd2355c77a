/** A training run: both stages, step by step, resumable at any batch. The host brings pictures and keeps files. */

import type { ClassTokens } from '../detect/class_tokens.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import type { ClipConfig } from '../model/config.js';
import type { Precision } from '../model/weights.js';
import { read, type Tensor } from '../tensor/tensor.js';
import { type AugmentChances, augmentPlan } from './augment_plan.js';
import { type PreparedBatch, prepareBatch, type TrainSample } from './batch.js';
import { NotFiniteError, type RunState } from './checkpoint.js';
import type { AdapterShape, Part } from './initial.js';
import { ADAM, type Parameters } from './parameters.js';
import { MILESTONES, multiStepRate } from './schedule.js';

/** Everything a run depends on; the defaults of the command line are the published program's. */
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
  readonly textMix: number;
  readonly imageMix: number;
  readonly vv: 'batch' | 'token';
  /** Last blocks with V-V attention in stage one. */
  readonly vvBlocks: number;
  /** Levels whose loss stage one steps on. */
  readonly textLevels: 'last' | 'all';
  readonly chances: AugmentChances;
  readonly checkpointing: boolean;
  readonly activation: Activation;
  readonly precision: Precision;
  /** Steps between checkpoints inside an epoch; 0 for none. */
  readonly saveEvery: number;
}

export interface LoadedSample extends TrainSample {
  /** Of the sample in its data set. */
  readonly index: number;
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

export interface TrainHost {
  batchesPerEpoch(batchSize: number): number;
  /** Batches of an epoch in the order of the seed, from batch `skip` on. */
  batches(stage: Part, epoch: number, batchSize: number, skip: number): AsyncIterable<readonly LoadedSample[]>;
  save(parameters: Parameters, state: RunState, alsoEpoch: boolean, rate: number): Promise<string>;
  onStep(report: StepReport): void;
  onEpoch(stage: Part, epoch: number, meanLoss: number): Promise<void>;
}

export interface TrainRun {
  readonly gpu: Gpu;
  readonly clip: ClipTensors;
  readonly config: ClipConfig;
  readonly flags: TrainFlags;
  readonly flagsText: string;
  readonly classes: readonly ClassTokens[];
  readonly host: TrainHost;
}

/** What a stage computes from a prepared batch. */
export interface StepResult {
  readonly loss: Tensor;
  /** Terms of the loss, [n], in the order of `partNames`. */
  readonly parts: Tensor;
  readonly grads: readonly (Tensor | null)[];
}

export interface Stage {
  readonly part: Part;
  readonly epochs: number;
  readonly batchSize: number;
  readonly baseRate: number;
  readonly partNames: readonly string[];
  step(batch: PreparedBatch, samples: readonly LoadedSample[]): StepResult;
}

/** A loss that is no number any more: training must stop and say where. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

interface Pending {
  readonly report: Omit<StepReport, 'loss' | 'parts' | 'imagesPerSecond'>;
  readonly files: readonly string[];
  readonly values: Promise<readonly [Float32Array, Float32Array]>;
  readonly started: number;
}

/** Runs a stage from `state` to its last epoch. */
export async function runStage(run: TrainRun, stage: Stage, parameters: Parameters, start: RunState): Promise<void> {
  const { gpu, flags, host } = run;
  const batches = host.batchesPerEpoch(stage.batchSize);
  let state = start;
  let lastGood = 'none written yet';
  const rateAt = (step: number): number =>
    stage.part === 'image' ? multiStepRate(stage.baseRate, step, MILESTONES, 0.5) : stage.baseRate;
  for (let epoch = state.epoch; epoch < stage.epochs; epoch++) {
    const losses: number[] = [];
    let files: readonly string[] = [];
    const diverged = (what: string, step: number, at: number, on: readonly string[]): DivergedError =>
      new DivergedError(
        `training: ${what} at step ${step} (${stage.part} stage, epoch ${epoch + 1}, batch ${at + 1}) on ${on.join(', ')}; last good checkpoint: ${lastGood}: lower the learning rate`,
      );
    const save = async (alsoEpoch: boolean): Promise<void> => {
      try {
        lastGood = await host.save(parameters, state, alsoEpoch, rateAt(state.step));
      } catch (error) {
        if (!(error instanceof NotFiniteError)) throw error;
        throw diverged(error.message, state.step - 1, batch - 1, files);
      }
    };
    let batch = state.batch;
    let pending: Pending | undefined;
    let settled = 0;
    const settle = async (): Promise<void> => {
      if (!pending) return;
      const { report, files: on, values, started } = pending;
      pending = undefined;
      const [[loss], parts] = await values;
      if (!Number.isFinite(loss)) throw diverged(`the loss is ${loss}`, report.step, report.batch, on);
      losses.push(loss!);
      const named = Object.fromEntries(stage.partNames.map((name, i) => [name, parts[i]!]));
      const now = performance.now();
      const imagesPerSecond = (1000 * on.length) / (now - Math.max(started, settled));
      settled = now;
      host.onStep({ ...report, loss: loss!, parts: named, imagesPerSecond });
    };
    for await (const samples of host.batches(stage.part, epoch, stage.batchSize, batch)) {
      const started = performance.now();
      files = samples.map((s) => s.path);
      const plans = samples.map((s) =>
        augmentPlan(
          { seed: flags.seed, stage: stage.part, epoch, index: s.index, imageSize: flags.imageSize },
          flags.chances,
        ),
      );
      const prepared = prepareBatch(gpu, samples, flags.imageSize, plans);
      const { loss, parts, grads } = stage.step(prepared, samples);
      const rate = rateAt(state.step);
      parameters.update(grads, { ...ADAM, rate });
      for (const t of [prepared.images, prepared.masks, ...grads]) t?.release();
      // Asking for the loss submits this step; the one before is read while it runs.
      const values = Promise.all([read(loss), read(parts)] as const);
      values.catch(() => undefined);
      loss.release();
      parts.release();
      await settle();
      const report = { stage: stage.part, epoch, batch, batches, step: state.step, rate, memory: gpu.pool.allocated };
      pending = { report, files, values, started };
      batch++;
      state = { ...state, epoch, batch, step: state.step + 1 };
      if (flags.saveEvery > 0 && state.step % flags.saveEvery === 0 && batch < batches) {
        await settle();
        await save(false);
      }
    }
    await settle();
    state = { ...state, epoch: epoch + 1, batch: 0 };
    await save(true);
    await host.onEpoch(stage.part, epoch, losses.reduce((a, b) => a + b, 0) / Math.max(1, losses.length));
  }
}
