/** The scores of a test by the workers of a queue. This machine needs no device: it reads results and counts. */
import { join } from 'node:path';
import type { Sample } from '../../data/metadata.js';
import { printable } from '../../data/printable.js';
import type { ClassTokens } from '../../detect/class_tokens.js';
import type { Scoring } from '../../model/methods/method.js';
import type { Precision } from '../../model/weights.js';
import { contentPrint } from '../../node/content_print.js';
import { DATA_VARIABLE } from '../../node/data_roots.js';
import { progress } from '../progress.js';
import type { FileRef } from '../queue/file_refs.js';
import { noteLine, openQueue, type QueueFlags } from '../queue/queue_flags.js';
import type { RunProgress } from '../queue/run_tasks.js';
import { decodeScored, type ScoredFile } from '../queue/scored_file.js';
import { sharedPath } from '../queue/shared_path.js';
import type { Store } from '../queue/store.js';
import { type Json, makeTask, type Task } from '../queue/task.js';
import type { TaskQueue } from '../queue/task_queue.js';
import { removeResults, resultsOf, taskSize } from '../queue/task_results.js';
import type { TestFlags } from './flags.js';
import { publishPlan } from './model_plan.js';
import type { PlannedRun } from './model_under_test.js';
import type { TestSettings } from './output.js';
import type { ScoredRun, ScoredSample, ScoreSource } from './score_source.js';
import type { TestPayload } from './test_task.js';
import type { ImageCheckpoint, TestedAdapters } from './tested_adapters.js';
import type { TestedData } from './tested_data.js';

/** Files that are read at a time. */
const AT_A_TIME = 16;

interface QueuedParts {
  readonly tested: TestedAdapters;
  readonly classes: readonly ClassTokens[];
  readonly runs: readonly PlannedRun[];
  /** Told of what all workers together have done. */
  readonly onProgress: (progress: RunProgress) => void;
}

type QueuedPicture = TestPayload['pictures'][number];

/**
 * Queues all runs of a test.
 * @throws one line when the queue or the store cannot be used, or pictures lie outside the folder that workers share
 */
export async function openQueuedScores(
  queued: QueueFlags,
  flags: TestFlags,
  settings: TestSettings,
  parts: QueuedParts,
): Promise<QueuedScores> {
  const pictures = await queuedPictures(flags, parts.runs);
  const { queue, store } = await openQueue(queued);
  try {
    const plan = await publishPlan(store, flags, settings, parts);
    const size = taskSize(flags);
    const tasks = parts.runs.map(({ set, checkpoint }) => tasksOf(plan, checkpoint.epoch, pictures.get(set)!, size));
    return new QueuedScores(queue, store, settings, parts, tasks);
  } catch (error) {
    await queue[Symbol.asyncDispose]();
    throw error;
  }
}

function tasksOf(plan: FileRef, epoch: ImageCheckpoint['epoch'], all: readonly QueuedPicture[], size: number): Task[] {
  const tasks: Task[] = [];
  for (let at = 0; at < all.length; at += size) {
    const pictures = all.slice(at, at + size);
    const payload: TestPayload = { plan, epoch, pictures };
    tasks.push(makeTask('test', payload as unknown as Json, pictures.length));
  }
  return tasks;
}

/** The pictures of each data set as tasks name them. */
async function queuedPictures(
  flags: TestFlags,
  runs: readonly PlannedRun[],
): Promise<ReadonlyMap<TestedData, readonly QueuedPicture[]>> {
  const sets = [...new Set(runs.map(({ set }) => set))];
  const bar = progress(
    'files',
    sets.reduce((sum, { samples }) => sum + samples.length, 0),
    flags.json ?? false,
  );
  const found = new Map<TestedData, QueuedPicture[]>();
  let done = 0;
  for (const set of sets) {
    const shared = flags.data ?? process.env[DATA_VARIABLE] ?? set.root;
    const fileOf = async (path: string): Promise<QueuedPicture['file']> => {
      const whole = join(set.root, path);
      return { path: sharedPath(shared, whole), print: await contentPrint(whole) };
    };
    const pictures: QueuedPicture[] = new Array(set.samples.length);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < pictures.length; i = next++) {
        const { imagePath, maskPath, label, className } = set.samples[i]!;
        const file = await fileOf(imagePath);
        const mask = label === 1 && maskPath !== undefined ? { mask: await fileOf(maskPath) } : {};
        pictures[i] = { file, ...mask, label, class: set.keyOf(className), bytes: set.bytes?.[i] ?? 0 };
        bar.update(++done, set.name);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    found.set(set, pictures);
  }
  bar.finish();
  return found;
}

export class QueuedScores implements ScoreSource {
  readonly imageSize: number;
  readonly scoring: Scoring;
  readonly precision: Precision;
  readonly #queue: TaskQueue;
  readonly #store: Store;
  readonly #runs: readonly PlannedRun[];
  /** Of each run. */
  readonly #tasks: readonly (readonly Task[])[];
  readonly #results: AsyncGenerator<ScoredFile, void, undefined>;
  readonly #adapters = new Set<string>();
  #checkpoint: ImageCheckpoint;
  #next = 0;

  constructor(
    queue: TaskQueue,
    store: Store,
    { imageSize, precision }: TestSettings,
    { tested, runs, onProgress }: QueuedParts,
    tasks: readonly (readonly Task[])[],
  ) {
    this.imageSize = imageSize;
    this.precision = precision;
    this.scoring = tested.method.scoring;
    this.#queue = queue;
    this.#store = store;
    this.#runs = runs;
    this.#tasks = tasks;
    this.#checkpoint = tested.images[0]!;
    this.#results = resultsOf(tasks.flat(), decodeScored, { queue, store, onProgress, onNote: noteLine });
  }

  get adapter(): string {
    return [...this.#adapters].sort().join('; ');
  }

  async take(checkpoint: ImageCheckpoint): Promise<void> {
    this.#checkpoint = checkpoint;
  }

  async *scores(data: TestedData, run: ScoredRun): AsyncGenerator<readonly ScoredSample[], void, undefined> {
    const at = this.#next++;
    const planned = this.#runs[at];
    if (planned?.set !== data || planned.checkpoint !== this.#checkpoint) {
      throw new Error('queue: expected the runs in the order in which they were planned');
    }
    let first = 0;
    for (const task of this.#tasks[at]!) {
      const next = await this.#results.next();
      if (next.done) throw new Error('queue: expected a result for each task');
      const { adapter, samples } = next.value;
      this.#adapters.add(adapter);
      const scored: ScoredSample[] = [];
      for (const [i, found] of samples.entries()) {
        const sample = data.samples[first + i]!;
        if ('broken' in found) run.onBroken(new Error(this.#named(found.broken, task, i, data, sample)), sample);
        else scored.push({ sample, ...found });
      }
      first += samples.length;
      yield scored;
    }
  }

  /** What a worker says of a file, with the path that it has here. */
  #named(words: string, task: Task, index: number, { root }: TestedData, { imagePath, maskPath }: Sample): string {
    const { file, mask } = (task.payload as unknown as TestPayload).pictures[index]!;
    const here = words.replaceAll(printable(file.path), printable(join(root, imagePath)));
    if (!mask || maskPath === undefined) return here;
    return here.replaceAll(printable(mask.path), printable(join(root, maskPath)));
  }

  /** Removes the results. */
  async end(): Promise<void> {
    await removeResults(this.#store, this.#tasks.flat());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#results.return();
    await this.#queue[Symbol.asyncDispose]();
  }
}
