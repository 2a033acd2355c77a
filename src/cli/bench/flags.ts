/** Options of `aaclip bench`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CommonOptions, common, count } from '../options.js';

/** What can be measured, with a line on each for the help. */
export const WHAT = {
  kernels: 'every op at the sizes of ViT-L/14 at 518 px, forward and backward',
  ceilings: 'multiply-adds, copies and, where there are any, matrix units, with nothing in the way',
  block: 'a block of the image tower, forward and backward',
  forward: 'whole pictures through the adapted image tower',
  train: 'a step of each stage; of stage two also with recomputation and with gradients for the frozen weights',
  start: 'start-up to the first result, with and without what earlier starts kept',
  references: 'a forward pass with and without reference pictures, in turn: time and memory',
  memory: 'the most memory of each job',
  growth: 'time and memory against batch and tokens, with straight lines through them',
  precision: 'how far f16 is off on this adapter, and what it gains',
  tune: 'the fastest tiles for this adapter, timed inside a block; kept for later starts',
  peers: 'a block and its ops beside other WebGPU libraries (npm install --prefix bench/peers)',
  kit: 'all of this in order, within --budget seconds, into --out',
  report: 'no measurement: charts of earlier results (--json), to --report',
} as const;

export type What = keyof typeof WHAT;

export interface BenchFlags extends CommonOptions {
  readonly only?: string;
  readonly samples: number;
  readonly rounds: number;
  readonly quick?: boolean;
  readonly variants?: boolean;
  readonly train?: boolean;
  readonly tune?: boolean;
  readonly peers?: boolean;
  readonly tiny?: boolean;
  readonly layers?: number;
  readonly img_size?: number;
  readonly references: number;
  readonly batch_size: number;
  readonly batches?: readonly number[];
  readonly weights: string;
  readonly adapters: string;
  readonly budget?: number;
  readonly out?: string;
  readonly resume?: boolean;
  readonly python: string;
  readonly report?: string;
}

function counts(text: string): number[] {
  const list = text.split(',').map(Number);
  if (!list.every((n) => Number.isInteger(n) && n > 0)) throw new InvalidArgumentError('expected numbers such as 1,8.');
  return list;
}

/** Declares the command with its options. */
export function benchOptions(program: Command): Command {
  const things = Object.entries(WHAT).map(([name, text]) => `  ${name.padEnd(10)} ${text}`);
  return common(
    program
      .command('bench')
      .description('Measure speed and memory, against what the same adapter can do at best.')
      .argument('[what]', `one of ${Object.keys(WHAT).join(', ')}`, 'kernels')
      .argument('[files...]', 'with report: results to draw')
      .option(
        '--only <globs>',
        'kernels: ops or rows, with * and ?, separated by commas: "attention,*backward"; peers: ops, "block"',
      )
      .option('--samples <n>', 'samples per row, at most; the median is reported', count(1), 5)
      .option('--rounds <n>', 'peers: how often every library is run, in turn', count(1), 1)
      .option('--quick', 'small sizes and one call per row: for trying the benchmark, not for figures to quote')
      .option('--variants', 'kernels: also the other kernels that run on the adapter, where an op has several')
      .addOption(new Option('--train', 'the same as "bench train"'))
      .addOption(new Option('--tune', 'the same as "bench tune"'))
      .addOption(new Option('--peers', 'the same as "bench peers"'))
      .option('--tiny', 'the smallest model instead of ViT-L/14')
      .option('--layers <n>', 'blocks of the image tower (default: all of the model)', count(1))
      .option('--img_size <px>', 'side of the pictures (default: 518; with --tiny 56, the small model 256)', count(14))
      .option('--references <n>', 'references: good pictures whose patches are compared', count(1), 8)
      .option('--batch_size <n>', 'train: pictures per step', count(1), 2)
      .option('--batches <list>', 'pictures at a time (default: 1,8; on CPU adapters 1)', counts)
      .option('--weights <file>', 'start: CLIP weights', 'tiny')
      .option('--adapters <dir>', 'start: adapters', 'tiny')
      .option('--budget <s>', 'tune, kit: seconds (default: tune 120, kit 420)', count(1))
      .option('--out <dir>', 'kit: where results go')
      .option('--resume', 'kit: leave out stages whose results are in --out')
      .option('--python <program>', 'kit: Python with PyTorch, for its rows beside ours', 'python3')
      .option('--report <file>', 'also draw charts, as .html or .svg'),
  ).addHelpText('after', `\nWhat can be measured:\n${things.join('\n')}`);
}
