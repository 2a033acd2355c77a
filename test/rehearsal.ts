/** What a device would be asked to do: ops run on a stand-in that computes nothing and notes each dispatch. */
import { type Dispatch, Gpu } from '../src/gpu/gpu.js';
import type { Storage } from '../src/gpu/pool.js';
import { labelOf } from '../src/gpu/shader.js';
import type { Traits } from '../src/gpu/traits.js';
import { kernelLists } from '../src/kernels/kernel_lists.js';
import { tidy } from '../src/tensor/tensor.js';

/** The choice of kernels of a device. */
export interface Choice {
  readonly traits: Traits;
  readonly kernels: Readonly<Record<string, string>>;
  readonly precision: 'f32' | 'f16';
}

export interface Rehearsal {
  readonly dispatches: readonly Dispatch[];
  /** The kernels as pipelines are labelled, in order. */
  readonly labels: readonly string[];
  /** The rows of the lists that were taken, `op/name`. */
  readonly rows: ReadonlySet<string>;
}

const rowsOf = new WeakMap<object, Set<string>>();
let onRow: ((op: string, name: string) => void) | undefined;

// Every row tells when it dispatches: a rehearsal collects its rows, and the listener is told of devices that compute.
for (const { op, rows } of kernelLists) {
  for (const row of rows) {
    const { dispatch, name } = row as { dispatch: (gpu: Gpu, job: never) => void; name: string };
    const noting = (gpu: Gpu, job: never): void => {
      const rehearsed = rowsOf.get(gpu);
      if (rehearsed) rehearsed.add(`${op}/${name}`);
      else if (gpu instanceof Gpu && !gpu.counts && !gpu.dry) onRow?.(op, name);
      dispatch.call(row, gpu, job);
    };
    (row as { dispatch: unknown }).dispatch = noting;
  }
}

/** Is told of every row that a device dispatches. */
export function listenToRows(listener: (op: string, name: string) => void): void {
  onRow = listener;
}

/** Runs a body on the stand-in; tensors it makes have no memory. */
export function rehearse(choice: Choice, body: (gpu: Gpu) => void): Rehearsal {
  const dispatches: Dispatch[] = [];
  const rows = new Set<string>();
  const take = (capacity: number): Storage => ({ buffer: {}, capacity }) as unknown as Storage;
  const gpu = {
    traits: choice.traits,
    preferred: choice.kernels,
    precision: choice.precision,
    tiles: {},
    dry: true,
    bindingLimit: 2 ** 32,
    pool: { take, release: () => undefined },
    upload: (data: ArrayBufferView) => take(data.byteLength),
    copy: () => undefined,
    dispatch: (d: Dispatch) => dispatches.push(d),
  } as unknown as Gpu;
  rowsOf.set(gpu, rows);
  tidy(() => body(gpu));
  return { dispatches, labels: dispatches.map((d) => labelOf(d.kernel, d.knobs ?? {})), rows };
}
