/** A model that a worker has loaded by a plan. */
import { availableParallelism } from 'node:os';
import { AnomalyModel } from '../../detect/anomaly_model.js';
import { libraryError } from '../../detect/errors.js';
import { anchorStore } from '../../node/anchor_folder.js';
import { DecodePool } from '../../node/decode_pool.js';
import { openDevice } from '../options.js';
import type { FileRef } from '../queue/file_refs.js';
import type { KeptModel } from '../queue/model_cache.js';
import type { TaskContext } from '../queue/task.js';
import { fetchPlan, type ModelPlan, PlannedCheckpoints, plannedWeights } from './model_plan.js';
import { DeviceScores } from './score_source.js';
import type { ImageCheckpoint } from './tested_adapters.js';

/** Most decoding threads. */
const MOST_THREADS = 4;

export class PlannedModel implements Disposable {
  readonly plan: ModelPlan;
  /** Decodes for all tasks. */
  readonly pool: DecodePool;
  readonly #model: AnomalyModel;
  readonly #scores: DeviceScores;
  readonly #checkpoints: PlannedCheckpoints;
  /** Of the adapters that the model has; undefined where they could not be taken. */
  #epoch: ImageCheckpoint['epoch'] | undefined;
  /** Ends when the adapters have been taken. */
  #taken: Promise<void> = Promise.resolve();
  #users = 0;
  #waiting: (() => void)[] = [];

  private constructor(plan: ModelPlan, model: AnomalyModel, first: ImageCheckpoint, checkpoints: PlannedCheckpoints) {
    this.plan = plan;
    this.#model = model;
    this.#checkpoints = checkpoints;
    this.#epoch = first.epoch;
    this.#scores = new DeviceScores(model, first, { batch: plan.batch, tile: plan.tile });
    this.pool = new DecodePool(Math.min(MOST_THREADS, Math.max(1, availableParallelism() - 1)));
  }

  /**
   * Loads the model of a plan with the adapters of an epoch.
   * @throws one line when a file cannot be had or read; AaclipError `device` when there is none, or it fails
   */
  static async load(
    ref: FileRef,
    epoch: ImageCheckpoint['epoch'],
    { files, device }: Pick<TaskContext, 'files' | 'device'>,
  ): Promise<KeptModel<PlannedModel>> {
    const plan = await fetchPlan(files, ref);
    const { imageSize, textMix, imageMix, activation, levels, precision } = plan;
    const checkpoints = new PlannedCheckpoints(files, plan);
    const first = await checkpoints.open(epoch);
    const clip = await plannedWeights(files, plan);
    const gpu = await openDevice({ ...device, precision });
    try {
      const model = await AnomalyModel.load(gpu, {
        clip,
        adapters: first.adapters,
        classes: plan.classes.map(({ normal, abnormal, ...about }) => {
          return { ...about, normal: Uint32Array.from(normal), abnormal: Uint32Array.from(abnormal) };
        }),
        ...{ imageSize, textMix, imageMix, activation, levels, precision },
        anchors: anchorStore(),
      });
      return { model: new PlannedModel(plan, model, first, checkpoints), bytes: gpu.pool.allocated };
    } catch (error) {
      gpu[Symbol.dispose]();
      throw deviceFailure(error);
    }
  }

  /**
   * Scores with the adapters of an epoch. Tasks of the same epoch share the device; one of another epoch waits for them.
   * @throws AaclipError `device` when the device fails, and what `work` throws
   */
  async at<T>(epoch: ImageCheckpoint['epoch'], work: (scores: DeviceScores) => Promise<T>): Promise<T> {
    while (this.#users > 0 && this.#epoch !== epoch) await new Promise<void>((go) => this.#waiting.push(go));
    this.#users++;
    try {
      // The others of this epoch wait for its adapters as well.
      if (this.#epoch !== epoch) this.#taken = this.#take(epoch);
      await this.#taken;
      return await work(this.#scores);
    } catch (error) {
      throw deviceFailure(error);
    } finally {
      this.#users--;
      for (const go of this.#waiting.splice(0)) go();
    }
  }

  async #take(epoch: ImageCheckpoint['epoch']): Promise<void> {
    this.#epoch = epoch;
    try {
      await this.#scores.take(await this.#checkpoints.open(epoch));
    } catch (error) {
      this.#epoch = undefined;
      throw error;
    }
  }

  [Symbol.dispose](): void {
    const { gpu } = this.#model;
    this.#model[Symbol.dispose]();
    gpu[Symbol.dispose]();
    void this.pool.close();
  }
}

/** Failures of the device as what tells a worker to open it again; others as they are. */
function deviceFailure(error: unknown): unknown {
  const told = libraryError('options', error);
  return told.code === 'device' ? told : error;
}
