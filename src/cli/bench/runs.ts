/** What each word after `aaclip bench` runs: a device and flags in, a report for --json out, lines as it goes. */
import type { Gpu } from '../../gpu/gpu.js';
import { kernelChoices } from '../../kernels/kernel_lists.js';
import { openGpu } from '../../node/device.js';
import { withQuietNativeCode } from '../../node/quiet.js';
import { writeTiles } from '../../node/tiles_file.js';
import { openDevice } from '../options.js';
import { benchBlock } from './block_bench.js';
import { type Ceilings, measureCeilings } from './ceilings.js';
import type { BenchFlags, What } from './flags.js';
import { benchForward } from './forward_bench.js';
import { benchGrowth } from './growth_bench.js';
import { type BenchReport, type BenchRow, benchKernels } from './kernel_bench.js';
import { benchMemory } from './memory_bench.js';
import * as lines from './output.js';
import { benchPeers, peerLine } from './peer_bench.js';
import { benchPrecision } from './precision_bench.js';
import { benchReferences } from './reference_bench.js';
import { planOf } from './row_timer.js';
import { benchStart } from './start_bench.js';
import { benchTraining } from './training_bench.js';
import { tune } from './tune_bench.js';

export type Say = (line: string) => void;

/** Sub-benchmarks that measure on one open device. */
type Run = (gpu: Gpu, flags: BenchFlags, say: Say) => Promise<object>;

/** Sizes by the flags: --quick is --tiny with one call a row. */
function sizesOf(gpu: Gpu, flags: BenchFlags) {
  const tiny = flags.tiny ?? flags.quick ?? false;
  const batches = flags.batches ?? (gpu.traits.software ? [1] : [1, 8]);
  return {
    tiny,
    layers: flags.layers,
    imageSize: flags.img_size ?? (tiny ? 56 : 518),
    batches,
    precision: flags.precision,
  };
}

const planFor = (flags: BenchFlags) => planOf(flags.samples, flags.quick ?? false);

async function ceilings(gpu: Gpu, flags: BenchFlags, say: Say): Promise<Ceilings> {
  const top = await measureCeilings(gpu, planFor(flags), flags.quick ?? false);
  say(lines.ceilingsLine(top));
  return top;
}

const kernels: Run = async (gpu, flags, say) => {
  const { samples, quick, only } = flags;
  const options = {
    samples,
    quick,
    only: only?.split(',').map((glob) => glob.trim()),
    onCeilings: (top: Ceilings) => say(lines.ceilingsLine(top)),
    onRow: (row: BenchRow) => say(lines.rowLine(row)),
  };
  const report: BenchReport = await benchKernels(gpu, options);
  if (!flags.variants) return report;
  if (!gpu.profile.available) {
    throw new Error('bench: --variants needs an adapter with timestamp queries, to see which kernels an op dispatches');
  }
  const rows = [...report.rows];
  for (const choice of kernelChoices(gpu.traits).slice(1)) {
    const { adapter, defaultToggles, precision } = flags;
    using other = await withQuietNativeCode(() => openGpu({ adapter, defaultToggles, precision, kernels: choice }));
    const names = Object.entries(choice).map(([op, kernel]) => `${op} ${kernel}`);
    say(`\n${names.join(', ')}`);
    rows.push(...(await benchKernels(other, { ...options, beside: { ...report, rows } })).rows);
  }
  return { ...report, rows };
};

const block: Run = async (gpu, flags, say) => {
  const top = await ceilings(gpu, flags, say);
  const rows = await benchBlock(gpu, planFor(flags), top, sizesOf(gpu, flags), (row) => say(lines.speedLine(row)));
  return { ceilings: top, rows };
};

const forward: Run = async (gpu, flags, say) => {
  const top = await ceilings(gpu, flags, say);
  const rows = await benchForward(gpu, planFor(flags), top, sizesOf(gpu, flags), (row) => say(lines.speedLine(row)));
  for (const line of lines.profileLines(rows.at(-1)?.kernels ?? [])) say(line);
  return { ceilings: top, rows };
};

const train: Run = async (gpu, flags, say) => {
  const top = await ceilings(gpu, flags, say);
  const options = { ...sizesOf(gpu, flags), batch: flags.batch_size };
  const training = await benchTraining(gpu, planFor(flags), top, options, (row) => say(lines.trainingLine(row)));
  say(lines.trainingSummary(training));
  return { ceilings: top, training };
};

const references: Run = async (gpu, flags, say) => {
  const { samples, references: count } = flags;
  const options = { ...sizesOf(gpu, flags), references: count, samples: flags.quick ? 1 : samples };
  return { rows: await benchReferences(gpu, options, (row) => say(lines.referenceLine(row))) };
};

const memory: Run = async (gpu, flags, say) => ({
  rows: await benchMemory(gpu, sizesOf(gpu, flags), (row) => say(lines.memoryLine(row))),
});

const growth: Run = async (gpu, flags, say) => {
  const sizes = sizesOf(gpu, flags);
  const imageSizes = sizes.tiny ? [28, 56, 84] : [98, 196, 294, 392, 518];
  // A batch of large pictures would take a CPU adapter minutes.
  const imageSize = gpu.traits.software ? imageSizes[0]! : sizes.imageSize;
  const batches = flags.batches ?? (flags.quick ? [1, 2] : [1, 2, 4, 8]);
  const onPoint = (point: Parameters<typeof lines.growthLine>[0]): void => say(lines.growthLine(point));
  const report = await benchGrowth(gpu, planFor(flags), { ...sizes, imageSize, batches, imageSizes, onPoint });
  for (const fit of report.fits) say(lines.fitLine(fit));
  return report;
};

/** Those that open a device with the flags and measure on it. */
const ON_A_DEVICE: Partial<Record<What, Run>> = {
  kernels,
  block,
  forward,
  train,
  references,
  memory,
  growth,
  ceilings: async (gpu, flags, say) => ({ ceilings: await ceilings(gpu, flags, say) }),
};

async function start(flags: BenchFlags, say: Say): Promise<object> {
  const { weights, adapters, adapter, kernels: choice, precision, samples } = flags;
  const imageSize = flags.img_size ?? (weights === 'tiny' ? 256 : 518);
  const job = { weights, adapters, imageSize, adapter, kernels: choice, precision };
  const rows = await benchStart({ ...job, samples, quick: flags.quick ?? false }, (row) => say(lines.startLine(row)));
  return { weights, rows };
}

async function peers({ samples, rounds, quick = false, adapter, only }: BenchFlags, say: Say): Promise<object> {
  const options = { samples, rounds, quick, adapter, only: only?.split(',') };
  const rows = await benchPeers(options, (row) => say(peerLine(row)));
  if (rounds > 1) for (const line of ['all rounds:', ...rows.map(peerLine)]) say(line);
  return { rows };
}

async function precisionReport(flags: BenchFlags, say: Say): Promise<object> {
  const report = await benchPrecision(
    (precision) => openDevice({ ...flags, precision }),
    flags.tiny ?? flags.quick ?? false,
  );
  say(lines.precisionLine(report));
  return report;
}

async function tuneReport(flags: BenchFlags, say: Say): Promise<object> {
  const first = await openDevice(flags);
  const { description, traits } = first;
  const sizes = sizesOf(first, flags);
  first[Symbol.dispose]();
  const report = await tune(() => openDevice(flags), planFor(flags), {
    ...sizes,
    backward: !traits.software,
    budget: flags.budget ?? 120,
    most: flags.quick ? 2 : undefined,
    onTry: (tried) => say(lines.tryLine(tried)),
  });
  if (report.ended !== undefined) say(`ended early: ${report.ended}`);
  for (const line of lines.tunedLines(report, description)) say(line);
  // A quick trial says nothing about speed: nothing is kept of it.
  if (flags.quick || report.places.length === 0) return report;
  const file = await writeTiles(description, report.tiles);
  say(`kept for later starts in ${file}`);
  return { ...report, file };
}

/** Measures; the device that was opened is returned with the report where there is one. */
export async function runWhat(what: What, flags: BenchFlags, say: Say): Promise<object> {
  if (what === 'start') return start(flags, say);
  if (what === 'peers') return peers(flags, say);
  if (what === 'precision') return precisionReport(flags, say);
  if (what === 'tune') return tuneReport(flags, say);
  using gpu = await openDevice(flags);
  return await ON_A_DEVICE[what]!(gpu, flags, say);
}
