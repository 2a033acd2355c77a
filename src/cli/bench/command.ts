/** `aaclip bench`: the kernels against the adapter's own ceilings, and a training step against a wasteful one. */
import { cpus } from 'node:os';
import type { Command } from 'commander';
import { chosenKernels } from '../../kernels/kernel_lists.js';
import { type CommonOptions, common, count, openDevice } from '../options.js';
import { type BenchRow, benchKernels } from './kernel_bench.js';
import { benchTraining, type TrainingRow } from './training_bench.js';

interface BenchFlags extends CommonOptions {
  readonly only?: string;
  readonly samples: number;
  readonly train?: boolean;
  readonly tiny?: boolean;
  readonly img_size: number;
  readonly batch_size: number;
}

export function benchCommand(program: Command): void {
  common(
    program
      .command('bench')
      .description(
        'Time the kernels at the sizes of ViT-L/14 at 518 px, against measured multiply-add and copy ceilings.',
      )
      .option('--only <text>', 'rows whose name contains it')
      .option('--samples <n>', 'samples a row; the median counts', count(1), 5)
      .option('--train', 'time a step of stage two instead, with and without gradients for the frozen weights')
      .option('--tiny', 'with --train: the smallest model instead of ViT-L/14')
      .option('--img_size <px>', 'with --train: size of the pictures', count(14), 518)
      .option('--batch_size <n>', 'with --train: pictures a step', count(1), 2),
  ).action(runBench);
}

const line = (row: BenchRow): string => {
  const cells = [row.ms, row.gflops, row.gbytes, row.ofCeiling].map((v) => v.toFixed(1).padStart(8));
  return `${row.name.padEnd(42)} ${cells[0]} ms ${cells[1]} GFLOP/s ${cells[2]} GB/s ${cells[3]} % of ceiling`;
};

const trainLine = (row: TrainingRow): string =>
  `gradients of ${row.gradients}${row.checkpointing ? ', checkpointing' : ''}: ${row.secondsPerStep.toFixed(2)} s a step, ${row.stepsPerSecond.toFixed(3)} steps/s, peak ${(row.peakMemory / 2 ** 30).toFixed(2)} GiB`;

async function runBench(flags: BenchFlags): Promise<void> {
  const gpu = await openDevice(flags);
  const { description } = gpu;
  const say = (text: string): void => {
    if (!flags.json) process.stdout.write(`${text}\n`);
  };
  say(`${description.description || description.device}, matmul ${chosenKernels(gpu).matmul}`);
  const { architecture, description: name, vendor } = description;
  const machine = {
    adapter: { vendor, architecture, name },
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    date: new Date().toISOString(),
  };
  if (flags.train) {
    const { img_size: imageSize, batch_size: batch, samples: steps } = flags;
    const report = await benchTraining(gpu, { tiny: flags.tiny ?? false, imageSize, batch, steps }, (row) =>
      say(trainLine(row)),
    );
    say(
      `${report.model} at ${imageSize} px, batch ${batch}: all gradients take ${report.timeRatio.toFixed(2)} times the time and ${report.memoryRatio.toFixed(2)} times the memory`,
    );
    if (flags.json) process.stdout.write(`${JSON.stringify({ ...machine, training: report }, null, 1)}\n`);
    return;
  }
  const report = await benchKernels(gpu, flags.samples, flags.only, (row) => say(line(row)));
  say(
    `ceilings: ${report.multiplyAddGflops.toFixed(1)} GFLOP/s multiply-add, ${report.copyGbytes.toFixed(1)} GB/s copy`,
  );
  if (flags.json) process.stdout.write(`${JSON.stringify({ ...machine, ...report }, null, 1)}\n`);
}
