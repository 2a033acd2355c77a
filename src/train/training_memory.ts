/**
 * The device memory that a training run takes: its own code, with weights, samples and device of which only the sizes
 * count, so that the numbers cannot differ from what the run will do.
 */
import { type PictureSides, USUAL_PICTURE } from '../detect/inference_memory.js';
import { clipShapes } from '../io/shapes_only.js';
import type { AugmentChances } from './augment_plan.js';
import { adapterTensors, type Part } from './initial.js';
import { Parameters } from './parameters.js';
import { RECORDED_PICTURES } from './recorded_scores.js';
import { trainStages } from './resume.js';
import type { LoadedSample, TrainRun } from './training_run.js';

/** In bytes. */
export interface StageMemory {
  /** Towers, anchors and adapters with Adam's moments: what stays from step to step. */
  readonly weights: number;
  /** The buffers alive at the worst moment, while weights are loaded or in a step. */
  readonly peak: number;
}

/** Of each stage that is run. */
export type TrainingMemory = Partial<Record<Part, StageMemory>>;

/** A run without its host: what the memory depends on. */
export type PlannedRun = Omit<TrainRun, 'flagsText' | 'host'>;

/** The first step fills the pool; a second one begins with what that left behind. */
const STEPS = 2;

/** A batch of blank pictures, with as many classes in it as there can be. */
function blankBatch({ classes, flags }: PlannedRun, size: number, { width, height }: PictureSides): LoadedSample[] {
  const data = new Uint8Array(3 * width * height);
  const mask = new Uint8Array(flags.imageSize ** 2);
  return Array.from({ length: size }, (_, index) => ({
    index,
    path: `picture ${index + 1}`,
    picture: { name: `picture ${index + 1}`, width, height, channels: 3, data },
    mask,
    label: index % 2 === 0 ? 1 : 0,
    className: classes[index % classes.length]!.name,
  }));
}

/** Everything that may happen to a picture does. */
const always = (chances: AugmentChances): AugmentChances =>
  Object.fromEntries(
    Object.entries(chances).map(([kind, chance]) => [kind, chance > 0 ? 1 : 0]),
  ) as unknown as AugmentChances;

/**
 * Counts the memory of both stages; takes well under a second for ViT-L, and no weights are read. Weights that the file
 * stores as f32 count with four bytes, although those that are exact in f16 take two.
 * @param picture sides of the pictures that are trained on
 * @throws when the adapter's limits do not allow a step: one line with the stage and its pictures
 */
export async function trainingMemory(run: PlannedRun, picture: PictureSides = USUAL_PICTURE): Promise<TrainingMemory> {
  const { config, flags } = run;
  using gpu = run.gpu.counting();
  const found: TrainingMemory = {};
  let stage: Part = 'text';
  let weights = 0;
  const counted: TrainRun = {
    ...run,
    gpu,
    clip: clipShapes(run.clip, flags.precision === 'f16' ? 'F16' : undefined),
    flags: {
      ...flags,
      textEpochs: Math.min(1, flags.textEpochs),
      imageEpochs: Math.min(1, flags.imageEpochs),
      chances: always(flags.chances),
      precision: 'f32',
      saveEvery: 0,
    },
    flagsText: '',
    host: {
      batchesPerEpoch: () => STEPS,
      async *batches(_part, _epoch, size) {
        weights = gpu.pool.allocated - gpu.pool.idle;
        const batch = blankBatch(run, size, picture);
        for (let i = 0; i < STEPS; i++) yield batch;
      },
      async *recordedSamples(size) {
        yield blankBatch(run, Math.min(size, RECORDED_PICTURES), picture);
      },
      save: async () => 'nothing: this run only counts',
      onStep: () => undefined,
      onEpoch: async (part) => {
        found[part] = { weights, peak: gpu.pool.peak };
      },
    },
  };
  /** Adapters of the right shapes, as if they were restored. */
  const restore = async (_: unknown, part: Part) => {
    stage = part;
    gpu.pool.peak = gpu.pool.allocated;
    const list = adapterTensors(config, part, flags.shape).map(([name, shape]) => {
      return { name, shape, weight: new Float32Array(shape.reduce((a, b) => a * b, 1)) };
    });
    return { parameters: Parameters.from(gpu, list), state: { part, epoch: 0, batch: 0, step: 0, flags: '' } };
  };
  try {
    const { text, image } = await trainStages(counted, { path: 'the plan', restore });
    text?.[Symbol.dispose]();
    image[Symbol.dispose]();
  } catch (error) {
    const batch = stage === 'text' ? flags.textBatch : flags.imageBatch;
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`${stage} stage with ${batch} pictures of ${flags.imageSize} px a step: ${why}`);
  }
  return found;
}
