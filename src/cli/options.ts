/** Options every command takes, and how numbers in them are read. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Gpu } from '../gpu/gpu.js';
import type { Precision } from '../model/weights.js';
import { openGpu } from '../node/device.js';
import { withQuietNativeCode } from '../node/quiet.js';

export interface CommonOptions {
  readonly adapter?: string;
  readonly precision: Precision;
  readonly json?: boolean;
  readonly debug?: boolean;
  readonly defaultToggles?: boolean;
}

/** Adds `--adapter --precision --default-toggles --json --debug`. */
export function common(command: Command): Command {
  return command
    .option('--adapter <name>', 'WebGPU adapter to use, by a part of its name (default: the fastest there is)')
    .addOption(
      new Option('--precision <kind>', 'f32 keeps every weight exactly; f16 rounds matrices to half the memory')
        .choices(['f32', 'f16'])
        .default('f32'),
    )
    .option('--default-toggles', "the driver's own settings, as a browser would run")
    .option('--json', 'machine-readable output')
    .option('--debug', 'show where an error came from');
}

/** Opens the device the common options ask for, quietly. */
export function openDevice(options: CommonOptions): Promise<Gpu> {
  return withQuietNativeCode(() => openGpu({ adapter: options.adapter, defaultToggles: options.defaultToggles }));
}

/** A whole number of at least `least`. */
export function count(least = 1): (text: string) => number {
  return (text) => {
    const n = Number(text);
    if (!Number.isInteger(n) || n < least)
      throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
    return n;
  };
}

/** Any finite number. */
export function number(text: string): number {
  const n = Number(text);
  if (text.trim() === '' || !Number.isFinite(n)) throw new InvalidArgumentError('expected a number.');
  return n;
}
