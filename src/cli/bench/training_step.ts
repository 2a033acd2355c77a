/** A training step of either stage on synthetic weights and pictures, as the benchmarks time it. */
import { Tape } from '../../autograd/tape.js';
import type { Gpu } from '../../gpu/gpu.js';
import { synth } from '../../io/synth.js';
import { stageOneFeatures } from '../../model/anomaly.js';
import { loadText } from '../../model/text.js';
import { loadVision, type VisionTower } from '../../model/vision.js';
import { add } from '../../ops/add.js';
import { full } from '../../ops/fill.js';
import { Tensor, tidy, upload } from '../../tensor/tensor.js';
import { initialParameters, type Part } from '../../train/initial.js';
import { ADAM, type Parameters } from '../../train/parameters.js';
import { stageOneLoss } from '../../train/stage_one.js';
import { stageTwoLoss } from '../../train/stage_two.js';
import { benchClip, benchConfig, noise, someAnchors } from './bench_model.js';

export interface StepOptions {
  /** The smallest model instead of ViT-L/14. */
  readonly tiny: boolean;
  /** Blocks of the image tower; all by default. */
  readonly layers?: number | undefined;
  readonly imageSize: number;
  readonly batch: number;
  /** Blocks keep only their inputs and run again in the backward pass (stage two). */
  readonly recompute?: boolean;
  /** Also compute gradients for every weight of the image tower, as a program does that leaves it trainable (stage two). */
  readonly all?: boolean;
}

/** A step that can be run again and again. */
export interface BenchStep extends Disposable {
  run(): void;
}

/** The tensors in a tower that was loaded as trainable. */
function weightsOf(value: unknown, found: Tensor[] = []): Tensor[] {
  if (value instanceof Tensor) found.push(value);
  else if (Array.isArray(value)) for (const v of value) weightsOf(v, found);
  else if (value !== null && typeof value === 'object') for (const v of Object.values(value)) weightsOf(v, found);
  return found;
}

/** Gradients of a loss, and Adam's step on the adapters. */
function update(gpu: Gpu, adapters: Parameters, extra: readonly Tensor[], loss: () => Tensor): void {
  const all = [...adapters.weights, ...extra];
  const grads = tidy(() => {
    using tape = new Tape(add);
    tape.watch(all);
    return tape.backward(tape.record(loss), all, full(gpu, [1], 1));
  });
  adapters.update(grads, { ...ADAM, rate: 5e-4 });
  for (const g of grads) g?.release();
}

/** Normalised pictures [B, 3, S, S] and masks [B, 1, S, S], a sixth of whose values are 1. */
function picturesAndMasks(gpu: Gpu, batch: number, s: number): { images: Tensor; masks: Tensor } {
  const marked = synth(1, 'mask', [batch, 1, s, s], 1).map((v) => (v > 1.2 ? 1 : 0));
  return { images: noise(gpu, 'image', [batch, 3, s, s]), masks: upload(gpu, marked, [batch, 1, s, s]) };
}

function adaptersOf(gpu: Gpu, { config }: VisionTower, part: Part): Parameters {
  const shape = {
    textUntil: Math.min(3, config.textLayers),
    imageUntil: Math.min(6, config.visionLayers),
    relu: false,
  };
  return initialParameters(gpu, config, part, { shape, seed: 1 });
}

/** A step of stage two: adapters of the image tower, anchors fixed. */
export async function stageTwoStep(gpu: Gpu, options: StepOptions): Promise<BenchStep> {
  const { imageSize, batch, recompute = false, all = false } = options;
  const config = benchConfig(options);
  const tower = await loadVision(gpu, benchClip(config), config, imageSize, { activation: 'gelu', trainable: all });
  const adapters = adaptersOf(gpu, tower, 'image');
  const { images, masks } = picturesAndMasks(gpu, batch, imageSize);
  const anchors = someAnchors(gpu, batch, config.embed);
  const labels = Uint32Array.from({ length: batch }, (_, i) => i % 2);
  const extra = all ? weightsOf([tower.conv, tower.cls, tower.lnPre, tower.blocks, tower.lnPost]) : [];
  return {
    run: () =>
      update(gpu, adapters, extra, () => {
        return stageTwoLoss({ images, anchors, masks, labels }, tower, adapters, { mix: 0.1, recompute }).loss;
      }),
    [Symbol.dispose]: () => disposeAll(gpu, images, masks, anchors, adapters, tower),
  };
}

/** Normal and abnormal prompts of a class, as published, and the tokens of a prompt of usual length. */
const PROMPTS = [6, 10] as const;
const PROMPT_TOKENS = 12;

/** A step of stage one: adapters of the text tower, on the features of the frozen image tower; pictures of one class. */
export async function stageOneStep(gpu: Gpu, options: StepOptions): Promise<BenchStep> {
  const { imageSize, batch } = options;
  const config = benchConfig(options);
  const clip = benchClip(config);
  const tower = await loadVision(gpu, clip, config, imageSize, { activation: 'gelu' });
  const text = await loadText(gpu, clip, config, { activation: 'gelu' });
  const adapters = adaptersOf(gpu, tower, 'text');
  const { images, masks } = picturesAndMasks(gpu, batch, imageSize);
  const rows = PROMPTS[0] + PROMPTS[1];
  const ids = new Uint32Array(rows * config.context);
  for (let r = 0; r < rows; r++) {
    // CLIP's first and last token, and some words between them.
    for (let t = 0; t < PROMPT_TOKENS; t++) ids[r * config.context + t] = 320 + ((37 * r + 101 * t) % 40_000);
    ids[r * config.context] = 49406;
    ids[r * config.context + PROMPT_TOKENS - 1] = 49407;
  }
  const classes = { ids, counts: [PROMPTS], owner: new Uint32Array(batch) };
  return {
    run: () =>
      tidy(() => {
        const features = stageOneFeatures(images, tower);
        update(gpu, adapters, [], () => {
          const settings = { mix: 0.1, orthogonality: 0.1, levels: 'last' } as const;
          return stageOneLoss({ features, masks, classes }, text, adapters, settings).loss;
        });
      }),
    [Symbol.dispose]: () => disposeAll(gpu, images, masks, adapters, text, tower),
  };
}

function disposeAll(gpu: Gpu, ...things: readonly Disposable[]): void {
  for (const thing of things) thing[Symbol.dispose]();
  gpu.trim();
}
