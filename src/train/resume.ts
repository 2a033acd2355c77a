/** Resuming: each stage continues from its latest checkpoint, if the checkpoint was trained with the same settings. */
import type { Gpu } from '../gpu/gpu.js';
import type { PictureRules } from '../picture/picture.js';
import type { Restored, RunState } from './checkpoint.js';
import { initialParameters, type Part } from './initial.js';
import type { Parameters } from './parameters.js';
import type { RunOrigin } from './run_origin.js';
import { trainImage, trainText } from './stages.js';
import type { TrainFlags, TrainRun } from './training_run.js';

/** How the adapters' projections start: at random, or as CLIP's own. */
export type Init = 'random' | 'clip';

/** Where the checkpoints of earlier runs are. */
export interface CheckpointStore {
  /** Name of the store in error messages. */
  readonly path: string;
  /** The part's latest checkpoint, or undefined when there is none. */
  restore(gpu: Gpu, part: Part): Promise<Restored | undefined>;
}

export interface ResumeOptions {
  /** `random` by default, as published. */
  readonly init?: Init;
  /** Called with the state a stage resumes from. */
  readonly onResume?: (state: RunState) => void;
}

/** The trained adapters. The caller releases them. */
export interface TrainedParameters {
  /** Undefined where stage one has no epochs: stage two then used plain CLIP's anchors. */
  readonly text: Parameters | undefined;
  readonly image: Parameters;
  /** What the last epoch of stage two recorded about scores (`RunState.scores`). */
  readonly scores: string | undefined;
}

/**
 * The settings a checkpoint records, and what it was trained on, as JSON. Those that may change between the runs of one
 * training (numbers of epochs, how often to save, whether to recompute) are blanked.
 */
export function recordedFlags(flags: TrainFlags, init: Init, origin?: RunOrigin, rules: PictureRules = {}): string {
  const blanked = {
    ...flags,
    ...(init === 'clip' ? { init } : {}),
    ...{ textEpochs: 0, imageEpochs: 0, saveEvery: 0, recompute: false },
  };
  // Checkpoints have always called it `checkpointing`; under another name, all older checkpoints would be refused.
  const named = Object.entries(blanked).map(([name, value]) => [name === 'recompute' ? 'checkpointing' : name, value]);
  return JSON.stringify({ ...Object.fromEntries(named), ...origin, ...otherRules(rules) });
}

/** How pictures and masks are read, where it is not as published: checkpoints of runs without such rules have no word of them. */
function otherRules({ orient = false, depth = 'clip', maskThreshold = 1 }: PictureRules): Record<string, unknown> {
  return {
    ...(orient ? { orient } : {}),
    ...(depth === 'clip' ? {} : { depth }),
    ...(maskThreshold === 1 ? {} : { maskThreshold }),
  };
}

/** Settings that are recorded only where they are not as published. */
const UNUSUAL = ['init', 'orient', 'depth', 'maskThreshold'] as const;

/** What the fingerprints in the settings stand for. Older checkpoints have none, and no web page without SHA-256. */
const ORIGIN: Readonly<Record<string, string>> = { list: 'list of samples', weights: 'CLIP (--weights)' };

/** @throws when a checkpoint comes from a run with other settings, samples or weights: a mixture would match neither run */
function checkFlags(state: RunState, now: string, folder: string): void {
  if (state.flags === '' || state.flags === now) return;
  const before = JSON.parse(state.flags) as Record<string, unknown>;
  const wanted = JSON.parse(now) as Record<string, unknown>;
  const differing = [...new Set([...Object.keys(wanted), ...UNUSUAL])]
    .filter((k) => !(Object.hasOwn(ORIGIN, k) && wanted[k] === undefined))
    .filter((k) => !(Object.hasOwn(ORIGIN, k) && before[k] === undefined))
    .filter((k) => JSON.stringify(before[k]) !== JSON.stringify(wanted[k]));
  if (differing.length === 0) return;
  throw new Error(
    `${folder}: its ${state.part} checkpoint was trained with another ${differing.map((k) => ORIGIN[k] ?? k).join(', ')}: use the same settings, or another folder (--save_path)`,
  );
}

/** Parameters and state a stage starts from: its checkpoint's, or fresh ones. */
async function begin(
  run: TrainRun,
  part: Part,
  store: CheckpointStore,
  { init, onResume }: ResumeOptions,
): Promise<Restored> {
  const { gpu, clip, config, flags, flagsText } = run;
  const found = await store.restore(gpu, part);
  if (!found) {
    const name = part === 'text' ? 'text_projection' : 'visual.proj';
    const projection = init === 'clip' ? await clip.readF32(name) : undefined;
    const parameters = initialParameters(gpu, config, part, { ...flags, projection });
    return { parameters, state: { part, epoch: 0, batch: 0, step: 0, flags: flagsText } };
  }
  checkFlags(found.state, flagsText, store.path);
  onResume?.(found.state);
  return { parameters: found.parameters, state: { ...found.state, flags: flagsText } };
}

/**
 * Trains both stages, each from its checkpoint in the store; a stage that has all its epochs is not run again.
 * @throws when a checkpoint was trained with other settings, and what the stages throw
 */
export async function trainStages(
  run: TrainRun,
  store: CheckpointStore,
  options: ResumeOptions = {},
): Promise<TrainedParameters> {
  const { gpu, flags } = run;
  let text: Parameters | undefined;
  let image: Parameters | undefined;
  try {
    if (flags.textEpochs > 0) {
      const { parameters, state } = await begin(run, 'text', store, options);
      text = parameters;
      if (state.epoch < flags.textEpochs) await trainText(run, text, state);
    }
    gpu.trim();
    const { parameters, state } = await begin(run, 'image', store, options);
    image = parameters;
    const end = state.epoch < flags.imageEpochs ? await trainImage(run, image, text, state) : state;
    return { text, image, scores: end.scores };
  } catch (error) {
    text?.[Symbol.dispose]();
    image?.[Symbol.dispose]();
    throw error;
  }
}
