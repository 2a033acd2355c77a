/** The devices tests run on: one adapter with each of the choices of kernels it offers. Opened once for the whole run. */
import type { Gpu } from '../src/gpu/gpu.js';
import { kernelChoices } from '../src/kernels/kernel_lists.js';
import { openGpu } from '../src/node/device.js';

const NAMES = ['best', 'second', 'third', 'fourth', 'fifth', 'sixth'] as const;

/** Which kernel of its list every op takes: the best that runs on this machine, the next, and so on. */
export type Variant = (typeof NAMES)[number];

// Throws (never skips) when this machine has no adapter.
const best = openGpu();
const choices = kernelChoices((await best).traits);
if (choices.length > NAMES.length) throw new Error(`tests: ${choices.length} choices of kernels need as many names`);

/** As many as the longest list of kernels that run here; an op with fewer repeats its last. */
export const variants: readonly Variant[] = NAMES.slice(0, choices.length);

const open = new Map<number, Promise<Gpu>>([[0, best]]);

/** The device of a variant; the last one where this machine has fewer. */
export function device(variant: Variant = 'best'): Promise<Gpu> {
  const at = Math.min(NAMES.indexOf(variant), choices.length - 1);
  let gpu = open.get(at);
  if (!gpu) {
    gpu = openGpu({ kernels: choices[at] });
    open.set(at, gpu);
  }
  return gpu;
}

/** A device whose choice for an op is this kernel. @throws when none runs it here */
export function deviceTaking(op: string, kernel: string): Promise<Gpu> {
  const at = choices.findIndex((choice) => choice[op] === kernel);
  if (at < 0) throw new Error(`this test needs an adapter that runs the kernel ${kernel} of ${op}`);
  return device(NAMES[at]);
}
