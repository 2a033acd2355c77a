/** What our checkpoints record of their training: settings, since adapters must be used as they were trained, and scores. */
import type { Activation } from '../kernels/epilogue.js';
import { readScoreRecords, type ScoreRecords } from './score_records.js';

export interface TrainedWith {
  readonly imageSize?: number;
  readonly textMix?: number;
  readonly imageMix?: number;
  readonly activation?: Activation;
  /** How scores were spread on training pictures; in checkpoints of whole epochs. */
  readonly scores?: ScoreRecords;
}

const positive = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0;

/** What a checkpoint's metadata says in `flags` and `scores`. The published program's files say nothing. */
export function trainedWith(metadata: ReadonlyMap<string, string> | undefined): TrainedWith {
  let recorded: unknown;
  try {
    recorded = JSON.parse(metadata?.get('flags') ?? '{}');
  } catch {
    // Another program's metadata of that name.
  }
  const { imageSize, textMix, imageMix, activation } = Object(recorded) as Readonly<Record<string, unknown>>;
  const scores = readScoreRecords(metadata?.get('scores'));
  return {
    ...(positive(imageSize) ? { imageSize } : {}),
    ...(positive(textMix) ? { textMix } : {}),
    ...(positive(imageMix) ? { imageMix } : {}),
    ...(activation === 'gelu' || activation === 'quickgelu' ? { activation } : {}),
    ...(scores ? { scores } : {}),
  };
}
