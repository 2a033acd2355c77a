/** What the flags ask for of the published protocol, and what is there for it. */
import {
  type ProtocolPart,
  PUBLISHED_EPOCH,
  PUBLISHED_MODEL,
  PUBLISHED_ROWS,
  type PublishedShot,
} from '../../data/published_figures.js';
import type { ClipConfig } from '../../model/config.js';
import { VIT_L_14_336 } from '../../model/synthetic.js';
import { PUBLISHED_SETTINGS } from '../../train/training_options.js';
import { lineOf } from '../endings.js';
import type { FoundSet } from '../test_all/found_sets.js';
import { toTrainFlags } from '../train/engine_flags.js';
import type { TrainCommandFlags } from '../train/flags.js';
import { isTrained, seedFolder } from '../train/sweep_folder.js';
import { openTrainingList } from '../train/training_list.js';
import type { ReproduceFlags } from './flags.js';

/** A part of the protocol with what is there of its data. */
export interface PlannedPart {
  readonly train: string;
  readonly folder: string;
  /** Why it cannot be run; undefined where it can. */
  readonly fault: string | undefined;
  /** Pictures that are trained on. */
  readonly pictures: number;
  /** Pictures of the list that they come from. */
  readonly pool: number;
  /** Seeds whose training has come to its end. */
  readonly trained: readonly number[];
  /** Steps of both stages, for each seed. */
  readonly steps: number;
  readonly tests: readonly { readonly dataset: string; readonly pictures: number }[];
  readonly missing: readonly { readonly dataset: string; readonly why: string }[];
}

/** `full` or the number of shots, for names of folders and files. */
export const shotName = ({ training_mode, shot }: ReproduceFlags): string =>
  training_mode === 'full_shot' ? 'full-shot' : `${shot}-shot`;

export function epochOf({ epoch, training_mode, image_epoch }: ReproduceFlags): number {
  const preset = training_mode === 'full_shot' ? Math.min(PUBLISHED_EPOCH, image_epoch) : image_epoch;
  const chosen = epoch ?? preset;
  if (chosen >= 1 && chosen <= image_epoch) return chosen;
  throw new Error(`--epoch ${chosen}: no such epoch: expected 1 to ${image_epoch}, as many as --image_epoch says`);
}

const whyMissing = ({ needs, fault }: FoundSet): string => needs ?? fault ?? 'has no pictures';

export async function planPart(
  { train, test }: ProtocolPart,
  flags: TrainCommandFlags,
  seeds: readonly number[],
  found: ReadonlyMap<string, FoundSet>,
): Promise<PlannedPart> {
  const sets = test.map((name) => found.get(name)!);
  const tests = sets.flatMap(({ name, tested }) =>
    tested ? [{ dataset: name, pictures: tested.set.samples.length }] : [],
  );
  const missing = sets.filter(({ tested }) => !tested).map((one) => ({ dataset: one.name, why: whyMissing(one) }));
  const own = { ...flags, dataset: train };
  const trained = seeds.filter((seed) => isTrained(seedFolder(flags.save_path, seed)));
  const none = { train, folder: flags.save_path, trained, pictures: 0, pool: 0, steps: 0, tests, missing };
  const source = found.get(train)!;
  if (!source.tested) return { ...none, fault: `nothing to train on: ${train} ${whyMissing(source)}` };
  if (tests.length === 0) return { ...none, fault: 'none of its data sets is there to be tested' };
  try {
    const { samples, pool } = await openTrainingList(own);
    const batches = (size: number): number => Math.ceil(samples.length / size);
    const steps =
      flags.text_epoch * batches(flags.text_batch_size) + flags.image_epoch * batches(flags.image_batch_size);
    return { ...none, fault: undefined, pictures: samples.length, pool: pool.length, steps };
  } catch (error) {
    return { ...none, fault: lineOf(error) };
  }
}

const VIT_SIZE = 518;
const SIZES = ['patch', 'visionWidth', 'visionLayers', 'textWidth', 'textLayers'] as const;

/** Why figures of this run have no published counterpart; undefined where they have. */
export function refusalOf(
  flags: ReproduceFlags,
  config: ClipConfig,
  shot: PublishedShot | undefined,
): string | undefined {
  const model = SIZES.every((key) => config[key] === VIT_L_14_336[key]) && !flags.weights.startsWith('synthetic');
  const ours = [
    ...(model ? [] : [`--weights ${flags.weights}`]),
    ...(flags.img_size === VIT_SIZE ? [] : [`--img_size ${flags.img_size}`]),
  ];
  if (ours.length > 0)
    return `Not compared: the published figures are for ${PUBLISHED_MODEL}; here: ${ours.join(', ')}.`;
  if (shot === undefined) {
    return `Not compared: no figures were published for --shot ${flags.shot}: expected 2, 16 or 64, or full_shot.`;
  }
  return undefined;
}

/** Settings of the training that are no matter of the model or the data, or may differ without a difference in figures. */
const OWN = ['imageSize', 'seed', 'vvBlocks', 'recompute', 'saveEvery'];

/** A line that names the settings that are not as published; undefined where all are. */
export function otherSettings(flags: TrainCommandFlags, { visionLayers }: ClipConfig): string | undefined {
  const ours = { ...toTrainFlags(flags, visionLayers), init: flags.init } as Readonly<Record<string, unknown>>;
  const published = { ...PUBLISHED_SETTINGS, init: 'random' } as Readonly<Record<string, unknown>>;
  const text = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));
  const names = Object.keys(published).filter((key) => !OWN.includes(key) && text(ours[key]) !== text(published[key]));
  if (names.length === 0) return undefined;
  return `Settings other than the published ones: ${names.map((key) => `${key} ${text(ours[key])}`).join(', ')}.`;
}

export function publishedShot({ training_mode, shot }: ReproduceFlags): PublishedShot | undefined {
  const wanted = training_mode === 'full_shot' ? 'full' : shot;
  return PUBLISHED_ROWS.find((row) => row.shot === wanted)?.shot;
}
