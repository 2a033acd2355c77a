/** A piece of work that any worker can do, and what a worker gives to the code that does it. */
import { createHash } from 'node:crypto';
import type { DeviceFlags } from '../options.js';
import { programVersion } from '../program.js';
import type { FileFetcher } from './file_refs.js';
import type { ModelCache } from './model_cache.js';
import type { SharedFolders } from './shared_folders.js';
import type { Store } from './store.js';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** `sleep` is the stand-in for a device in the benchmark of the queue and in its tests. */
export type TaskKind = 'predict' | 'test' | 'train' | 'sleep';

/** Most pictures of a task: workers refuse longer ones. */
export const MOST_PICTURES = 4096;

export interface Task {
  readonly kind: TaskKind;
  /** 32 hex digits that change with anything in the task and with the program's version. */
  readonly id: string;
  readonly payload: Json;
  /** How many pictures the task stands for, for progress and rates. */
  readonly pictures: number;
}

/** What a task's code may use of the worker it runs on. */
export interface TaskContext {
  readonly files: FileFetcher;
  /** For what a long task keeps while it goes on. */
  readonly store: Store;
  readonly roots: SharedFolders;
  readonly models: ModelCache;
  /** Aborted when the worker gives the task back. */
  readonly signal: AbortSignal;
  /** The worker's own flags of its device. What changes figures, such as the precision, is part of the task. */
  readonly device: Omit<DeviceFlags, 'precision'>;
  /** @param done pictures, of those of the task */
  onProgress(done: number): void;
}

/**
 * Does a task and returns its result: the same bytes for the same payload, whichever worker runs it and however often. It
 * validates the payload itself, because anybody who reaches the Redis server can write one.
 *
 * What it throws decides what becomes of the task. An `AaclipError` of code `device` or `aborted` lets it run again; one of
 * any other code ends it for good, since it would fail everywhere (a bad payload, a picture that has changed). Any other error
 * may be due to this worker (a folder that is not mounted): the task is tried again, a few times.
 */
export type Executor = (payload: unknown, context: TaskContext) => Promise<Uint8Array>;

/** JSON with sorted keys and no spaces. */
function canonical(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, v]) => `${JSON.stringify(key)}:${canonical(v)}`).join(',')}}`;
}

/**
 * A task. Its id is a hash of its contents and of the program's version, so that the same work has the same name at the next
 * start, and figures of another version are never taken for it.
 * @param pictures how many pictures it stands for
 */
export function makeTask(kind: TaskKind, payload: Json, pictures: number): Task {
  // What JSON leaves out (undefined) must not count either: the worker gets the payload as JSON.
  const kept = JSON.parse(JSON.stringify(payload)) as Json;
  const hash = createHash('sha256').update(canonical({ version: programVersion(), kind, payload: kept }));
  return { kind, id: hash.digest('hex').slice(0, 32), payload: kept, pictures };
}

/** Where the store keeps the result of a task. The two digits keep folders small. */
export function resultName(id: string): string {
  return `results/${id.slice(0, 2)}/${id}`;
}
