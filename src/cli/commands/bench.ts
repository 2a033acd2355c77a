/** `aaclip bench`: the kernels against the adapter's own ceilings. */
import { cpus } from 'node:os';
import type { Command } from 'commander';
import { benchKernels } from '../bench/kernels.js';
import { type CommonOptions, common, count, openDevice } from '../options.js';

interface BenchFlags extends CommonOptions {
  readonly only?: string;
  readonly samples: number;
}

export function benchCommand(program: Command): void {
  common(
    program
      .command('bench')
      .description(
        'Time the kernels at the sizes of ViT-L/14 at 518 px, against measured multiply-add and copy ceilings.',
      )
      .option('--only <text>', 'rows whose name contains it')
      .option('--samples <n>', 'samples a row; the median counts', count(1), 5),
  ).action(async (flags: BenchFlags) => {
    const gpu = await openDevice(flags);
    const { description, traits } = gpu;
    if (!flags.json)
      process.stdout.write(`${description.description || description.device}, class ${traits.adapterClass}\n`);
    const report = await benchKernels(gpu, flags.samples, flags.only, (row) => {
      if (flags.json) return;
      const cells = [row.ms.toFixed(1), row.gflops.toFixed(1), row.gbytes.toFixed(1), row.ofCeiling.toFixed(1)];
      const [ms, gflops, gbytes, share] = cells.map((c) => c.padStart(8));
      process.stdout.write(`${row.name.padEnd(42)} ${ms} ms ${gflops} GFLOP/s ${gbytes} GB/s ${share} % of ceiling\n`);
    });
    const { architecture, description: name, vendor } = description;
    const machine = {
      adapter: { vendor, architecture, name },
      cpu: cpus()[0]?.model,
      cores: cpus().length,
      date: new Date().toISOString(),
    };
    if (flags.json) process.stdout.write(`${JSON.stringify({ ...machine, ...report }, null, 1)}\n`);
    else {
      process.stdout.write(
        `ceilings: ${report.multiplyAddGflops.toFixed(1)} GFLOP/s multiply-add, ${report.copyGbytes.toFixed(1)} GB/s copy\n`,
      );
    }
  });
}
