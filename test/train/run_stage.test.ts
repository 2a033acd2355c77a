/** The loop over steps, on a made-up stage: what is reported, saved and refused. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { liveTensors, read, upload } from '../../src/tensor/tensor.js';
import { NotFiniteError, type RunState } from '../../src/train/checkpoint.js';
import { Parameters } from '../../src/train/parameters.js';
import { DivergedError, runStage, type Stage } from '../../src/train/run_stage.js';
import type { StepReport, TrainRun } from '../../src/train/training_run.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from './pictures.js';
import { trainFlags } from './train_flags.js';

const samples = [0, 1, 2, 3, 4].map(drawSample);
const START: RunState = { part: 'text', epoch: 0, batch: 0, step: 0, flags: '' };
let gpu: Gpu;
beforeAll(async () => {
  gpu = await device();
});

interface Heard {
  readonly steps: StepReport[];
  readonly saved: (RunState & { readonly endOfEpoch: boolean })[];
  readonly epochs: [epoch: number, meanLoss: number][];
}

/** Runs a stage of two epochs with two samples a step; its n-th step of this run has the n-th loss. */
async function run(losses: readonly number[], start = START, saveEvery = 0, save = async () => 'file'): Promise<Heard> {
  const heard: Heard = { steps: [], saved: [], epochs: [] };
  let n = 0;
  const stage: Stage = {
    part: 'text',
    epochs: 2,
    batchSize: 2,
    baseRate: 0.5,
    partNames: ['first', 'second'],
    computeStep: () => {
      // The first call is the dry run that compiles kernels: nothing is computed then.
      const loss = gpu.dry ? Number.NaN : losses[n++]!;
      const grads = [upload(gpu, Float32Array.of(1, -1), [2])];
      return {
        loss: upload(gpu, Float32Array.of(loss), [1]),
        parts: upload(gpu, Float32Array.of(loss, 2), [2]),
        grads,
      };
    },
  };
  const trainRun: TrainRun = {
    gpu,
    clip: syntheticClip(TINY, 1),
    config: TINY,
    flags: trainFlags({ imageSize: SIZE, saveEvery }),
    flagsText: '',
    classes: [],
    host: {
      batchesPerEpoch: (size) => Math.ceil(samples.length / size),
      async *batches(_stage, _epoch, size, skip) {
        for (let i = skip * size; i < samples.length; i += size) yield samples.slice(i, i + size);
      },
      save: async (_parameters, state, endOfEpoch) => {
        heard.saved.push({ ...state, endOfEpoch });
        return save();
      },
      onStep: (report) => void heard.steps.push(report),
      onEpoch: async (_part, epoch, meanLoss) => void heard.epochs.push([epoch, meanLoss]),
    },
  };
  using parameters = Parameters.from(gpu, [{ name: 'w', shape: [2], weight: Float32Array.of(0, 0) }]);
  await runStage(trainRun, stage, parameters, start);
  // Adam's first steps move each weight against its gradient.
  const [down, up] = await read(parameters.weight('w'));
  expect(down).toBeLessThan(0);
  expect(up).toBeGreaterThan(0);
  return heard;
}

describe('a stage', () => {
  it('reports each step in order and saves at the end of each epoch', async () => {
    const before = liveTensors(gpu);
    const { steps, saved, epochs } = await run([1, 2, 3, 4, 5, 6]);
    expect(steps.map((s) => [s.epoch, s.batch, s.step, s.loss])).toEqual([
      [0, 0, 0, 1],
      [0, 1, 1, 2],
      [0, 2, 2, 3],
      [1, 0, 3, 4],
      [1, 1, 4, 5],
      [1, 2, 5, 6],
    ]);
    expect(steps[1]).toMatchObject({ stage: 'text', batches: 3, parts: { first: 2, second: 2 }, rate: 0.5 });
    expect(saved.map((s) => [s.epoch, s.batch, s.step, s.endOfEpoch])).toEqual([
      [1, 0, 3, true],
      [2, 0, 6, true],
    ]);
    expect(epochs).toEqual([
      [0, 2],
      [1, 5],
    ]);
    expect(liveTensors(gpu)).toBe(before);
  });

  it('saves within an epoch, but not twice at its end, and goes on from there', async () => {
    const { saved } = await run([1, 2, 3, 4, 5, 6], START, 1);
    expect(saved.map((s) => [s.epoch, s.batch, s.step])).toEqual([
      [0, 1, 1],
      [0, 2, 2],
      [1, 0, 3],
      [1, 1, 4],
      [1, 2, 5],
      [2, 0, 6],
    ]);
    const { steps } = await run([5, 6], saved[3]);
    expect(steps.map((s) => [s.epoch, s.batch, s.step, s.loss])).toEqual([
      [1, 1, 4, 5],
      [1, 2, 5, 6],
    ]);
  });
});

describe('a run that diverges', () => {
  it('stops at the step whose loss is not finite, and names its files', async () => {
    const failure = run([1, 2, 3, Number.NaN, 5, 6]);
    await expect(failure).rejects.toThrow(DivergedError);
    await expect(failure).rejects.toThrow(
      /^training: the loss is NaN at step 3 \(text stage, epoch 2, batch 1\) on picture 0, picture 1; last good checkpoint: file: lower/,
    );
  });

  it('stops at the step before a checkpoint that would not be finite', async () => {
    const save = async (): Promise<string> => {
      throw new NotFiniteError('w is not finite');
    };
    await expect(run([1, 2, 3, 4, 5, 6], START, 0, save)).rejects.toThrow(
      /^training: w is not finite at step 2 \(text stage, epoch 1, batch 3\) on picture 4; last good checkpoint: none written yet/,
    );
  });

  it('passes other errors on', async () => {
    const save = async (): Promise<string> => {
      throw new Error('the disk is full');
    };
    await expect(run([1, 2, 3, 4, 5, 6], START, 0, save)).rejects.toThrow(/^the disk is full$/);
  });
});
