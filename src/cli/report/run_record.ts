/** Where and when a run took place; what a training leaves for its page. */
import { join } from 'node:path';
import type { Gpu } from '../../gpu/gpu.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { programVersion } from '../program.js';
import { keptJson, type Origin } from './kept_results.js';

/** The origin of a run that starts now. */
export function originNow(): Origin {
  return { aaclip: programVersion(), node: process.versions.node, started: new Date().toISOString() };
}

/** The adapter's name as its driver gives it. */
export function adapterName({ description: { vendor, architecture, device, description } }: Gpu): string {
  const model = [vendor, architecture].filter((word) => word !== '').join(' ');
  return [description || device, model].filter((word) => word !== '').join(', ') || 'unnamed';
}

export const TRAINING_FILE = 'training.json';

/** What `training.json` holds. */
export interface TrainingRecord {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
}

/** Writes the flags, adapter, versions and times of a training that has ended. */
export async function recordTraining(folder: string, flags: object, origin: Origin, gpu: Gpu): Promise<void> {
  const ended = new Date().toISOString();
  const record = { flags, origin: { ...origin, adapter: adapterName(gpu), ended } };
  await writeAtomically(join(folder, TRAINING_FILE), new TextEncoder().encode(keptJson(record)));
}
