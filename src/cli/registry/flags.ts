/** The flags of `registry`. */
import type { Command } from 'commander';
import { type RegistryFlags, registryOptions } from '../data_options.js';
import { type DebugFlags, debugOption } from '../options.js';

export interface RegistryCommandFlags extends RegistryFlags, DebugFlags {}

export function registryCommandOptions(command: Command): Command {
  return debugOption(registryOptions(command));
}
