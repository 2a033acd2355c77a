/** Every op at the sizes of its case, forward and backward, against the best the same adapter can do. */
import { Tape } from '../../autograd/tape.js';
import { SMALL_SIZES, VIT_L_14_AT_518 } from '../../cases/model_sizes.js';
import { disposeAttrs, type OpCase, type RealInput, type RealSize, type Work } from '../../cases/op_case.js';
import type { Gpu } from '../../gpu/gpu.js';
import { synth } from '../../io/synth.js';
import { add } from '../../ops/add.js';
import { full } from '../../ops/fill.js';
import { sizeOf } from '../../tensor/shape.js';
import { type Tensor, tidy, upload } from '../../tensor/tensor.js';
import { type Ceilings, measureCeilings } from './ceilings.js';
import { planOf, type TimingPlan, timeCalls, timeWork } from './row_timer.js';
import { type Direction, rowName, wantedSizes } from './wanted_rows.js';

export interface BenchRow {
  /** Op, size and direction, as `--only` matches them. */
  readonly name: string;
  readonly op: string;
  readonly direction: Direction;
  /** Median wall time of one call, awaited late. */
  readonly ms: number;
  readonly gflops: number;
  readonly gbytes: number;
  /** Per cent: the time the ceilings allow over the time taken; null where nothing is computed or moved. */
  readonly ofCeiling: number | null;
  /** The ceiling that limits the row. */
  readonly limit: 'arithmetic' | 'memory' | 'none';
  /** Labels of the kernels it dispatched; empty where the adapter cannot time kernels. */
  readonly kernels: readonly string[];
}

export interface BenchReport extends Ceilings {
  readonly rows: readonly BenchRow[];
}

export interface KernelBenchOptions {
  readonly samples: number;
  /** Small sizes and one call each: for trying the benchmark, not for figures to quote. */
  readonly quick?: boolean | undefined;
  /** Rows to time, by patterns of an op's name or a row's whole name; all by default. */
  readonly only?: readonly string[] | undefined;
  /** The report under other choices of kernels: its ceilings are used, and rows with the same kernels are left out. */
  readonly beside?: BenchReport | undefined;
  readonly onCeilings?: ((ceilings: Ceilings) => void) | undefined;
  readonly onRow?: ((row: BenchRow) => void) | undefined;
}

/** Most bytes that recordings may hold while they wait for their backward pass to be timed. */
const RECORDED_BYTES = 2 ** 28;

/** An input of a size, its values a function of its name. */
function uploadInput(gpu: Gpu, name: string, { shape, std = 1, mean = 0, values }: RealInput): Tensor {
  if (values === 'pixels') {
    const words = Uint32Array.from({ length: sizeOf(shape) }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
    return upload(gpu, words, shape, 'packed');
  }
  const noise = synth(1, name, shape, std, mean);
  return upload(gpu, values === 'mask' ? noise.map((v) => (v > 1.2 ? 1 : 0)) : noise, shape);
}

/** A size of a case with its inputs on the device. */
interface Opened {
  readonly c: OpCase;
  readonly size: RealSize;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly attrs: unknown;
}

/** Labels of the kernels that `work` dispatches; it runs once. */
async function kernelsOf(gpu: Gpu, work: () => void): Promise<string[]> {
  if (gpu.profile.available) return (await gpu.profile.run(work)).map((row) => row.label);
  work();
  await gpu.idle();
  return [];
}

interface Measured {
  readonly ms: number;
  readonly kernels: readonly string[];
}

/** Measures a size, unless its kernels are those of one of the `known` rows. */
type Measure = (
  gpu: Gpu,
  plan: TimingPlan,
  opened: Opened,
  known: readonly BenchRow[],
) => Promise<Measured | undefined>;

const oneOf = (known: readonly BenchRow[], kernels: readonly string[]): boolean =>
  known.some((row) => [...row.kernels].sort().join() === [...kernels].sort().join());

const measureForward: Measure = async (gpu, plan, { c, inputs, attrs }, known) => {
  const call = (): void => tidy(() => void c.run(inputs, attrs, gpu));
  const kernels = await kernelsOf(gpu, call); // also compiles them
  return oneOf(known, kernels) ? undefined : { ms: await timeWork(gpu, plan, call), kernels };
};

/** Times only the backward pass: what it needs of the forward pass is recorded before the clock starts. */
const measureBackward: Measure = async (gpu, plan, { c, size, inputs, attrs }, known) => {
  const wanted = (size.wanted ?? Object.keys(inputs).filter((n) => !c.constant?.includes(n))).map((n) => inputs[n]!);
  const record = (): { backward: () => void; bytes: number } => {
    const tape = new Tape(add);
    tape.watch(wanted);
    const y = tape.record(() => c.run(inputs, attrs, gpu));
    const dy = full(gpu, y.shape, 0.5);
    const backward = (): void => {
      for (const g of tape.backward(y, wanted, dy)) g?.release();
      y.release();
      dy.release();
    };
    return { backward, bytes: y.bytes + dy.bytes };
  };
  const once = record();
  const kernels = await kernelsOf(gpu, once.backward);
  if (oneOf(known, kernels)) return undefined;
  const most = Math.max(1, Math.min(50, Math.floor(RECORDED_BYTES / once.bytes)));
  const repeat = (calls: number) => {
    const recorded = Array.from({ length: calls }, record);
    return () => {
      for (const { backward } of recorded) backward();
    };
  };
  return { ms: await timeCalls(gpu, plan, repeat, most), kernels };
};

/** Relates a time to the ceilings: the slower of arithmetic and memory decides what was possible. */
function rowOf(o: Opened, direction: Direction, work: Work, { ms, kernels }: Measured, top: Ceilings): BenchRow {
  const arithmetic = work.flops / top.multiplyAddGflops / 1e6;
  const memory = work.bytes / top.copyGbytes / 1e6;
  const least = Math.max(arithmetic, memory);
  return {
    name: rowName(o.c, o.size, direction),
    op: o.c.name,
    direction,
    ms,
    gflops: work.flops / ms / 1e6,
    gbytes: work.bytes / ms / 1e6,
    ofCeiling: least > 0 ? (100 * least) / ms : null,
    limit: least === 0 ? 'none' : arithmetic > memory ? 'arithmetic' : 'memory',
    kernels,
  };
}

/**
 * Measures the ceilings, then every selected row.
 * @throws when a pattern of `only` matches no row
 */
export async function benchKernels(gpu: Gpu, options: KernelBenchOptions): Promise<BenchReport> {
  const { samples, quick = false, only = [], beside, onCeilings, onRow } = options;
  const sizes = wantedSizes(quick ? SMALL_SIZES : VIT_L_14_AT_518, only);
  const plan = planOf(samples, quick);
  const top = beside ?? (await measureCeilings(gpu, plan, quick));
  if (!beside) onCeilings?.(top);
  const rows: BenchRow[] = [];
  for (const { c, size, forward, backward } of sizes) {
    const inputs = Object.fromEntries(Object.entries(size.inputs).map(([n, i]) => [n, uploadInput(gpu, n, i)]));
    const attrs = size.attrs?.(gpu);
    const opened = { c, size, inputs, attrs };
    const put = async (direction: Direction, work: Work, measure: Measure): Promise<void> => {
      const known = (beside?.rows ?? []).filter((row) => row.name === rowName(c, size, direction));
      const measured = await measure(gpu, plan, opened, known);
      if (!measured) return;
      const row = rowOf(opened, direction, work, measured, top);
      rows.push(row);
      onRow?.(row);
    };
    if (forward) await put('forward', size.forward, measureForward);
    if (backward) await put('backward', size.backward!, measureBackward);
    for (const input of Object.values(inputs)) input.release();
    disposeAttrs(attrs);
    gpu.trim();
  }
  return { ...top, rows };
}
