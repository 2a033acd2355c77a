/**
 * The loop over a stage's steps. A stage (stages.ts) defines what a step computes. For each batch this file draws the
 * augmentation, prepares the tensors, lets the stage compute loss and gradients, updates the parameters with Adam,
 * reads the loss one step late, and saves checkpoints.
 */
import { read, type Tensor } from '../tensor/tensor.js';
import { augmentPlan } from './augment_plan.js';
import { type PreparedBatch, prepareBatch } from './batch.js';
import { NotFiniteError, type RunState } from './checkpoint.js';
import type { Part } from './initial.js';
import { ADAM, type Parameters } from './parameters.js';
import { MILESTONES, multiStepRate } from './schedule.js';
import type { LoadedSample, StepReport, TrainRun } from './training_run.js';

/** What a step gives. The caller releases the tensors. */
export interface StepResult {
  readonly loss: Tensor;
  /** Terms of the loss, [n], in the order of `partNames`. */
  readonly parts: Tensor;
  /** In the order of the parameters; null where the loss does not depend on one. */
  readonly grads: readonly (Tensor | null)[];
}

export interface Stage {
  readonly part: Part;
  readonly epochs: number;
  readonly batchSize: number;
  readonly baseRate: number;
  /** Names of the loss's terms. */
  readonly partNames: readonly string[];
  /** Loss and gradients of one batch. Changes nothing: the loop updates the parameters, and calls it once more in a dry run. */
  computeStep(batch: PreparedBatch, samples: readonly LoadedSample[]): StepResult;
  /** What a checkpoint at the end of an epoch records about the scores (`RunState.scores`). */
  recordScores?(): Promise<string | undefined>;
}

/** The loss or a weight is no longer finite. The message names the step and its files. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';
}

/** A step and its files, for messages. */
interface StepPlace {
  readonly epoch: number;
  readonly batch: number;
  readonly step: number;
  readonly files: readonly string[];
}

/** A step whose loss is not read yet. */
interface Pending {
  readonly place: StepPlace;
  readonly report: Omit<StepReport, 'loss' | 'parts' | 'imagesPerSecond'>;
  readonly values: Promise<readonly [Float32Array, Float32Array]>;
  readonly started: number;
}

/**
 * Runs a stage from `start` to its last epoch.
 * @returns its state at the end
 * @throws DivergedError when the loss or a weight is not finite; a checkpoint that holds one is never written
 */
export async function runStage(
  run: TrainRun,
  stage: Stage,
  parameters: Parameters,
  start: RunState,
): Promise<RunState> {
  return new StageLoop(run, stage, parameters, start).finish();
}

class StageLoop {
  readonly #run: TrainRun;
  readonly #stage: Stage;
  readonly #parameters: Parameters;
  readonly #batches: number;
  #state: RunState;
  /** The step that was launched last. */
  #last: StepPlace;
  #pending: Pending | undefined;
  /** When the previous loss was read, in this epoch. */
  #settled = 0;
  #losses: number[] = [];
  #lastGood = 'none written yet';
  #compiled = false;

  constructor(run: TrainRun, stage: Stage, parameters: Parameters, start: RunState) {
    this.#run = run;
    this.#stage = stage;
    this.#parameters = parameters;
    this.#batches = run.host.batchesPerEpoch(stage.batchSize);
    this.#state = start;
    this.#last = { epoch: start.epoch, batch: start.batch - 1, step: start.step - 1, files: [] };
  }

  async finish(): Promise<RunState> {
    while (this.#state.epoch < this.#stage.epochs) await this.#epoch();
    return this.#state;
  }

  async #epoch(): Promise<void> {
    const { host, flags } = this.#run;
    const { part, batchSize } = this.#stage;
    const { epoch, batch: first } = this.#state;
    this.#losses = [];
    this.#settled = 0;
    for await (const samples of host.batches(part, epoch, batchSize, first)) {
      await this.#step(samples);
      const { batch, step } = this.#state;
      if (flags.saveEvery > 0 && step % flags.saveEvery === 0 && batch < this.#batches) {
        await this.#settle();
        await this.#save(false);
      }
    }
    await this.#settle();
    this.#state = { ...this.#state, epoch: epoch + 1, batch: 0, scores: await this.#stage.recordScores?.() };
    await this.#save(true);
    const sum = this.#losses.reduce((a, b) => a + b, 0);
    await host.onEpoch(part, epoch, sum / Math.max(1, this.#losses.length));
  }

  /** Launches a step, and reads the previous step's loss while the device works. */
  async #step(samples: readonly LoadedSample[]): Promise<void> {
    const started = performance.now();
    const { gpu } = this.#run;
    const { part } = this.#stage;
    const { epoch, batch, step } = this.#state;
    const rate = this.#rateAt(step);
    this.#last = { epoch, batch, step, files: samples.map((s) => s.path) };
    await this.#compile(samples);
    const values = this.#launch(samples, rate);
    await this.#settle();
    const report = { stage: part, epoch, batch, batches: this.#batches, step, rate, memory: gpu.pool.allocated };
    this.#pending = { place: this.#last, report, values, started };
    this.#state = { ...this.#state, batch: batch + 1, step: step + 1, scores: undefined };
  }

  /** Compiles the kernels of a step side by side, before the first one needs them one after the other. */
  async #compile(samples: readonly LoadedSample[]): Promise<void> {
    if (this.#compiled) return;
    this.#compiled = true;
    await this.#run.gpu.compileAhead(() => {
      const { prepared, loss, parts, grads } = this.#compute(samples);
      for (const t of [prepared.images, prepared.masks, loss, parts, ...grads]) t?.release();
    });
  }

  /** Augmented tensors of a batch, its loss and gradients. */
  #compute(samples: readonly LoadedSample[]): StepResult & { readonly prepared: PreparedBatch } {
    const { gpu, flags } = this.#run;
    const { imageSize, seed, chances } = flags;
    const { epoch } = this.#state;
    const plans = samples.map(({ index }) =>
      augmentPlan({ seed, stage: this.#stage.part, epoch, index, imageSize }, chances),
    );
    const prepared = prepareBatch(gpu, samples, imageSize, plans);
    return { prepared, ...this.#stage.computeStep(prepared, samples) };
  }

  /** Loss, gradients and Adam's update of one batch; resolves to the loss and its terms. */
  #launch(samples: readonly LoadedSample[], rate: number): Pending['values'] {
    const { prepared, loss, parts, grads } = this.#compute(samples);
    this.#parameters.update(grads, { ...ADAM, rate });
    for (const t of [prepared.images, prepared.masks, ...grads]) t?.release();
    // Requesting the loss submits this step; the previous step's loss is read while it runs.
    const values = Promise.all([read(loss), read(parts)] as const);
    // Awaited a step later; this avoids an unhandled rejection until then.
    values.catch(() => undefined);
    loss.release();
    parts.release();
    return values;
  }

  /** Reads the loss of the pending step and reports it. */
  async #settle(): Promise<void> {
    if (!this.#pending) return;
    const { place, report, values, started } = this.#pending;
    this.#pending = undefined;
    const [[loss], parts] = await values;
    if (!Number.isFinite(loss)) throw this.#diverged(`the loss is ${loss}`, place);
    this.#losses.push(loss!);
    const named = Object.fromEntries(this.#stage.partNames.map((name, i) => [name, parts[i]!]));
    const now = performance.now();
    const imagesPerSecond = (1000 * place.files.length) / (now - Math.max(started, this.#settled));
    this.#settled = now;
    this.#run.host.onStep({ ...report, loss: loss!, parts: named, imagesPerSecond });
  }

  async #save(endOfEpoch: boolean): Promise<void> {
    try {
      const rate = this.#rateAt(this.#state.step);
      this.#lastGood = await this.#run.host.save(this.#parameters, this.#state, endOfEpoch, rate);
    } catch (error) {
      if (!(error instanceof NotFiniteError)) throw error;
      throw this.#diverged(error.message, this.#last);
    }
  }

  #rateAt(step: number): number {
    const { part, baseRate } = this.#stage;
    return part === 'image' ? multiStepRate(baseRate, step, MILESTONES, 0.5) : baseRate;
  }

  #diverged(what: string, { epoch, batch, step, files }: StepPlace): DivergedError {
    const coarse = this.#run.flags.precision === 'f16' ? 'use precision f32, ' : '';
    // At the first step no rate is at fault yet.
    const remedy = step === 0 ? 'get the weights again: they may hold such numbers' : 'lower the learning rate';
    return new DivergedError(
      `training: ${what} at step ${step} (${this.#stage.part} stage, epoch ${epoch + 1}, batch ${batch + 1}) on ${files.join(', ')}; last good checkpoint: ${this.#lastGood}: ${coarse}${remedy}`,
    );
  }
}
