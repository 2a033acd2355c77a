/** What a worker needs for the training of one seed: a file in the store that its task names. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Sample } from '../../data/metadata.js';
import { AaclipError } from '../../detect/errors.js';
import { fetchChecked, firstFault } from '../queue/checked.js';
import { type FileFetcher, type FileRef, publishJson } from '../queue/file_refs.js';
import { QUEUED_FILE, type QueuedFile, queuedFile } from '../queue/queued_file.js';
import type { Store } from '../queue/store.js';
import { MODEL_REF, publishWeights } from '../queue/weights_refs.js';
import { KINDS } from './engine_flags.js';
import type { TrainCommandFlags } from './flags.js';
import type { PreparedTraining } from './prepared_training.js';

const count = (least: number, most: number) => z.int().min(least).max(most);
const BATCH = count(1, 2 ** 12);
const EPOCHS = count(0, 1e6);
const LAYERS = count(0, 1e3);
const KIND = Object.keys(KINDS).join('|');

/** The flags that a training depends on, by their names; none of them names a file. */
const FLAGS = z.strictObject({
  training_mode: z.enum(['few_shot', 'full_shot']),
  shot: count(1, 1e6),
  seed: count(0, Number.MAX_SAFE_INTEGER),
  img_size: count(14, 2 ** 15),
  surgery_until_layer: LAYERS,
  relu: z.boolean().optional(),
  init: z.enum(['random', 'clip']),
  text_batch_size: BATCH,
  image_batch_size: BATCH,
  text_epoch: EPOCHS,
  image_epoch: EPOCHS,
  text_lr: z.number(),
  image_lr: z.number(),
  text_norm_weight: z.number(),
  text_adapt_weight: z.number(),
  image_adapt_weight: z.number(),
  text_adapt_until: LAYERS,
  image_adapt_until: LAYERS,
  activation: z.enum(['gelu', 'quickgelu']),
  vv: z.enum(['batch', 'token']),
  text_levels: z.enum(['last', 'all']),
  augment: z.string().regex(new RegExp(`^(?:all|none|(?:${KIND})(?: *, *(?:${KIND}))*)$`)),
  checkpointing: z.enum(['auto', 'on', 'off']),
  memory_limit: z.number().optional(),
  format: z.enum(['safetensors', 'pth']),
  save_every: count(0, 1e9),
  precision: z.enum(['f32', 'f16']),
  max_pixels: count(1, 2 ** 40).optional(),
  depth: z.union([z.enum(['clip', 'scale']), count(1, 16)]),
  orient: z.boolean().optional(),
  mask_threshold: count(1, 255).optional(),
});

const IDS = z.array(count(0, 0xffff)).max(2 ** 20);
const TEXT = z.string().min(1).max(4096);

const PLAN = z.strictObject({
  flags: FLAGS,
  weights: MODEL_REF,
  classes: z.array(
    z.strictObject({ name: TEXT, domain: z.enum(['Industrial', 'Medical']), normal: IDS, abnormal: IDS }),
  ),
  samples: z
    .array(
      z.strictObject({
        file: QUEUED_FILE,
        /** Of a faulty picture. */
        mask: QUEUED_FILE.optional(),
        /** Its paths as the list has them, whose fingerprint checkpoints record; nothing is opened by them. */
        listed: z.strictObject({ image: TEXT, mask: TEXT.optional() }),
        label: z.union([z.literal(0), z.literal(1)]),
        class: TEXT,
        /** Of the decoded picture. */
        bytes: count(0, Number.MAX_SAFE_INTEGER),
      }),
    )
    .min(1),
});

type ParsedPlan = z.infer<typeof PLAN>;

export interface TrainPlan extends Omit<ParsedPlan, 'flags'> {
  readonly flags: Pick<TrainCommandFlags, keyof ParsedPlan['flags']>;
}

/** Puts weights and plan into the store. @throws one line when a file lies outside the folder that workers share */
export async function publishTrainPlan(
  store: Store,
  flags: TrainCommandFlags,
  prepared: PreparedTraining,
  shared: string,
): Promise<FileRef> {
  const { root, samples, bytes, classes } = prepared;
  const kept = FLAGS.keyof().options.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]]));
  const fileOf = (path: string): Promise<QueuedFile> => queuedFile(shared, join(root, path));
  const rows: TrainPlan['samples'] = [];
  for (const [i, { imagePath, maskPath, label, className }] of samples.entries()) {
    rows.push({
      file: await fileOf(imagePath),
      ...(label === 1 && maskPath !== undefined ? { mask: await fileOf(maskPath) } : {}),
      listed: { image: imagePath, ...(maskPath === undefined ? {} : { mask: maskPath }) },
      ...{ label, class: className, bytes: bytes[i]! },
    });
  }
  const plan: TrainPlan = {
    flags: Object.fromEntries(kept) as TrainPlan['flags'],
    weights: await publishWeights(store, flags.weights),
    classes: classes.map(({ name, domain, normal, abnormal }) => {
      return { name, domain, normal: [...normal], abnormal: [...abnormal] };
    }),
    samples: rows,
  };
  const read = PLAN.safeParse(plan);
  if (!read.success) throw new Error(`train: cannot be queued: ${firstFault(read.error)}; train without --queue`);
  return publishJson(store, 'plan.json', plan);
}

/** @throws AaclipError when the plan is none of this program's; one line when it cannot be had */
export async function fetchTrainPlan(files: FileFetcher, ref: FileRef): Promise<TrainPlan> {
  const plan = await fetchChecked(files, ref, PLAN, 'plan of a training');
  const known = new Set(plan.classes.map(({ name }) => name));
  if (plan.samples.some((sample) => !known.has(sample.class))) {
    const why = 'a picture of an unknown class; run the command that queued it again';
    throw new AaclipError('options', `plan of a training: ${why}`);
  }
  // Optional flags are left out, never undefined: it was JSON.
  return plan as TrainPlan;
}

/** The samples as the list has them. */
export const listedSamples = ({ samples }: TrainPlan): Sample[] =>
  samples.map(({ listed: { image, mask }, label, class: className }, i) => {
    return { imagePath: image, label, className, ...(mask === undefined ? {} : { maskPath: mask }), line: i + 1 };
  });
