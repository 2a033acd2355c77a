/** Options of every command: output and device. How numbers in flags are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Gpu } from '../gpu/gpu.js';
import type { Precision } from '../model/weights.js';
import { openGpu } from '../node/device.js';
import { withQuietNativeCode } from '../node/quiet.js';

export interface DebugFlags {
  readonly debug?: boolean;
}

export interface OutputFlags extends DebugFlags {
  readonly json?: boolean;
}

export interface DeviceFlags {
  readonly adapter?: string;
  readonly precision: Precision;
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

/** Adds `--adapter --precision --default-toggles --json --debug`. */
export function common(command: Command): Command {
  return outputOptions(
    command
      .option('--adapter <name>', 'WebGPU adapter to use, by a part of its name (default: the fastest one)')
      .addOption(
        new Option(
          '--precision <kind>',
          'precision of the weights: f32 keeps them exact; f16 rounds matrices and halves their memory',
        )
          .choices(['f32', 'f16'])
          .default('f32'),
      )
      .option('--default-toggles', "use Dawn's default settings, as browsers do"),
  );
}

/** Opens the device chosen by the flags; the driver's own remarks are kept off the terminal. */
export function openDevice(flags: Omit<DeviceFlags, 'precision'>): Promise<Gpu> {
  return withQuietNativeCode(() => openGpu({ adapter: flags.adapter, defaultToggles: flags.defaultToggles }));
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
