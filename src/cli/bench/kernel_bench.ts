/** Every op at the sizes of its case, forward and backward, beside what the same adapter can do at best. */
import { Tape } from '../../autograd/tape.js';
import { ALL_CASES } from '../../cases/all_cases.js';
import { type ModelSizes, SMALL_SIZES, VIT_L_14_AT_518 } from '../../cases/model_sizes.js';
import { namePattern } from '../../cases/name_pattern.js';
import { disposeAttrs, type OpCase, type RealInput, type RealSize, type Work } from '../../cases/op_case.js';
import type { Gpu } from '../../gpu/gpu.js';
import { synth } from '../../io/synth.js';
import { copyCeiling, multiplyAddCeiling } from '../../kernels/ceiling.js';
import { add } from '../../ops/add.js';
import { full } from '../../ops/fill.js';
import { sizeOf } from '../../tensor/shape.js';
import { empty, type Tensor, tidy, upload } from '../../tensor/tensor.js';
import { type TimingPlan, timeCalls, timeWork } from './row_timer.js';

type Direction = 'forward' | 'backward';

export interface BenchRow {
  /** Op, size and direction, as `--only` sees them. */
  readonly name: string;
  readonly op: string;
  readonly direction: Direction;
  /** Median wall time of one call, awaited late. */
  readonly ms: number;
  readonly gflops: number;
  readonly gbytes: number;
  /** Per cent: the time the ceilings allow over the time taken; null where nothing is computed or moved. */
  readonly ofCeiling: number | null;
  /** The ceiling that allows less. */
  readonly limit: 'arithmetic' | 'memory' | 'none';
  /** Labels of the kernels it dispatched; empty where the adapter cannot time kernels. */
  readonly kernels: readonly string[];
}

export interface Ceilings {
  readonly multiplyAddGflops: number;
  readonly copyGbytes: number;
}

export interface BenchReport extends Ceilings {
  readonly rows: readonly BenchRow[];
}

export interface KernelBenchOptions {
  readonly samples: number;
  /** Small sizes and one call each: for trying the benchmark, no figures to quote. */
  readonly quick?: boolean | undefined;
  /** Rows wanted: patterns of an op's name or a row's whole name. All unless given. */
  readonly only?: readonly string[] | undefined;
  readonly onCeilings?: ((ceilings: Ceilings) => void) | undefined;
  readonly onRow?: ((row: BenchRow) => void) | undefined;
}

/** Milliseconds a row may take, warming up left out. */
const BUDGET = 600;

/** Most bytes that recordings may hold while they wait for their backward pass to be timed. */
const RECORDED_BYTES = 2 ** 28;

async function ceilings(gpu: Gpu, plan: TimingPlan, quick: boolean): Promise<Ceilings> {
  // Enough turns for a GPU, too, once calls are repeated.
  const turns = quick ? 20 : gpu.traits.software ? 200 : 4000;
  const flops = multiplyAddCeiling(gpu, turns);
  const ms = await timeWork(gpu, plan, () => void multiplyAddCeiling(gpu, turns));
  using from = empty(gpu, [quick ? 1 << 20 : 1 << 24]);
  using to = empty(gpu, from.shape);
  const moved = copyCeiling(gpu, from, to);
  const copyMs = await timeWork(gpu, plan, () => void copyCeiling(gpu, from, to));
  return { multiplyAddGflops: flops / ms / 1e6, copyGbytes: moved / copyMs / 1e6 };
}

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

async function measureForward(gpu: Gpu, plan: TimingPlan, { c, inputs, attrs }: Opened): Promise<Measured> {
  const call = (): void => tidy(() => void c.run(inputs, attrs, gpu));
  const kernels = await kernelsOf(gpu, call); // compiles them, too
  return { ms: await timeWork(gpu, plan, call), kernels };
}

/** Times the backward pass alone: what it needs of the forward pass is recorded before the clock starts. */
async function measureBackward(gpu: Gpu, plan: TimingPlan, { c, size, inputs, attrs }: Opened): Promise<Measured> {
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
  const most = Math.max(1, Math.min(50, Math.floor(RECORDED_BYTES / once.bytes)));
  const repeat = (calls: number) => {
    const recorded = Array.from({ length: calls }, record);
    return () => {
      for (const { backward } of recorded) backward();
    };
  };
  return { ms: await timeCalls(gpu, plan, repeat, most), kernels };
}

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

/** What a row is called. */
export function rowName(c: OpCase, size: Pick<RealSize, 'name'>, direction: Direction): string {
  return `${c.name} ${size.name} ${direction}`;
}

interface WantedSize {
  readonly c: OpCase;
  readonly size: RealSize;
  readonly forward: boolean;
  readonly backward: boolean;
}

/** The sizes of which a row is wanted. @throws when a pattern matches no row. */
function wantedSizes(model: ModelSizes, only: readonly string[]): WantedSize[] {
  const patterns = only.map((glob) => ({ glob, pattern: namePattern(glob), used: false }));
  const wants = (c: OpCase, size: RealSize, direction: Direction): boolean => {
    const hits = patterns.filter((p) => p.pattern.test(c.name) || p.pattern.test(rowName(c, size, direction)));
    for (const hit of hits) hit.used = true;
    return patterns.length === 0 || hits.length > 0;
  };
  const list = ALL_CASES.flatMap((c) =>
    c.sizes(model).map((size) => ({
      c,
      size,
      forward: wants(c, size, 'forward'),
      backward: size.backward !== undefined && wants(c, size, 'backward'),
    })),
  );
  const missed = patterns.find((p) => !p.used);
  if (missed) {
    const ops = [...new Set(ALL_CASES.map((c) => c.name))].join(', ');
    throw new Error(`bench: no row matches ${missed.glob}: expected a pattern of a row's name, or of one of ${ops}`);
  }
  return list.filter((w) => w.forward || w.backward);
}

/**
 * Measures the ceilings, then every wanted row.
 * @throws when a pattern of `only` matches no row
 */
export async function benchKernels(gpu: Gpu, options: KernelBenchOptions): Promise<BenchReport> {
  const { samples, quick = false, only = [], onCeilings, onRow } = options;
  const sizes = wantedSizes(quick ? SMALL_SIZES : VIT_L_14_AT_518, only);
  const plan = quick ? { samples: 1, budget: 0 } : { samples, budget: BUDGET };
  const top = await ceilings(gpu, plan, quick);
  onCeilings?.(top);
  const rows: BenchRow[] = [];
  const put = (row: BenchRow): void => {
    rows.push(row);
    onRow?.(row);
  };
  for (const { c, size, forward, backward } of sizes) {
    const inputs = Object.fromEntries(Object.entries(size.inputs).map(([n, i]) => [n, uploadInput(gpu, n, i)]));
    const attrs = size.attrs?.(gpu);
    const opened = { c, size, inputs, attrs };
    if (forward) put(rowOf(opened, 'forward', size.forward, await measureForward(gpu, plan, opened), top));
    if (backward) put(rowOf(opened, 'backward', size.backward!, await measureBackward(gpu, plan, opened), top));
    for (const input of Object.values(inputs)) input.release();
    disposeAttrs(attrs);
    gpu.trim();
  }
  return { ...top, rows };
}
