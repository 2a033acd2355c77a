/** Tries the inputs of one target: the thread that the watchdog of main.ts ends when an input takes too long. */
import { parentPort, workerData } from 'node:worker_threads';
import { fuzzTarget } from './fuzz_target.js';
import { TARGETS } from './targets.js';

/** What the thread does, and where it writes the number of the input that it is at. */
export interface FuzzWork {
  readonly target: string;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  readonly place: Int32Array<SharedArrayBuffer>;
}

const { target: name, seed, first, count, place } = workerData as FuzzWork;
const target = TARGETS.find((t) => t.name === name)!;
for await (const failure of fuzzTarget(target, seed, first, count, (index) => Atomics.store(place, 0, index))) {
  parentPort?.postMessage(failure);
}
