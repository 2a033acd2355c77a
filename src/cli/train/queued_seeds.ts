/** Trainings of several seeds by the workers of a queue, whose files this machine puts in place. */
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeAtomically } from '../../node/atomic_write.js';
import { DATA_VARIABLE } from '../../node/data_roots.js';
import { RunFolder } from '../../node/run_folder.js';
import { whenStopped } from '../endings.js';
import { type Progress, progress } from '../progress.js';
import { noteLine, openQueue, type QueueFlags, workersNote } from '../queue/queue_flags.js';
import type { Store } from '../queue/store.js';
import { type Json, makeTask, type Task } from '../queue/task.js';
import type { TaskQueue } from '../queue/task_queue.js';
import { removeResults, resultsOf } from '../queue/task_results.js';
import { keptJson } from '../report/kept_results.js';
import { TRAINING_FILE, type TrainingRecord } from '../report/run_record.js';
import { ownPage } from '../report/write_page.js';
import type { TrainCommandFlags } from './flags.js';
import { decodeState, type KeptState, KeptTraining } from './kept_training.js';
import { TrainOutput } from './output.js';
import { type ListedTraining, prepareTraining } from './prepared_training.js';
import { publishTrainPlan } from './train_plan.js';
import type { TrainPayload } from './train_task.js';
import { type DrawnList, keepDrawnList } from './training_list.js';

/** The training of a seed. */
interface QueuedSeed {
  /** Those of the seed alone. */
  readonly flags: TrainCommandFlags;
  readonly drawn: DrawnList | undefined;
  readonly kept: KeptTraining;
  readonly task: Task;
}

export class QueuedSeeds implements AsyncDisposable {
  readonly #queue: TaskQueue;
  readonly #store: Store;
  readonly #seeds: readonly QueuedSeed[];
  readonly #results: AsyncGenerator<KeptState, void, undefined>;
  #next = 0;
  #bar: Progress | undefined;

  private constructor(queue: TaskQueue, store: Store, seeds: readonly QueuedSeed[]) {
    this.#queue = queue;
    this.#store = store;
    this.#seeds = seeds;
    let left = 0;
    /** A result whose files have gone counts as none. */
    const decode = async (bytes: Uint8Array): Promise<KeptState> => {
      const state = decodeState(bytes);
      if (!(await seeds[left]!.kept.has(state))) throw new Error('its files are not in the store');
      left++;
      return state;
    };
    this.#results = resultsOf(
      seeds.map(({ task }) => task),
      decode,
      {
        ...{ queue, store, onNote: noteLine },
        onProgress: ({ done, workers }) => this.#bar?.update(done, workersNote(workers)),
      },
    );
  }

  /**
   * Looks at the pictures of every seed and queues all trainings.
   * @param trainings flags of each seed, with its own folder
   * @throws one line when the queue or the store cannot be used, or pictures lie outside the folder that workers share
   */
  static async open(queued: QueueFlags, trainings: readonly TrainCommandFlags[]): Promise<QueuedSeeds> {
    const { queue, store } = await openQueue(queued);
    try {
      const seeds: QueuedSeed[] = [];
      let prepared: ListedTraining | undefined;
      for (const flags of trainings) {
        // Seeds differ in their samples only where these are drawn.
        if (!prepared || prepared.drawn) prepared = await prepareTraining(flags, noteLine);
        seeds.push(await queuedSeed(store, flags, prepared));
      }
      const words = 'the workers go on with trainings that have begun; run the same command again to get their files';
      whenStopped(() => words);
      return new QueuedSeeds(queue, store, seeds);
    } catch (error) {
      await queue[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Waits until the next seed is trained, and puts its files into its folder.
   * @throws one line when its training has failed, or a file is damaged or cannot be written
   */
  async train(seed: number): Promise<void> {
    const at = this.#next++;
    const queued = this.#seeds[at];
    if (queued?.flags.seed !== seed)
      throw new Error('queue: expected the seeds in the order in which they were queued');
    const json = queued.flags.json ?? false;
    this.#bar = progress(
      'training',
      this.#seeds.reduce((sum, { task }) => sum + task.pictures, 0),
      json,
    );
    const next = await this.#results.next();
    this.#bar.finish();
    this.#bar = undefined;
    if (next.done) throw new Error('queue: expected one result for each seed');
    await this.#place(queued, next.value);
    new TrainOutput(json).trained(queued.flags);
  }

  /** As a training on this machine leaves the folder. The page comes last: it says that the training has ended. */
  async #place({ flags, drawn, kept, task }: QueuedSeed, state: KeptState): Promise<void> {
    using folder = new RunFolder(flags.save_path, flags.format);
    if (drawn) await keepDrawnList(folder.path, drawn);
    try {
      await kept.copy(state, folder.path);
    } catch (error) {
      // The next start trains again what cannot be copied.
      if (!(await kept.has(state))) await removeResults(this.#store, [task]);
      throw error;
    }
    await recordFlags(folder.path, flags);
    await ownPage(folder.path);
    await removeResults(this.#store, [task]);
    await kept.remove();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#results.return();
    await this.#queue[Symbol.asyncDispose]();
  }
}

async function queuedSeed(store: Store, flags: TrainCommandFlags, prepared: ListedTraining): Promise<QueuedSeed> {
  const shared = resolve(flags.data ?? process.env[DATA_VARIABLE] ?? prepared.root);
  const plan = await publishTrainPlan(store, flags, prepared, shared);
  const kept = new KeptTraining(store, plan.fingerprint);
  const payload: TrainPayload = { plan };
  const pictures = prepared.samples.length * (flags.text_epoch + flags.image_epoch);
  return { flags, drawn: prepared.drawn, kept, task: makeTask('train', payload as unknown as Json, pictures) };
}

/** The record that a worker has made shows the flags of this command, save those of the queue. */
async function recordFlags(folder: string, { queue: _, store: _s, queue_ca: _c, ...flags }: TrainCommandFlags) {
  const path = join(folder, TRAINING_FILE);
  const record = JSON.parse(readFileSync(path, 'utf8')) as TrainingRecord;
  await writeAtomically(path, new TextEncoder().encode(keptJson({ ...record, flags })));
}
