/**
 * `aaclip bench`: times every op against the adapter's measured ceilings, and a training step against a wasteful one.
 */
import { cpus } from 'node:os';
import type { Command } from 'commander';
import type { Gpu } from '../../gpu/gpu.js';
import { chosenKernels, kernelChoices } from '../../kernels/kernel_lists.js';
import { openGpu } from '../../node/device.js';
import { withQuietNativeCode } from '../../node/quiet.js';
import { openDevice } from '../options.js';
import { type BenchFlags, benchOptions } from './flags.js';
import { type BenchReport, type BenchRow, benchKernels, type Ceilings } from './kernel_bench.js';
import { ceilingsLine, rowLine, trainingLine, trainingSummary } from './output.js';
import { benchTraining, type TrainingBench } from './training_bench.js';

type Say = (line: string) => void;

export function benchCommand(program: Command): void {
  benchOptions(program).action(runBench);
}

async function trainingReport(gpu: Gpu, flags: BenchFlags, say: Say): Promise<TrainingBench> {
  const { tiny = false, img_size: imageSize, batch_size: batch, samples: steps } = flags;
  const report = await benchTraining(gpu, { tiny, imageSize, batch, steps }, (row) => say(trainingLine(row)));
  say(trainingSummary(report));
  return report;
}

async function kernelReport(gpu: Gpu, flags: BenchFlags, say: Say): Promise<BenchReport> {
  const { samples, quick, only } = flags;
  const options = {
    samples,
    quick,
    only: only?.split(',').map((glob) => glob.trim()),
    onCeilings: (ceilings: Ceilings) => say(ceilingsLine(ceilings)),
    onRow: (row: BenchRow) => say(rowLine(row)),
  };
  const report = await benchKernels(gpu, options);
  if (!flags.variants) return report;
  if (!gpu.profile.available) {
    throw new Error('bench: --variants needs an adapter with timestamp queries, to see which kernels an op dispatches');
  }
  const rows = [...report.rows];
  for (const kernels of kernelChoices(gpu.traits).slice(1)) {
    const { adapter, defaultToggles } = flags;
    using other = await withQuietNativeCode(() => openGpu({ adapter, defaultToggles, kernels }));
    say(
      `\n${Object.entries(kernels)
        .map(([op, kernel]) => `${op} ${kernel}`)
        .join(', ')}`,
    );
    rows.push(...(await benchKernels(other, { ...options, beside: { ...report, rows } })).rows);
  }
  return { ...report, rows };
}

async function runBench(flags: BenchFlags): Promise<void> {
  const gpu = await openDevice(flags);
  const { vendor, architecture, description, device } = gpu.description;
  const say: Say = flags.json ? () => {} : (line) => process.stdout.write(`${line}\n`);
  const kernels = chosenKernels(gpu);
  say(`${description || device}, matmul ${kernels.matmul}`);
  const report = flags.train
    ? { training: await trainingReport(gpu, flags, say) }
    : await kernelReport(gpu, flags, say);
  if (!flags.json) return;
  const machine = {
    adapter: { vendor, architecture, name: description, kernels },
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    date: new Date().toISOString(),
  };
  process.stdout.write(`${JSON.stringify({ ...machine, ...report }, null, 1)}\n`);
}
