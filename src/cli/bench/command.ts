/** `aaclip bench`: the one place where speed and memory are measured. */
import { cpus } from 'node:os';
import type { Command } from 'commander';
import { chosenKernels } from '../../kernels/kernel_lists.js';
import { openDevice } from '../options.js';
import { type BenchFlags, benchOptions, WHAT, type What } from './flags.js';
import { runKit } from './kit.js';
import { drawReport } from './report_file.js';
import { runWhat, type Say } from './runs.js';

export function benchCommand(program: Command): void {
  benchOptions(program).action(runBench);
}

/** Facts about the machine that belong to every result. */
async function machineOf(flags: BenchFlags): Promise<object> {
  using gpu = await openDevice(flags);
  const { vendor, architecture, device, description } = gpu.description;
  return {
    adapter: { vendor, architecture, device, name: description, kernels: chosenKernels(gpu), tiles: gpu.tiles },
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    date: new Date().toISOString(),
  };
}

function whatOf(word: string, flags: BenchFlags): What {
  const what = flags.train ? 'train' : flags.tune ? 'tune' : flags.peers ? 'peers' : word;
  if (!Object.hasOwn(WHAT, what)) {
    throw new Error(`bench: nothing called "${what}": expected one of ${Object.keys(WHAT).join(', ')}`);
  }
  return what as What;
}

async function runBench(word: string, files: string[], flags: BenchFlags): Promise<void> {
  const what = whatOf(word, flags);
  const say: Say = flags.json ? () => {} : (line) => void process.stdout.write(`${line}\n`);
  if (what === 'report') return drawReport(files, flags.report, say);
  if (what === 'kit') return runKit(flags, say);
  const machine = await machineOf(flags);
  const { adapter } = machine as { adapter: { name: string; device: string; kernels: Record<string, string> } };
  say(`${adapter.name || adapter.device}, matmul ${adapter.kernels.matmul}`);
  const result = { what, precision: flags.precision, ...machine, ...(await runWhat(what, flags, say)) };
  if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 1)}\n`);
  if (flags.report !== undefined) await drawReport([result], flags.report, say);
}
