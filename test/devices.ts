/** The devices tests run on: one adapter under every kernel class it offers. Opened once for the whole run. */

import type { Gpu, GpuOptions } from '../src/gpu/gpu.js';
import { openGpu } from '../src/node/device.js';

/** Kernel classes: panels (CPU adapters), tiles with subgroups, tiles without. */
export const VARIANTS = {
  cpu: {},
  gpu: { adapterClass: 'gpu' },
  'gpu, no subgroups': { adapterClass: 'gpu', noSubgroups: true },
} as const satisfies Record<string, GpuOptions>;

export type Variant = keyof typeof VARIANTS;
export const variants = Object.keys(VARIANTS) as Variant[];

const open = new Map<Variant, Promise<Gpu>>();

/** The device of a variant; throws (never skips) when this machine has no adapter. */
export function device(variant: Variant = 'cpu'): Promise<Gpu> {
  let gpu = open.get(variant);
  if (!gpu) {
    gpu = openGpu(VARIANTS[variant]);
    open.set(variant, gpu);
  }
  return gpu;
}
