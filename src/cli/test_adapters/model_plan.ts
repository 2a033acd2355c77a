/** What a worker needs to load the model of a test: a small file in the store that all tasks of the test name. */
import { z } from 'zod';
import type { ModelAdapters } from '../../detect/anomaly_model.js';
import type { ClassTokens } from '../../detect/class_tokens.js';
import { AaclipError } from '../../detect/errors.js';
import { checkpointOf } from '../../detect/sources.js';
import { canonicalAdapters } from '../../io/adapter_names.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { openClip, openTensors } from '../../node/open_weights.js';
import { fetchChecked } from '../queue/checked.js';
import { FILE_REF, type FileFetcher, type FileRef, publish, publishJson } from '../queue/file_refs.js';
import type { Store } from '../queue/store.js';
import { MODEL_REF, modelPath, publishWeights } from '../queue/weights_refs.js';
import type { TestFlags } from './flags.js';
import type { TestSettings } from './output.js';
import type { ImageCheckpoint, TestedAdapters } from './tested_adapters.js';

const IDS = z.array(z.int().min(0).max(0xffff)).max(2 ** 20);
const SIDE = z
  .int()
  .min(1)
  .max(2 ** 15);

const PLAN = z.strictObject({
  weights: MODEL_REF,
  text: FILE_REF.optional(),
  checkpoints: z.array(
    z.strictObject({ epoch: z.union([z.int().min(0), z.enum(['latest', 'plain'])]), file: FILE_REF.optional() }),
  ),
  classes: z.array(
    z.strictObject({ name: z.string(), domain: z.enum(['Industrial', 'Medical']), normal: IDS, abnormal: IDS }),
  ),
  imageSize: SIDE,
  textMix: z.number(),
  imageMix: z.number(),
  activation: z.enum(['gelu', 'quickgelu', 'leaky_relu', 'none']),
  levels: z.array(z.int().min(1)),
  precision: z.enum(['f32', 'f16']),
  rules: z.strictObject({
    maxPixels: z.int().min(1).optional(),
    depth: z.union([z.enum(['clip', 'scale']), z.number()]).optional(),
    orient: z.boolean().optional(),
    maskThreshold: z.int().min(1).max(255).optional(),
    maskResize: z.enum(['nearest', 'bilinear']).optional(),
  }),
  tile: z.strictObject({ size: SIDE, overlap: z.int().min(0) }).optional(),
  batch: z.int().min(1).optional(),
});

export type ModelPlan = z.infer<typeof PLAN>;

/** Puts weights, checkpoints and the plan that names them into the store. @throws one line when a file cannot be read or stored */
export async function publishPlan(
  store: Store,
  flags: Pick<TestFlags, 'weights' | 'batch_size'>,
  settings: TestSettings,
  { tested, classes }: { readonly tested: TestedAdapters; readonly classes: readonly ClassTokens[] },
): Promise<FileRef> {
  const checkpoints: ModelPlan['checkpoints'] = [];
  for (const { epoch, file } of tested.images) {
    checkpoints.push({ epoch, ...(file === undefined ? {} : { file: await publish(store, file) }) });
  }
  const { imageSize, textMix, imageMix, activation, levels, precision, pictures, tile } = settings;
  const plan: ModelPlan = {
    weights: await publishWeights(store, flags.weights),
    ...(tested.text ? { text: await publish(store, tested.text.name) } : {}),
    checkpoints,
    classes: classes.map(({ name, domain, normal, abnormal }) => {
      return { name, domain, normal: [...normal], abnormal: [...abnormal] };
    }),
    ...{ imageSize, textMix, imageMix, activation, precision },
    levels: [...levels],
    rules: pictures,
    ...(tile === undefined ? {} : { tile }),
    ...(flags.batch_size === undefined ? {} : { batch: flags.batch_size }),
  };
  return publishJson(store, 'plan.json', plan);
}

/** @throws AaclipError when the plan is none of this program's; one line when it cannot be had */
export const fetchPlan = (files: FileFetcher, ref: FileRef): Promise<ModelPlan> =>
  fetchChecked(files, ref, PLAN, 'plan of a test');

export const plannedWeights = async (files: FileFetcher, { weights }: ModelPlan): Promise<ClipTensors> =>
  openClip(await modelPath(files, weights));

/** Opens the checkpoints of a plan; those of one text adapter share its tensors, so that anchors are made once. */
export class PlannedCheckpoints {
  readonly #files: FileFetcher;
  readonly #plan: ModelPlan;
  readonly #opened = new Map<ImageCheckpoint['epoch'], Promise<ImageCheckpoint>>();
  #text: Promise<ModelAdapters['text']> | undefined;

  constructor(files: FileFetcher, plan: ModelPlan) {
    this.#files = files;
    this.#plan = plan;
  }

  /** @throws AaclipError when the plan has no such checkpoint; one line when it cannot be read */
  open(epoch: ImageCheckpoint['epoch']): Promise<ImageCheckpoint> {
    const opened = this.#opened.get(epoch) ?? this.#open(epoch);
    this.#opened.set(epoch, opened);
    opened.catch(() => this.#opened.delete(epoch));
    return opened;
  }

  async #open(epoch: ImageCheckpoint['epoch']): Promise<ImageCheckpoint> {
    const planned = this.#plan.checkpoints.find((c) => c.epoch === epoch);
    if (!planned) throw new AaclipError('options', `plan of a test: has no epoch ${epoch}; run the command again`);
    if (!planned.file) return { epoch, adapters: undefined, file: undefined };
    const file = await this.#files.fetch(planned.file);
    const { trained, ...own } = checkpointOf(await openTensors(file));
    const { text: shared } = this.#plan;
    if (!shared) return { epoch, adapters: own, file };
    this.#text ??= this.#files.fetch(shared).then(async (path) => canonicalAdapters(await openTensors(path)));
    return { epoch, adapters: { ...own, text: await this.#text }, file };
  }
}
