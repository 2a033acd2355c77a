/** The flags of `methods`. */
import type { Command } from 'commander';
import { type OutputFlags, outputOptions } from '../options.js';

export type MethodsFlags = OutputFlags;

export const methodsOptions = (command: Command): Command => outputOptions(command);
