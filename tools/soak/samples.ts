/** What a long run takes, measured as it goes: memory, descriptors, and whether they grow. */
import { readdirSync } from 'node:fs';
import process from 'node:process';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { tableLines } from '#src/eval/text_table';

/** What the process takes after some of its work. */
export interface Sample {
  readonly done: number;
  /** Bytes in memory, of the program and all that the driver takes. */
  readonly resident: number;
  /** Bytes of JavaScript's objects. */
  readonly heap: number;
  /** Bytes of arrays outside of the heap. */
  readonly arrays: number;
  /** Open files, sockets and devices; 0 where the system does not tell. */
  readonly descriptors: number;
}

function countDescriptors(): number {
  try {
    return readdirSync('/dev/fd').length;
  } catch {
    return 0;
  }
}

setFlagsFromString('--expose-gc');
/** Collects garbage at once. */
export const collectGarbage = runInNewContext('gc') as () => void;

/** Measures now, after a collection of garbage. */
export function sample(done: number): Sample {
  collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { done, resident: rss, heap: heapUsed, arrays: external, descriptors: countDescriptors() };
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2;
};

/** How much something grew: the median of the last third less that of the middle third; the first third warms up. */
export function growth(samples: readonly Sample[], of: (s: Sample) => number): number {
  const third = Math.floor(samples.length / 3);
  if (third === 0) throw new Error('soak: expected at least three samples');
  const values = samples.map(of);
  return median(values.slice(-third)) - median(values.slice(-2 * third, -third));
}

const MIB = 2 ** 20;
const mebibytes = (bytes: number): string => (bytes / MIB).toFixed(1);

/** Growth of memory that is noise: pages that the allocators keep. */
const RESIDENT_NOISE = 16 * MIB;
const HEAP_NOISE = 2 * MIB;

/** Why a run is not flat; empty where it is. */
export function complaints(samples: readonly Sample[]): string[] {
  const limits = [
    ['memory', growth(samples, (s) => s.resident), RESIDENT_NOISE],
    ['heap', growth(samples, (s) => s.heap + s.arrays), HEAP_NOISE],
  ] as const;
  const grown = limits
    .filter(([, by, limit]) => by > limit)
    .map(([what, by]) => `${what} grew by ${mebibytes(by)} MiB`);
  const opened = growth(samples, (s) => s.descriptors);
  return opened > 0 ? [...grown, `${opened} descriptors more`] : grown;
}

/** The samples as a table. */
export function sampleTable(what: string, samples: readonly Sample[]): string[] {
  const rows = samples.map((s) => [
    String(s.done),
    ...[s.resident, s.heap, s.arrays].map(mebibytes),
    String(s.descriptors),
  ]);
  return tableLines([what, 'memory MiB', 'heap MiB', 'arrays MiB', 'descriptors'], rows, ['right']);
}
