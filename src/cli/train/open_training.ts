/** A training on an open device: planned, with its samples at hand. */
import { totalmem } from 'node:os';
import { join } from 'node:path';
import type { Gpu } from '../../gpu/gpu.js';
import { inferConfig } from '../../model/config.js';
import { Loader } from '../../node/loader.js';
import type { RunFolder } from '../../node/run_folder.js';
import { type TrainingEvents, trainingHost, trainingSamples } from '../../node/training_host.js';
import type { RunState } from '../../train/checkpoint.js';
import type { SampleSource } from '../../train/dry_run.js';
import { defaultMemoryLimit, overLimit, type Plan, planRun } from '../../train/plan.js';
import { recordedFlags, trainStages } from '../../train/resume.js';
import { runOrigin } from '../../train/run_origin.js';
import type { TrainFlags, TrainHost, TrainRun } from '../../train/training_run.js';
import { type PictureFlags, rulesOf } from '../look_options.js';
import { type DeviceFlags, openDevice } from '../options.js';
import { originNow, recordTraining } from '../report/run_record.js';
import { type EngineFlags, toTrainFlags } from './engine_flags.js';
import type { TrainCommandFlags } from './flags.js';
import type { PreparedTraining } from './prepared_training.js';

/** What is told of a training. */
export interface TrainingReport extends TrainingEvents {
  note(text: string): void;
  plan(plan: Plan): void;
  resumed(state: RunState): void;
}

/** Those flags that a training on a device depends on. */
type DeviceTrainingFlags = EngineFlags &
  DeviceFlags &
  PictureFlags &
  Pick<TrainCommandFlags, 'memory_limit' | 'checkpointing' | 'threads'>;

/** Those flags that checkpoints record beside the engine's. */
type RecordedFlags = Pick<TrainCommandFlags, 'init' | keyof PictureFlags>;

/** Colours are changed on the whole picture at once. @throws when one is too large for that */
function checkJitter(
  { root, samples, bytes }: PreparedTraining,
  { chances, imageEpochs }: TrainFlags,
  limit: number,
): void {
  const { brightness, contrast, saturation } = chances;
  if (imageEpochs === 0 || Math.max(brightness, contrast, saturation) === 0) return;
  const large = samples.filter((_, i) => bytes[i]! > limit);
  if (large.length === 0) return;
  const most = Math.floor(limit / 3e6);
  throw new Error(
    `${join(root, large[0]!.imagePath)}: ${large.length} of ${samples.length} pictures are too large for the change of colours on this adapter: expected at most ${most} megapixels; shrink them or give --augment rotate,translate,flip`,
  );
}

/** Its disposal gives back device and decoding threads: several trainings may follow each other in a process. */
export class OpenTraining implements AsyncDisposable {
  readonly plan: Plan;
  readonly run: Omit<TrainRun, 'flagsText' | 'host'>;
  readonly source: SampleSource;
  readonly #gpu: Gpu;
  readonly #loader: Loader;
  readonly #prepared: PreparedTraining;

  private constructor(
    plan: Plan,
    run: Omit<TrainRun, 'flagsText' | 'host'>,
    loader: Loader,
    prepared: PreparedTraining,
  ) {
    this.plan = plan;
    this.run = run;
    this.source = trainingSamples(loader);
    this.#gpu = run.gpu;
    this.#loader = loader;
    this.#prepared = prepared;
  }

  /** Opens the device and plans the run. @throws one line when there is no device, or the run does not fit on it */
  static async open(
    flags: DeviceTrainingFlags,
    prepared: PreparedTraining,
    report: Pick<TrainingReport, 'note' | 'plan'>,
  ): Promise<OpenTraining> {
    const { clip, classes, root, samples, bytes } = prepared;
    const config = inferConfig(clip);
    const gpu = await openDevice(flags);
    try {
      const asked = toTrainFlags(flags, config.visionLayers);
      checkJitter(prepared, asked, gpu.bindingLimit);
      const base = { gpu, clip, config, classes };
      const limit = flags.memory_limit === undefined ? undefined : flags.memory_limit * 2 ** 30;
      const plan = await planRun({
        run: { ...base, flags: asked },
        samples,
        recompute: flags.checkpointing,
        memoryLimit: limit ?? defaultMemoryLimit(gpu.traits, totalmem()),
      });
      report.plan(plan);
      const over = overLimit(plan);
      if (over && limit !== undefined) throw new Error(`--memory_limit ${flags.memory_limit}: ${over}`);
      if (over) report.note(`note: ${over} (--memory_limit)`);
      const run = { ...base, flags: { ...asked, recompute: plan.recompute } };
      const loader = new Loader({
        ...{ root, samples, bytes },
        rules: rulesOf(flags),
        maskSize: flags.img_size,
        threads: flags.threads,
      });
      return new OpenTraining(plan, run, loader, prepared);
    } catch (error) {
      gpu[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Trains both stages, each from its checkpoint in the folder, and leaves adapters, logs and the record of the run there.
   * @param flags shown in the log and the record of the run as they are given here
   * @param hostOf what stands between the run and its folder; by default nothing
   * @throws one line when the folder holds checkpoints of another run, or the loss is no longer finite
   */
  async trainIn(
    folder: RunFolder,
    flags: RecordedFlags,
    report: Pick<TrainingReport, keyof TrainingEvents | 'resumed'>,
    hostOf: (host: TrainHost) => TrainHost = (host) => host,
  ): Promise<void> {
    const { run } = this;
    const origin = await runOrigin(run.clip, this.#prepared.listed);
    const flagsText = recordedFlags(run.flags, flags.init, origin, rulesOf(flags));
    const host = hostOf(trainingHost(folder, this.source, run.flags, report));
    const started = originNow();
    folder.log(`args: ${JSON.stringify(flags)}`);
    await trainStages({ ...run, flagsText, host }, folder, {
      init: flags.init,
      onResume: (state) => report.resumed(state),
    });
    await folder.drawLosses();
    await recordTraining(folder.path, flags, started, this.#gpu);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#loader.close();
    } finally {
      this.#gpu[Symbol.dispose]();
    }
  }
}
