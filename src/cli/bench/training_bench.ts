/** One step of stage two with frozen weights, against the same step with gradients for every weight of the tower. */
import { Tape } from '../../autograd/tape.js';
import type { Gpu } from '../../gpu/gpu.js';
import { synth } from '../../io/synth.js';
import { syntheticClip, TINY, VIT_L_14_336 } from '../../model/synthetic.js';
import { loadVision, type VisionTower } from '../../model/vision.js';
import { add } from '../../ops/add.js';
import { full } from '../../ops/fill.js';
import { Tensor, tidy, upload } from '../../tensor/tensor.js';
import { initialParameters } from '../../train/initial.js';
import { ADAM } from '../../train/parameters.js';
import { stageTwoLoss } from '../../train/stage_two.js';

export interface TrainingRow {
  readonly gradients: 'adapters' | 'all weights';
  /** Whether blocks ran again in the backward pass instead of keeping their activations. */
  readonly recompute: boolean;
  readonly secondsPerStep: number;
  readonly stepsPerSecond: number;
  /** Most bytes on the device at any time. */
  readonly peakMemory: number;
}

export interface TrainingBench {
  readonly model: string;
  readonly imageSize: number;
  readonly batch: number;
  readonly rows: readonly TrainingRow[];
  /** Time with gradients of all weights over time with gradients of the adapters. */
  readonly timeRatio: number;
  readonly memoryRatio: number;
}

/** The tensors in a tower that was loaded as trainable. */
function weightsOf(value: unknown, found: Tensor[] = []): Tensor[] {
  if (value instanceof Tensor) found.push(value);
  else if (Array.isArray(value)) for (const v of value) weightsOf(v, found);
  else if (value !== null && typeof value === 'object') for (const v of Object.values(value)) weightsOf(v, found);
  return found;
}

async function measure(
  gpu: Gpu,
  tower: VisionTower,
  all: boolean,
  recompute: boolean,
  batch: number,
  steps: number,
): Promise<TrainingRow> {
  const { config, imageSize: s } = tower;
  using adapters = initialParameters(gpu, config, 'image', {
    shape: { textUntil: 3, imageUntil: Math.min(6, config.visionLayers), relu: false },
    seed: 1,
  });
  using images = upload(gpu, synth(1, 'image', [batch, 3, s, s], 1), [batch, 3, s, s]);
  using anchors = upload(gpu, synth(1, 'anchors', [batch, config.embed, 2], config.embed ** -0.5), [
    batch,
    config.embed,
    2,
  ]);
  using mask = upload(
    gpu,
    synth(1, 'mask', [batch, 1, s, s], 1).map((v) => (v > 1.2 ? 1 : 0)),
    [batch, 1, s, s],
  );
  const labels = Uint32Array.from({ length: batch }, (_, i) => i % 2);
  const extra = all ? weightsOf([tower.conv, tower.cls, tower.lnPre, tower.blocks, tower.lnPost]) : [];
  const step = (): void => {
    const grads = tidy(() => {
      using tape = new Tape(add);
      tape.watch([...adapters.weights, ...extra]);
      const loss = tape.record(
        () => stageTwoLoss({ images, anchors, masks: mask, labels }, tower, adapters, { mix: 0.1, recompute }).loss,
      );
      return tape.backward(loss, [...adapters.weights, ...extra], full(gpu, [1], 1));
    });
    adapters.update(grads, { ...ADAM, rate: 5e-4 });
    for (const g of grads) g?.release();
  };
  step();
  await gpu.idle();
  gpu.trim();
  gpu.pool.peak = gpu.pool.allocated;
  const times: number[] = [];
  for (let i = 0; i < steps; i++) {
    const started = performance.now();
    step();
    await gpu.idle();
    times.push((performance.now() - started) / 1000);
  }
  const seconds = times.sort((a, b) => a - b)[Math.floor(steps / 2)]!;
  return {
    gradients: all ? 'all weights' : 'adapters',
    recompute,
    secondsPerStep: seconds,
    stepsPerSecond: 1 / seconds,
    peakMemory: gpu.pool.peak,
  };
}

/** Measures the three rows; weights are synthetic. */
export async function benchTraining(
  gpu: Gpu,
  options: { readonly tiny: boolean; readonly imageSize: number; readonly batch: number; readonly steps: number },
  onRow: (row: TrainingRow) => void,
): Promise<TrainingBench> {
  const config = options.tiny ? TINY : VIT_L_14_336;
  const rows: TrainingRow[] = [];
  for (const [trainable, recompute] of [
    [false, false],
    [false, true],
    [true, false],
  ] as const) {
    using tower = await loadVision(gpu, syntheticClip(config, 1, true), config, options.imageSize, {
      activation: 'gelu',
      trainable,
    });
    const row = await measure(gpu, tower, trainable, recompute, options.batch, options.steps);
    rows.push(row);
    onRow(row);
    tower[Symbol.dispose]();
    await gpu.idle();
    gpu.trim();
  }
  const [frozen, , all] = rows as [TrainingRow, TrainingRow, TrainingRow];
  return {
    model: options.tiny ? 'tiny' : 'ViT-L/14',
    imageSize: options.imageSize,
    batch: options.batch,
    rows,
    timeRatio: all.secondsPerStep / frozen.secondsPerStep,
    memoryRatio: all.peakMemory / frozen.peakMemory,
  };
}
