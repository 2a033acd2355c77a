/** Options of `aaclip bench`. */
import type { Command } from 'commander';
import { type CommonOptions, common, count } from '../options.js';

export interface BenchFlags extends CommonOptions {
  readonly only?: string;
  readonly samples: number;
  readonly quick?: boolean;
  readonly variants?: boolean;
  readonly train?: boolean;
  readonly tiny?: boolean;
  readonly img_size: number;
  readonly batch_size: number;
}

/** Declares the command with its options. */
export function benchOptions(program: Command): Command {
  return common(
    program
      .command('bench')
      .description(
        'Time every op at the sizes of ViT-L/14 at 518 px, against the measured multiply-add and copy ceilings.',
      )
      .option('--only <globs>', 'ops or rows to time, with * and ?, separated by commas: "attention,*backward"')
      .option('--samples <n>', 'samples per row, at most; the median is reported', count(1), 5)
      .option('--quick', 'small sizes and one call per row: for trying the benchmark, not for figures to quote')
      .option('--variants', 'also time the other kernels that run on the adapter, where an op has several')
      .option('--train', 'time a step of stage two instead, with and without gradients for the frozen weights')
      .option('--tiny', 'with --train: the smallest model instead of ViT-L/14')
      .option('--img_size <px>', 'with --train: resize pictures to this side', count(14), 518)
      .option('--batch_size <n>', 'with --train: pictures per step', count(1), 2),
  );
}
