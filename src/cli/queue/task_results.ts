/** The results of tasks as values: decoded, computed once more where damaged, and removed in the end. */
import { noteLine, type OptionalQueueFlags } from './queue_flags.js';
import { type RunOptions, runTasks } from './run_tasks.js';
import type { Store } from './store.js';
import { MOST_PICTURES, resultName, type Task } from './task.js';

/** Pictures of a task, unless a batch is larger: a multiple of the usual batches, which are then those of one machine. */
const TASK_PICTURES = 32;
/** Files that are removed at a time. */
const AT_A_TIME = 16;

/** Pictures of a task: whole batches. */
export function taskSize({ task_pictures: wanted = TASK_PICTURES, batch_size: batch = 1 }: TaskSizeFlags): number {
  return Math.max(1, Math.floor(Math.min(wanted, MOST_PICTURES) / batch)) * batch;
}

interface TaskSizeFlags extends Pick<OptionalQueueFlags, 'task_pictures'> {
  readonly batch_size?: number;
}

/**
 * Has tasks done, and yields their results in order. A result that `decode` refuses is removed and computed once more.
 * @throws what `runTasks` throws; one line when a result is damaged twice
 */
export async function* resultsOf<T>(
  tasks: readonly Task[],
  decode: (bytes: Uint8Array) => Promise<T>,
  options: RunOptions,
): AsyncGenerator<T, void, undefined> {
  for await (const { task, result } of runTasks(tasks, options)) {
    yield await decode(result).catch(() => again(task, decode, options));
  }
}

async function again<T>(task: Task, decode: (bytes: Uint8Array) => Promise<T>, options: RunOptions): Promise<T> {
  const { queue, store } = options;
  const name = resultName(task.id);
  noteLine(`${name}: damaged in the store: computed again`);
  await store.remove(name);
  for await (const { result } of runTasks([task], { queue, store, onNote: noteLine })) {
    return await decode(result).catch((error: unknown) => {
      throw new Error(`store ${store.where}: ${name}: damaged once more; check the disk of the store`, {
        cause: error,
      });
    });
  }
  throw new Error('queue: expected one result for each task');
}

/** Removes the results of tasks. */
export async function removeResults(store: Store, tasks: readonly Task[]): Promise<void> {
  const names = [...new Set(tasks.map(({ id }) => resultName(id)))];
  const work = async (): Promise<void> => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) await store.remove(name);
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
}
