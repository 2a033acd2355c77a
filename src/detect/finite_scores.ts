/** Results that are no numbers: nothing may be concluded from them. */
import { AaclipError } from './errors.js';

/** The results of a picture, as the device gave them. */
export interface RawScores {
  /** [S, S], the sum of the levels' maps. */
  readonly sum: Float32Array;
  /** The detection token's score. */
  readonly score: number;
}

// Loops over a map, here and elsewhere, are plain ones: a call for each of 268,000 pixels takes longer than the rest of a picture's result.
function areFinite(values: Float32Array): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return false;
  return true;
}

/**
 * The error of a picture whose score or map holds NaN or infinity: compared with a threshold, it would pass as normal.
 * @param name of the picture
 * @param precision of the device it was computed on
 * @returns undefined where all are numbers
 */
export function scoreFault(name: string, { sum, score }: RawScores, precision: 'f32' | 'f16'): AaclipError | undefined {
  const where = Number.isFinite(score) ? (areFinite(sum) ? undefined : 'map') : 'score';
  if (where === undefined) return undefined;
  const why =
    precision === 'f16'
      ? 'numbers too large for f16, or faulty weights: use precision f32'
      : 'the weights or the checkpoint are damaged, or the device computes wrongly: get the files again, or use another WebGPU adapter or other kernels';
  return new AaclipError('score', `${name}: no result: the ${where} holds NaN or infinity: ${why}`, { file: name });
}
