/** The training settings that our checkpoints record: adapters must be used as they were trained. */
import type { Activation } from '../kernels/epilogue.js';

export interface TrainedWith {
  readonly imageSize?: number;
  readonly textMix?: number;
  readonly imageMix?: number;
  readonly activation?: Activation;
}

const positive = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0;

/** The settings in a checkpoint's metadata `flags`. The published program's files carry none. */
export function trainedWith(flags: string | undefined): TrainedWith {
  let recorded: unknown;
  try {
    recorded = JSON.parse(flags ?? '{}');
  } catch {
    // Another program's metadata of that name.
  }
  const { imageSize, textMix, imageMix, activation } = Object(recorded) as Readonly<Record<string, unknown>>;
  return {
    ...(positive(imageSize) ? { imageSize } : {}),
    ...(positive(textMix) ? { textMix } : {}),
    ...(positive(imageMix) ? { imageMix } : {}),
    ...(activation === 'gelu' || activation === 'quickgelu' ? { activation } : {}),
  };
}
