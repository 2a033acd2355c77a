/** The device memory that a model takes at each size of pictures, counted before anything is loaded. */
import { inferenceMemory } from '../detect/inference_memory.js';
import { type DetectorOptions, describeModel } from '../detect/open_model.js';
import type { LibraryHost } from '../detect/sources.js';
import type { Gpu } from '../gpu/gpu.js';

/** Memory at one size. */
export interface PlannedMemory {
  /** Side that pictures are resized to, in pixels. */
  readonly imageSize: number;
  /** Bytes that stay between pictures. */
  readonly weights: number;
  /** Bytes at the worst moment. */
  readonly peak: number;
}

/**
 * Counts the memory of one picture at a time, for each size that the device's limits allow.
 * @throws AaclipError when a file cannot be read
 */
export async function memoryPlan(
  host: LibraryHost,
  gpu: Gpu,
  options: DetectorOptions,
  sizes: readonly number[],
): Promise<PlannedMemory[]> {
  const { clip, adapters, classes, settings } = await describeModel(host, options);
  const plan: PlannedMemory[] = [];
  for (const imageSize of sizes) {
    // A size that the device cannot hold has no row.
    const need = await inferenceMemory(gpu, { clip, adapters, classes, ...settings, imageSize }, 1).catch(
      () => undefined,
    );
    if (need) plan.push({ imageSize, ...need });
  }
  return plan;
}
