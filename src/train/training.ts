/** The library's training: an iteration over steps, with the adapters at its end. */

import { remainingBatches } from '../data/shuffle.js';
import { AaclipError, abortable, checkAborted, libraryError, within } from '../detect/errors.js';
import { openClasses } from '../detect/open_classes.js';
import { openDevice } from '../detect/open_model.js';
import { type LibraryHost, openTensorsOf, openWeights } from '../detect/sources.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import { joinedChunks } from '../io/joined_chunks.js';
import { inferConfig } from '../model/config.js';
import { encodeCheckpoint, type Restored, type RunState, restoreCheckpoint } from './checkpoint.js';
import type { SampleSource } from './dry_run.js';
import type { Part } from './initial.js';
import type { Parameters } from './parameters.js';
import { defaultMemoryLimit, overLimit, planRun } from './plan.js';
import { recordedBatches } from './recorded_scores.js';
import { type CheckpointStore, recordedFlags, trainStages } from './resume.js';
import { runOrigin } from './run_origin.js';
import { encodeTrained, type TrainedAdapters } from './trained_adapters.js';
import { type TrainOptions, trainFlags } from './training_options.js';
import type { StepReport, TrainFlags, TrainHost, TrainRun } from './training_run.js';
import { checkSamples, librarySamples } from './training_samples.js';

/** Where a host keeps checkpoints besides `onSave`; disposed of when the run has ended. */
export interface TrainingStore extends CheckpointStore, Disposable {
  save(parameters: Parameters, state: RunState, endOfEpoch: boolean, rate: number): Promise<string>;
}

/** Steps that may wait for the consumer; training pauses until they are taken. */
const WAITING_STEPS = 2;

/**
 * A training run: iterate over it to run it step by step, or await `finish()`. Leaving the loop ends the run; it can be
 * resumed from the last saved checkpoints.
 */
export class Training implements AsyncIterable<StepReport> {
  readonly #host: LibraryHost;
  readonly #options: TrainOptions;
  readonly #openStore: (() => TrainingStore) | undefined;
  #store: TrainingStore | undefined;
  readonly #steps: AsyncGenerator<StepReport, void, undefined>;
  readonly #ready: StepReport[] = [];
  #adapters: TrainedAdapters | undefined;
  #ended = false;
  /** Resolvers of promises that wait for a step to arrive or to be taken. */
  readonly #waiting: (() => void)[] = [];

  /** @internal The hosts' `train` makes it. */
  constructor(host: LibraryHost, options: TrainOptions, openStore?: () => TrainingStore) {
    this.#host = host;
    this.#options = options;
    this.#openStore = openStore;
    this.#steps = this.#run();
  }

  /** The one iteration over the steps of both stages. */
  [Symbol.asyncIterator](): AsyncGenerator<StepReport, void, undefined> {
    return this.#steps;
  }

  /**
   * Runs the remaining steps and returns the adapters; after a loop over all steps it returns them at once.
   * @throws AaclipError; `training` when the loop was left before the last step
   */
  async finish(): Promise<TrainedAdapters> {
    for await (const _ of this.#steps);
    if (this.#adapters) return this.#adapters;
    throw new AaclipError('training', 'train: the run was ended before its last step: resume it from what was saved');
  }

  async *#run(): AsyncGenerator<StepReport, void, undefined> {
    const { signal } = this.#options;
    checkAborted(signal);
    checkSamples(this.#options.samples);
    const clip = watched(
      await within('weights', () => abortable(openWeights(this.#host, this.#options.weights, signal), signal)),
      signal,
    );
    const run = await this.#prepare(clip);
    using store = this.#openStore?.();
    this.#store = store;
    const { gpu, own } = await openDevice(this.#host, this.#options);
    let failure: unknown;
    let running = true;
    const training = this.#train({ ...run, gpu })
      .catch((error: unknown) => {
        failure = libraryError('training', error);
      })
      .finally(() => {
        running = false;
        this.#wake();
      });
    try {
      while (running || this.#ready.length > 0) {
        const step = this.#ready.shift();
        this.#wake();
        if (step) yield step;
        else if (running) await this.#change();
      }
      if (failure) throw failure;
    } finally {
      this.#ended = true;
      this.#wake();
      await training;
      own?.[Symbol.dispose]();
    }
  }

  /** Everything a run needs except its device. */
  async #prepare(clip: ClipTensors): Promise<Omit<TrainRun, 'gpu'>> {
    const options = this.#options;
    const { samples, signal, pictures, init = 'random' } = options;
    const config = await within('weights', () => inferConfig(clip));
    const named = options.classes ?? [...new Set(samples.map((s) => s.className))].sort();
    const classes = await openClasses(this.#host, clip, named, options);
    const lost = samples.find((s) => !classes.some((c) => c.name === s.className));
    if (lost) {
      const known = classes.map((c) => c.name).join(', ');
      throw new AaclipError(
        'class',
        `train: class "${lost.className}" is not among the classes: expected one of ${known}`,
      );
    }
    const flags = await within('options', () => trainFlags(options, config));
    const decoded = librarySamples(this.#host, samples, flags.imageSize, { rules: pictures, signal });
    const host = this.#trainHost(decoded, flags);
    const origin = await within('weights', () => runOrigin(clip));
    return { clip, config, classes, flags, flagsText: recordedFlags(flags, init, origin, pictures), host };
  }

  async #train(prepared: TrainRun): Promise<void> {
    const { init = 'random' } = this.#options;
    const run = await this.#planned(prepared);
    const store: CheckpointStore = this.#store ?? { path: 'resume', restore: (gpu, part) => this.#restore(gpu, part) };
    const trained = await trainStages(run, store, { init });
    try {
      this.#adapters = await encodeTrained(trained, run);
    } finally {
      trained.text?.[Symbol.dispose]();
      trained.image[Symbol.dispose]();
    }
  }

  /** Decides whether to recompute. @throws AaclipError `options` when the device cannot run such a step */
  async #planned(run: TrainRun): Promise<TrainRun> {
    const { samples, recompute: when = 'auto', memoryLimit } = this.#options;
    const limit = memoryLimit ?? defaultMemoryLimit(run.gpu.traits, this.#host.hostMemory);
    const plan = await within('options', () => planRun({ run, samples, recompute: when, memoryLimit: limit }));
    const over = overLimit(plan);
    if (over && memoryLimit !== undefined) throw new AaclipError('options', `train: memoryLimit: ${over}`);
    if (over) (this.#options.onNote ?? console.warn)(over);
    return { ...run, flags: { ...run.flags, recompute: plan.recompute } };
  }

  async #restore(gpu: Gpu, part: Part): Promise<Restored | undefined> {
    const { resume, signal } = this.#options;
    const source = resume?.[part];
    if (source === undefined) return undefined;
    return within('adapters', async () => {
      const file = await openTensorsOf(this.#host, source, `${part} checkpoint`, signal);
      return restoreCheckpoint(gpu, file, part);
    });
  }

  #trainHost(source: SampleSource, { seed }: TrainFlags): TrainHost {
    const { signal, onSave } = this.#options;
    const self = this;
    return {
      batchesPerEpoch: (size) => Math.ceil(source.count / size),
      async *batches(stage, epoch, batchSize, skip) {
        const position = { seed: seed + (stage === 'text' ? 0 : 1), epoch, batch: skip };
        for await (const batch of source.load(remainingBatches(source.count, batchSize, position))) {
          while (self.#ready.length >= WAITING_STEPS && !self.#ended && !signal?.aborted) {
            await abortable(self.#change(), signal);
          }
          checkAborted(signal);
          if (self.#ended) throw new AaclipError('aborted', 'train: the loop over the steps was left');
          yield batch;
        }
      },
      async *recordedSamples(size) {
        for await (const batch of source.load(recordedBatches(source.count, seed + 1, size))) {
          checkAborted(signal);
          yield batch;
        }
      },
      async save(parameters, state, endOfEpoch, rate) {
        const place = await self.#store?.save(parameters, state, endOfEpoch, rate);
        const name = `${state.part}_adapter.safetensors`;
        if (onSave) {
          const bytes = await joinedChunks(await encodeCheckpoint(parameters, state));
          await onSave({ name, stage: state.part, epoch: state.epoch, batch: state.batch, bytes });
        }
        return place ?? name;
      },
      onStep: (report) => {
        self.#ready.push(report);
        self.#wake();
      },
      onEpoch: async () => undefined,
    };
  }

  /** Resolves when a step arrives or is taken, or the run ends. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

/** The same weights, whose reads stop when the signal is aborted. */
function watched(clip: ClipTensors, signal: AbortSignal | undefined): ClipTensors {
  return {
    ...clip,
    read: (name) => {
      checkAborted(signal);
      return clip.read(name);
    },
    readF32: (name) => {
      checkAborted(signal);
      return clip.readF32(name);
    },
  };
}
