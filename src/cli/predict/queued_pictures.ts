/** Pictures with what is said of them, judged by the workers of a queue: this machine needs no device. */
import { printable } from '../../data/printable.js';
import { DATA_VARIABLE } from '../../node/data_roots.js';
import { makeFolder } from '../../node/make_folder.js';
import { duration, progress } from '../progress.js';
import { noteLine, openQueue, type QueueFlags, workersNote } from '../queue/queue_flags.js';
import { queuedFile } from '../queue/queued_file.js';
import type { RunProgress } from '../queue/run_tasks.js';
import { sharedPath } from '../queue/shared_path.js';
import type { Store } from '../queue/store.js';
import { type Json, makeTask, type Task } from '../queue/task.js';
import type { TaskQueue } from '../queue/task_queue.js';
import { removeResults, resultsOf, taskSize } from '../queue/task_results.js';
import { decodeDrawn } from './drawn_file.js';
import type { PredictFlags } from './flags.js';
import { publishPredictPlan } from './predict_plan.js';
import type { PredictPayload } from './predict_task.js';
import type { Predicted, Predictor } from './predicted.js';

/** Files that are read at a time. */
const AT_A_TIME = 16;

export class QueuedPredictor implements Predictor {
  readonly #flags: PredictFlags;
  readonly #queue: TaskQueue;
  readonly #store: Store;
  #tasks: readonly Task[] = [];

  private constructor(flags: PredictFlags, queue: TaskQueue, store: Store) {
    this.#flags = flags;
    this.#queue = queue;
    this.#store = store;
  }

  /** @throws one line when the queue or the store cannot be used */
  static async open(queued: QueueFlags, flags: PredictFlags): Promise<QueuedPredictor> {
    const { queue, store } = await openQueue(queued);
    return new QueuedPredictor(flags, queue, store);
  }

  async *judge(
    paths: readonly string[],
    onProgress: (done: number, note?: string) => void,
  ): AsyncGenerator<Predicted, void, undefined> {
    this.#tasks = await this.#tasksOf(paths);
    makeFolder(this.#flags.out);
    const options = {
      ...{ queue: this.#queue, store: this.#store, onNote: noteLine },
      onProgress: ({ done, workers }: RunProgress) => onProgress(done, workersNote(workers)),
    };
    let index = 0;
    for await (const drawn of resultsOf(this.#tasks, decodeDrawn, options)) {
      for (const one of drawn) {
        if ('broken' in one) yield { index, broken: one.broken };
        else yield { index, record: one.record, files: one.files };
        index++;
      }
    }
  }

  async #tasksOf(paths: readonly string[]): Promise<Task[]> {
    const shared = this.#flags.data ?? process.env[DATA_VARIABLE];
    if (shared === undefined) {
      throw new Error('--queue: needs --data, the folder of pictures that workers share (the one of their --data)');
    }
    // A path outside is told before anything is put into the store.
    for (const path of paths) sharedPath(shared, path);
    const plan = await publishPredictPlan(this.#store, this.#flags);
    const bar = progress('files', paths.length, this.#flags.json ?? false);
    const pictures: PredictPayload['pictures'] = new Array(paths.length);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let i = next++; i < paths.length; i = next++) {
        pictures[i] = { ...(await queuedFile(shared, paths[i]!)), name: paths[i]! };
        bar.update(i + 1);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    bar.finish();
    const size = taskSize(this.#flags);
    const tasks: Task[] = [];
    for (let at = 0; at < pictures.length; at += size) {
      const payload: PredictPayload = { plan, pictures: pictures.slice(at, at + size) };
      tasks.push(makeTask('predict', payload as unknown as Json, payload.pictures.length));
    }
    return tasks;
  }

  summary(pictures: number, seconds: number): string {
    const each = duration(seconds / Math.max(1, pictures));
    const { label } = this.#queue;
    return `${pictures} pictures in ${duration(seconds)}: ${each} each, by the workers of ${label}; written to ${printable(this.#flags.out)}`;
  }

  async end(): Promise<void> {
    await removeResults(this.#store, this.#tasks);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#queue[Symbol.asyncDispose]();
  }
}
