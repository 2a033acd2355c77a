/** Ops that have several kernels list them as rows, best first; the first that runs is taken. */
import type { Gpu } from '../gpu/gpu.js';
import type { Traits } from '../gpu/traits.js';

/** One kernel of an op that has several. */
export interface KernelRow<Job> {
  /** As `aaclip info` shows it and `GpuOptions.kernels` takes it. */
  readonly name: string;
  /**
   * It rounds activations to f16, too coarse for published numbers: taken only on a device opened for f16, or by name.
   */
  readonly coarse?: boolean;
  /** Whether the kernel runs on such an adapter and can do this job; without a job, whether it can do any. */
  runsOn(traits: Traits, job?: Job): boolean;
  /** Records the dispatches that do the job. */
  dispatch(gpu: Gpu, job: Job): void;
}

/** What the choice depends on. */
type Chooser = Pick<Gpu, 'traits' | 'preferred' | 'precision'>;

export interface KernelList<Row extends KernelRow<never>> {
  /** The op, with `_backward` for its backward pass. */
  readonly op: string;
  /** Best first. The last runs on every adapter, for every job. */
  readonly rows: readonly Row[];
}

/** The rows to choose from: all of them, or those from the row named in the device's options on. */
function rowsFor<Row extends KernelRow<never>>(gpu: Chooser, { op, rows }: KernelList<Row>): readonly Row[] {
  const name = gpu.preferred[op];
  if (name === undefined) return gpu.precision === 'f16' ? rows : rows.filter((row) => !row.coarse);
  const at = rows.findIndex((row) => row.name === name);
  if (at < 0) {
    throw new Error(`kernels: no kernel "${name}" of ${op}: expected one of ${rows.map((r) => r.name).join(', ')}`);
  }
  return rows.slice(at).filter((row, i) => i === 0 || !row.coarse || gpu.precision === 'f16');
}

/**
 * The first row that runs on the device and does the job; without a job, the first that can do any.
 * @throws when the device's options name a row that is not there
 */
export function chooseRow<Job, Row extends KernelRow<Job>>(gpu: Chooser, list: KernelList<Row>, job?: Job): Row {
  const row = rowsFor(gpu, list).find((r) => r.runsOn(gpu.traits, job));
  if (!row) {
    throw new Error(`kernels: no kernel of ${list.op} runs on this adapter: the last in its list must run on all`);
  }
  return row;
}
