/**
 * Loaded into a command before its own code (`node --import`): numbers the calls that change files below AACLIP_KILL_IN, and
 * ends the process by a signal at one of them (AACLIP_KILL_AT, as JSON of `KillPoint`), or notes all of them in the file
 * AACLIP_KILL_NOTES.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, resolve, sep } from 'node:path';
import process from 'node:process';

/** Where a process is killed: at its n-th call that changes a file, counted from 0. */
export interface KillPoint {
  readonly call: number;
  /** `at`: in the middle of a write, which is left half done. */
  readonly moment: 'before' | 'at' | 'after';
  readonly signal: 'SIGKILL' | 'SIGTERM';
}

/** A call that changed a file. */
export interface Call {
  readonly name: string;
  /** Name of the file, `.tmp` for temporary ones. */
  readonly file: string;
  /** SHA-256 of the file that a rename put in place. */
  readonly sha?: string;
}

type Work = (...args: unknown[]) => unknown;
type Table = Record<string, Work>;

const place = resolve(process.env.AACLIP_KILL_IN ?? '.');
const point = JSON.parse(process.env.AACLIP_KILL_AT ?? 'null') as KillPoint | null;
const notes = process.env.AACLIP_KILL_NOTES;
const calls: Call[] = [];
const { readFileSync, writeFileSync } = fs;

const isInside = (path: unknown): path is string =>
  typeof path === 'string' && (resolve(path) === place || resolve(path).startsWith(place + sep));
const shown = (path: string): string => (path.endsWith('.tmp') ? '.tmp' : basename(path));
const end = (): void => void process.kill(process.pid, point!.signal);

/** Runs a call that changes `path`. @param half does a part of it, for a kill in its middle */
function counted<T>(name: string, path: string, work: () => T, half?: () => unknown): T {
  const number = calls.push({ name, file: shown(path) }) - 1;
  const here = point?.call === number;
  if (here && point.moment === 'before') end();
  if (here && point.moment === 'at') {
    const part = half?.();
    if (part instanceof Promise) return part.then(end).then(work) as T;
    end();
  }
  const after = (): void => {
    if (notes && name.startsWith('rename') && !path.endsWith('.tmp')) {
      calls[number] = { ...calls[number]!, sha: createHash('sha256').update(readFileSync(path)).digest('hex') };
    }
    if (here && point.moment === 'after') end();
  };
  const result = work();
  if (result instanceof Promise) {
    return result.then((value) => {
      after();
      return value;
    }) as T;
  }
  after();
  return result;
}

const halfOf = (data: unknown): unknown =>
  typeof data === 'string'
    ? data.slice(0, data.length / 2)
    : (data as Uint8Array).subarray(0, (data as Uint8Array).length / 2);

/** Wraps a function whose argument `at` is the path that it changes. */
function wrap(table: Table, name: string, at = 0): void {
  const own = table[name]!;
  table[name] = (...args) => {
    const path = args[at];
    if (!isInside(path)) return own.apply(table, args);
    const writes = /^(?:write|append)File/.test(name);
    const half = writes ? () => own.call(table, args[0], halfOf(args[1]), ...args.slice(2)) : undefined;
    return counted(name, path, () => own.apply(table, args), half);
  };
}

const [sync, promised] = [fs, fs.promises] as unknown as Table[];
for (const name of ['writeFileSync', 'appendFileSync', 'mkdirSync', 'unlinkSync']) wrap(sync!, name);
for (const name of ['linkSync', 'renameSync']) wrap(sync!, name, 1);
for (const name of ['writeFile', 'mkdir', 'unlink']) wrap(promised!, name);
wrap(promised!, 'rename', 1);

/** Files that were opened for writing. */
const written = new WeakMap<object, string>();
const open = promised!.open!;
promised!.open = (...args) => {
  const [path, flags = 'r'] = args;
  if (!isInside(path) || flags === 'r') return open.apply(promised, args);
  return counted('open', path, async () => {
    const handle = (await open.apply(promised, args)) as object;
    written.set(handle, path);
    return handle;
  });
};
const probe = await fs.promises.open(process.execPath, 'r');
const handles = Object.getPrototypeOf(probe) as Table;
await probe.close();
const write = handles.write!;
handles.write = function (this: object, ...args) {
  const path = written.get(this);
  if (path === undefined) return write.apply(this, args);
  const [bytes, offset, length, position] = args as [Uint8Array, number, number, number | undefined];
  const half = () => write.call(this, bytes, offset, Math.floor(length / 2), position);
  return counted('write', path, () => write.apply(this, args), half);
};
syncBuiltinESMExports();

process.on('exit', () => {
  if (notes) writeFileSync(notes, JSON.stringify(calls));
});
