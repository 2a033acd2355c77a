/** What references cost: a forward pass with and without them, in turn, in one run. */
import { References } from '../../detect/references.js';
import type { Gpu } from '../../gpu/gpu.js';
import { l2Normalize } from '../../ops/l2_normalize.js';
import { tidy } from '../../tensor/tensor.js';
import { BenchTower, type ModelChoice, modelName, noise } from './bench_model.js';
import { forwardPass } from './forward_bench.js';

/** Medians of a pass. */
export interface PassCost {
  readonly ms: number;
  /** Seconds of all of this process's threads: on a software adapter they are the work, and do not count what others do. */
  readonly cpuSeconds: number;
  /** Most bytes of buffers, everything loaded included. */
  readonly peakMemory: number;
}

export interface ReferenceRow {
  readonly name: string;
  readonly batch: number;
  readonly without: PassCost;
  readonly with: PassCost;
  /** With over without: median of pairs that ran one after the other, of wall time and of the processor's. */
  readonly ratio: number;
  readonly cpuRatio: number;
  /** What the references take, and what a pass takes beyond that and the memory of a pass without them. */
  readonly referenceBytes: number;
  readonly beyondBytes: number;
}

export interface ReferenceOptions extends ModelChoice {
  readonly imageSize: number;
  readonly batches: readonly number[];
  /** Good pictures whose patches are compared. */
  readonly references: number;
  /** Pairs of passes. */
  readonly samples: number;
}

/** Unit rows of so many pictures for every level, rounded to f16 as those of a calibration. */
function someReferences(gpu: Gpu, { config }: BenchTower, { imageSize, references }: ReferenceOptions): References {
  const rows = references * Math.floor(imageSize / config.patch) ** 2;
  return tidy(() => {
    const levels = config.levels.map((_, level) => {
      return [level, [l2Normalize(noise(gpu, `level ${level}`, [rows, config.visionWidth]))]] as const;
    });
    return References.of(new Map(levels), true);
  });
}

/** The most memory of two passes, when the first has left its buffers; both also warm it up. */
async function peakOf(gpu: Gpu, pass: () => void): Promise<number> {
  gpu.trim();
  gpu.pool.peak = gpu.pool.allocated;
  for (let i = 0; i < 2; i++) {
    pass();
    await gpu.idle();
  }
  return gpu.pool.peak;
}

type Time = Omit<PassCost, 'peakMemory'>;

async function timeOf(gpu: Gpu, pass: () => void): Promise<Time> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  pass();
  await gpu.idle();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuSeconds: (user + system) / 1e6 };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/** Measures each batch. */
export async function benchReferences(
  gpu: Gpu,
  options: ReferenceOptions,
  onRow: (row: ReferenceRow) => void,
): Promise<ReferenceRow[]> {
  const { imageSize, batches, references, samples, precision } = options;
  using tower = await BenchTower.load(gpu, options);
  const rows: ReferenceRow[] = [];
  for (const batch of batches) {
    using pass = forwardPass(gpu, tower, imageSize, batch);
    const plain = (): void => pass.run();
    const plainPeak = await peakOf(gpu, plain);
    using kept = someReferences(gpu, tower, options);
    await gpu.idle();
    const compared = (): void => pass.run(kept);
    const comparedPeak = await peakOf(gpu, compared);
    const pairs: { without: Time; with: Time }[] = [];
    while (pairs.length < samples) pairs.push({ without: await timeOf(gpu, plain), with: await timeOf(gpu, compared) });
    const cost = (side: 'without' | 'with', peakMemory: number): PassCost => ({
      ms: median(pairs.map((pair) => pair[side].ms)),
      cpuSeconds: median(pairs.map((pair) => pair[side].cpuSeconds)),
      peakMemory,
    });
    const row = {
      name: `${modelName(options)} at ${imageSize} px, ${precision}, batch ${batch}, ${references} references`,
      batch,
      without: cost('without', plainPeak),
      with: cost('with', comparedPeak),
      ratio: median(pairs.map((pair) => pair.with.ms / pair.without.ms)),
      cpuRatio: median(pairs.map((pair) => pair.with.cpuSeconds / pair.without.cpuSeconds)),
      referenceBytes: kept.bytes,
      beyondBytes: comparedPeak - plainPeak - kept.bytes,
    };
    rows.push(row);
    onRow(row);
  }
  return rows;
}
