/** The code of each kind of task, loaded when the first one comes. */
import type { Executor, TaskKind } from './task.js';

/** Undefined for a kind that this version does not know. */
export async function executorOf(kind: TaskKind): Promise<Executor | undefined> {
  if (kind === 'predict') return (await import('../predict/predict_task.js')).predictTask;
  if (kind === 'test') return (await import('../test_adapters/test_task.js')).testTask;
  if (kind === 'sleep') return (await import('./sleep_task.js')).sleepTask;
  return undefined;
}
