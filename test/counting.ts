/** Devices that count instead of computing, and what a plan for them needs. */
import type { ClassTokens } from '../src/detect/class_tokens.js';
import type { Gpu } from '../src/gpu/gpu.js';

/** A class with as many prompts as a published one, of ten tokens each. */
export function promptsOf(name: string, context = 77): ClassTokens {
  const ids = (count: number): Uint32Array => {
    const all = new Uint32Array(count * context);
    for (let i = 0; i < count; i++) all.set([49406, 320, 320, 320, 320, 320, 320, 320, 320, 49407], i * context);
    return all;
  };
  return { name, domain: 'Industrial', normal: ids(6), abnormal: ids(10) };
}

/** A counting device with the traits of a graphics card, which multiplies weights in rows, and with room for any buffer. */
export const graphicsCard = (gpu: Gpu): Gpu =>
  gpu.counting({
    traits: { software: false, barriersAreExpensive: false, loadsAreExpensive: false, subgroupSize: 32 },
    limits: { maxStorageBufferBindingSize: 2 ** 31, maxBufferSize: 2 ** 32 },
  });
