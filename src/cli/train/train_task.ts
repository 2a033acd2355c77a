/** The task of a worker in a sweep: trains one seed, and keeps its checkpoints in the store while it goes on. */
import { z } from 'zod';
import { printable } from '../../data/printable.js';
import { AaclipError, checkAborted, libraryError } from '../../detect/errors.js';
import { openClip } from '../../node/open_weights.js';
import { RunFolder } from '../../node/run_folder.js';
import { ScratchFolder } from '../../node/scratch_folder.js';
import { DivergedError } from '../../train/run_stage.js';
import type { TrainHost } from '../../train/training_run.js';
import { checked } from '../queue/checked.js';
import { FILE_REF } from '../queue/file_refs.js';
import { noteLine } from '../queue/queue_flags.js';
import { unchangedFile } from '../queue/queued_file.js';
import type { Executor, TaskContext } from '../queue/task.js';
import { modelPath } from '../queue/weights_refs.js';
import { encodeState, KeptTraining } from './kept_training.js';
import { OpenTraining, type TrainingReport } from './open_training.js';
import type { PreparedTraining } from './prepared_training.js';
import { fetchTrainPlan, listedSamples, type TrainPlan } from './train_plan.js';

const PAYLOAD = z.strictObject({ plan: FILE_REF });

export type TrainPayload = z.infer<typeof PAYLOAD>;

/** Where pictures lie below the worker's folders, by what they are called here. */
type SharedNames = ReadonlyMap<string, string>;

/**
 * Trains a seed, from the last checkpoint that a worker kept. The result names its files in the store: the adapters are the same bytes
 * whoever trains them, only logs and record hold times.
 */
export const trainTask: Executor = async (payload, context) => {
  const { plan: ref } = checked(PAYLOAD, payload, 'task of a training');
  const plan = await fetchTrainPlan(context.files, ref);
  const names = new Map<string, string>();
  const prepared = await preparedBy(plan, context, names);
  // A training needs the device for itself.
  context.models[Symbol.dispose]();
  using scratch = new ScratchFolder('trainings');
  const kept = new KeptTraining(context.store, ref.fingerprint);
  await kept.resume(scratch.path);
  try {
    await train(plan, prepared, scratch.path, kept, context);
  } catch (error) {
    throw toldAs(error, names);
  }
  checkAborted(context.signal);
  return encodeState(await kept.keep(scratch.path));
};

/** Finds every picture on this machine. @throws AaclipError when one has changed */
async function preparedBy(
  plan: TrainPlan,
  { files, roots, signal }: TaskContext,
  names: Map<string, string>,
): Promise<PreparedTraining> {
  const listed = listedSamples(plan);
  const samples: PreparedTraining['samples'][number][] = [];
  for (const [i, { file, mask }] of plan.samples.entries()) {
    checkAborted(signal);
    const imagePath = await unchangedFile(roots, file);
    names.set(imagePath, file.path);
    const { label, className, line } = listed[i]!;
    samples.push({
      imagePath,
      label,
      className,
      line,
      ...(mask ? { maskPath: await unchangedFile(roots, mask) } : {}),
    });
  }
  return {
    clip: await openClip(await modelPath(files, plan.weights)),
    classes: plan.classes.map(({ normal, abnormal, ...about }) => {
      return { ...about, normal: Uint32Array.from(normal), abnormal: Uint32Array.from(abnormal) };
    }),
    // The paths are whole ones: a worker may have several folders.
    root: '',
    ...{ samples, listed, bytes: plan.samples.map(({ bytes }) => bytes) },
  };
}

async function train(
  { flags, samples }: TrainPlan,
  prepared: PreparedTraining,
  scratch: string,
  kept: KeptTraining,
  { device, signal, onProgress }: TaskContext,
): Promise<void> {
  const { text_epoch, text_batch_size, image_batch_size } = flags;
  const report: TrainingReport = {
    note: noteLine,
    plan: () => undefined,
    resumed: ({ part, epoch, batch }) => noteLine(`resuming ${part} adapter after epoch ${epoch}, batch ${batch}`),
    onStage: () => undefined,
    onStep: ({ stage, epoch, batch }) => {
      checkAborted(signal);
      const [before, size] = stage === 'text' ? [0, text_batch_size] : [text_epoch, image_batch_size];
      onProgress((before + epoch) * samples.length + Math.min(samples.length, (batch + 1) * size));
    },
    onEpoch: () => undefined,
  };
  // What is kept at the end of an epoch has the epoch's lines in its logs.
  const hostOf = (host: TrainHost): TrainHost => ({
    ...host,
    async save(parameters, state, endOfEpoch, rate) {
      await host.save(parameters, state, endOfEpoch, rate);
      checkAborted(signal);
      if (!endOfEpoch) await kept.keep(scratch);
      return `that of the ${state.part} stage after epoch ${state.epoch}, batch ${state.batch}`;
    },
    async onEpoch(stage, epoch, meanLoss) {
      await host.onEpoch(stage, epoch, meanLoss);
      await kept.keep(scratch);
    },
  });
  await using training = await OpenTraining.open({ ...flags, ...device }, prepared, report);
  using folder = new RunFolder(scratch, flags.format);
  await training.trainIn(folder, flags, report, hostOf);
}

/** What would fail on every worker ends the task, a failure of the device lets it run again. Files go by their shared names. */
function toldAs(error: unknown, names: SharedNames): unknown {
  const told = libraryError('training', error);
  if (!(error instanceof DivergedError)) return told.code === 'device' ? told : error;
  let message = told.message;
  for (const [path, name] of names) message = message.replaceAll(path, printable(name));
  return new AaclipError('training', message, { cause: error });
}
