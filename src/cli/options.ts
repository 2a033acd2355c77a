/** Options of every command: output and device. How numbers in flags are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Gpu } from '../gpu/gpu.js';
import type { Precision } from '../model/weights.js';
import { openGpu } from '../node/device.js';
import { withQuietNativeCode } from '../node/quiet.js';
import { choosePrecision } from './precision_choice.js';

export interface DebugFlags {
  readonly debug?: boolean;
}

export interface OutputFlags extends DebugFlags {
  readonly json?: boolean;
}

export interface DeviceFlags {
  readonly adapter?: string;
  /** `auto` is resolved before a command's action runs. */
  readonly precision: Precision;
  readonly kernels?: Readonly<Record<string, string>>;
  readonly defaultToggles?: boolean;
}

/** Flags of a command that opens a device. */
export interface CommonOptions extends DeviceFlags, OutputFlags {}

/** Adds `--debug`; `main` reads it. */
export function debugOption(command: Command): Command {
  return command.option('--debug', 'print the stack trace of an error');
}

/** Adds `--json --debug`. */
export function outputOptions(command: Command): Command {
  return debugOption(command.option('--json', 'print JSON, for use by other programs'));
}

/** Adds `--adapter --kernels --default-toggles`. */
export function adapterOptions(command: Command): Command {
  return command
    .option('--adapter <name>', 'WebGPU adapter to use, by a part of its name (default: the fastest one)')
    .option('--kernels <choices>', 'kernels to take, as info lists them: "matmul=tile,attention=tile"', kernelChoice)
    .option('--default-toggles', "use Dawn's default settings, as browsers do");
}

/** Adds `--precision --adapter --kernels --default-toggles --json --debug`. */
export function common(command: Command): Command {
  const precision = new Option(
    '--precision <kind>',
    'f32 keeps weights exact; f16 rounds matrices, halves their memory and lets matrix units round activations; auto: f16 where a trial on this adapter is good enough',
  )
    .choices(['f32', 'f16', 'auto'])
    .default('f32');
  return outputOptions(adapterOptions(resolvesPrecision(command).addOption(precision)));
}

/** Replaces `--precision auto` before the command's action runs. */
function resolvesPrecision(command: Command): Command {
  return command.hook('preAction', async (_, action) => {
    const flags = action.opts<
      Omit<DeviceFlags, 'precision'> & { readonly precision: string; readonly queue?: string }
    >();
    if (flags.precision === 'auto' && flags.queue !== undefined) {
      throw new Error('--precision auto: with --queue, all workers compute alike: give f32 or f16');
    }
    if (flags.precision === 'auto') action.setOptionValue('precision', await choosePrecision(flags));
  });
}

/** Reads `op=kernel,op=kernel`. */
function kernelChoice(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => /^\s*(\w+)=(.+?)\s*$/.exec(pair));
  if (pairs.includes(null)) throw new InvalidArgumentError('expected op=kernel, separated by commas.');
  return Object.fromEntries(pairs.map((pair) => [pair![1]!, pair![2]!]));
}

/** Opens the device chosen by the flags; the driver's own remarks are kept off the terminal. */
export async function openDevice(flags: Omit<DeviceFlags, 'precision'> & { precision?: Precision }): Promise<Gpu> {
  const { adapter, kernels, precision, defaultToggles } = flags;
  const notes: string[] = [];
  const onNote = (note: string): void => void notes.push(note);
  const gpu = await withQuietNativeCode(() => openGpu({ adapter, kernels, precision, defaultToggles, onNote }));
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  return gpu;
}

/** Reads a whole number of at least `least`. */
export function count(least = 1): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < least)
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
    return n;
  };
}

/** Reads any finite number. */
export function number(text: string): number {
  const n = Number(text);
  if (text.trim() === '' || !Number.isFinite(n)) throw new InvalidArgumentError('expected a number.');
  return n;
}

/** Reads a number above zero. */
export function positive(text: string): number {
  const n = number(text);
  if (n <= 0) throw new InvalidArgumentError('expected a number above 0.');
  return n;
}
