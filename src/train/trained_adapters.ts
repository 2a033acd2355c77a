/** What a training gives: its adapters as files. */
import { joinedChunks } from '../io/joined_chunks.js';
import { encodeCheckpoint, type RunState } from './checkpoint.js';
import type { Parameters } from './parameters.js';
import type { TrainedParameters } from './resume.js';
import type { TrainRun } from './training_run.js';

/** Trained adapters as files of safetensors, which `loadDetector` takes as its `adapters`. */
export interface TrainedAdapters {
  /** Undefined where stage one has no epochs: plain CLIP's text tower is then used. */
  readonly text: Uint8Array<ArrayBuffer> | undefined;
  readonly image: Uint8Array<ArrayBuffer>;
}

/** The adapters at the end of a run. */
export async function encodeTrained(
  { text, image, scores }: TrainedParameters,
  { flags, flagsText }: TrainRun,
): Promise<TrainedAdapters> {
  const encode = async (parameters: Parameters, state: Pick<RunState, 'part' | 'epoch' | 'scores'>) =>
    joinedChunks(await encodeCheckpoint(parameters, { ...state, batch: 0, step: parameters.step, flags: flagsText }));
  return {
    text: text && (await encode(text, { part: 'text', epoch: flags.textEpochs })),
    image: await encode(image, { part: 'image', epoch: flags.imageEpochs, scores }),
  };
}
