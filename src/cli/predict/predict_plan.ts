/** What workers need to know of `aaclip predict --queue`: a small file in the store that all its tasks name. */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { calibrationFile } from '../../detect/calibration.js';
import { openAdapters, openClip } from '../../node/open_weights.js';
import { readConfig } from '../../node/settings_file.js';
import { fetchChecked } from '../queue/checked.js';
import { FILE_REF, type FileFetcher, type FileRef, publish, publishJson } from '../queue/file_refs.js';
import type { Store } from '../queue/store.js';
import { MODEL_REF, type ModelRef, modelPath, namedEverywhere, publishWeights } from '../queue/weights_refs.js';
import { RANGES } from './colours.js';
import type { PredictFlags } from './flags.js';

const COUNT = z.int().min(1).optional();

/** The flags that change what is said of a picture or drawn of it, by their names. */
const FLAGS = z.strictObject({
  class: z.string().min(1),
  dataset: z.string().optional(),
  domain: z.enum(['Industrial', 'Medical']).optional(),
  method: z.string().optional(),
  levels: z.array(z.int().min(1)).optional(),
  img_size: COUNT,
  text_adapt_weight: z.number().optional(),
  image_adapt_weight: z.number().optional(),
  activation: z.enum(['gelu', 'quickgelu']).optional(),
  precision: z.enum(['f32', 'f16']),
  tile: z.union([z.int().min(1), z.literal(true)]).optional(),
  overlap: z.int().min(0).optional(),
  batch_size: COUNT,
  max_pixels: COUNT,
  depth: z.union([z.enum(['clip', 'scale']), z.int()]),
  orient: z.boolean().optional(),
  threshold: z.number().optional(),
  pixel_threshold: z.number().optional(),
  heatmap: z.boolean(),
  map: z.boolean().optional(),
  raw: z.enum(['npy', 'safetensors']).optional(),
  range: z.enum(RANGES),
  legend: z.boolean(),
});

const PLAN = z.strictObject({
  flags: FLAGS,
  weights: MODEL_REF,
  adapters: MODEL_REF.optional(),
  /** The user's own data sets. */
  registry: FILE_REF.optional(),
  calibration: FILE_REF.optional(),
  /** Whether the calibration must fit the model. */
  calibrationNamed: z.boolean(),
});

export type PredictPlan = z.infer<typeof PLAN>;

/** Puts what the flags name into the store. @throws one line when a file is missing or cannot be read or stored */
export async function publishPredictPlan(store: Store, flags: PredictFlags): Promise<FileRef> {
  const shape = FLAGS.keyof().options;
  const wanted = shape.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]] as const]));
  const registry = flags.registry ?? (await readConfig(flags.config)).registry;
  const calibration = calibrationOf(flags);
  const adapters = await publishAdapters(store, flags);
  const plan: PredictPlan = {
    flags: FLAGS.parse(Object.fromEntries(wanted)),
    weights: await publishWeights(store, flags.weights),
    ...(adapters === undefined ? {} : { adapters }),
    ...(registry === undefined ? {} : { registry: await publish(store, registry) }),
    ...(calibration === undefined ? {} : { calibration: await publish(store, calibration) }),
    calibrationNamed: typeof flags.calibration === 'string',
  };
  return publishJson(store, 'predict.json', plan);
}

/** The file of the class's calibration; undefined where there is none. */
function calibrationOf({ class: className, calibration = true, adapters }: PredictFlags): string | undefined {
  if (calibration === false) return undefined;
  const folder = calibration === true ? adapters : calibration;
  if (folder === undefined) return undefined;
  const path = join(folder, calibrationFile(className));
  if (existsSync(path)) return path;
  if (calibration === true) return undefined;
  const make = `aaclip calibrate --class ${JSON.stringify(className)} --good FOLDER`;
  throw new Error(`${folder}: no calibration of class ${className}: make one from good pictures (${make})`);
}

/** The files of the adapters that are used, and no others of their folder. */
async function publishAdapters(
  store: Store,
  { weights, adapters, epoch }: PredictFlags,
): Promise<ModelRef | undefined> {
  if (adapters === undefined) return undefined;
  const named = namedEverywhere(adapters);
  if (named) return named;
  const { text, image } = await openAdapters(adapters, await openClip(weights), epoch);
  const paths = [...new Set([text, image].flatMap((part) => (part ? [part.name] : [])))];
  const [first] = paths;
  if (paths.length === 1) return { file: await publish(store, first!) };
  const names = new Set(paths.map((path) => basename(path)));
  return { file: await publish(store, dirname(first!), (name) => names.has(name)) };
}

/** A plan on a worker: its flags with the paths that files have there. */
export interface LocalPlan {
  readonly flags: PredictFlags;
  /** Path of the calibration. */
  readonly calibration: string | undefined;
  readonly calibrationNamed: boolean;
}

/** @throws one line when the plan is none of this program's, or a file cannot be had */
export async function localPlan(files: FileFetcher, ref: FileRef): Promise<LocalPlan> {
  const plan = await fetchChecked(files, ref, PLAN, 'plan of predict');
  const { flags, weights, adapters, registry, calibration, calibrationNamed } = plan;
  const local = {
    ...flags,
    weights: await modelPath(files, weights),
    ...(adapters === undefined ? {} : { adapters: await modelPath(files, adapters) }),
    ...(registry === undefined ? {} : { registry: await files.fetch(registry) }),
    ...{ calibration: false, cache: true, json: true, out: '' },
  };
  return {
    flags: local as PredictFlags,
    calibration: calibration && (await files.fetch(calibration)),
    calibrationNamed,
  };
}
