/** Which stages a training runs, from where, and with which settings a checkpoint may go on; and the dry run. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import type { Restored, RunState } from '../../src/train/checkpoint.js';
import { measureSteps } from '../../src/train/dry_run.js';
import { initialParameters, type Part } from '../../src/train/initial.js';
import { type CheckpointStore, recordedFlags, trainStages } from '../../src/train/resume.js';
import type { TrainFlags, TrainRun } from '../../src/train/training_run.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from './pictures.js';
import { trainFlags } from './train_flags.js';

const samples = [0, 1, 2, 3].map(drawSample);
const tokens = {
  name: 'cloth',
  domain: 'Industrial' as const,
  normal: Uint32Array.from({ length: 77 }, (_, i) => [49406, 320, 49407][i] ?? 0),
  abnormal: Uint32Array.from({ length: 77 }, (_, i) => [49406, 5107, 49407][i] ?? 0),
};
const settings = (changed: Partial<TrainFlags> = {}): TrainFlags => trainFlags({ imageSize: SIZE, ...changed });
let gpu: Gpu;
beforeAll(async () => {
  gpu = await device();
});

/** A run whose stages' steps are counted. */
function counted(flags: TrainFlags): { run: TrainRun; steps: string[] } {
  const steps: string[] = [];
  const run: TrainRun = {
    gpu,
    clip: syntheticClip(TINY, 3),
    config: TINY,
    flags,
    flagsText: recordedFlags(flags, 'random'),
    classes: [tokens],
    host: {
      batchesPerEpoch: (size) => Math.ceil(samples.length / size),
      async *batches(_stage, _epoch, size, skip) {
        for (let i = skip * size; i < samples.length; i += size) yield samples.slice(i, i + size);
      },
      save: async () => 'memory',
      onStep: ({ stage, step }) => void steps.push(`${stage} ${step}`),
      onEpoch: async () => undefined,
    },
  };
  return { run, steps };
}

/** A store with checkpoints of some parts. */
function store(states: Partial<Record<Part, Omit<RunState, 'part'>>> = {}): CheckpointStore {
  return {
    path: 'folder',
    restore: async (_gpu, part): Promise<Restored | undefined> => {
      const state = states[part];
      const parameters = state && initialParameters(gpu, TINY, part, { ...settings(), seed: 9 });
      return state && parameters && { parameters, state: { part, ...state } };
    },
  };
}

describe('training', () => {
  it('runs both stages from the start where there are no checkpoints', async () => {
    const before = liveTensors(gpu);
    const { run, steps } = counted(settings());
    const { text, image } = await trainStages(run, store());
    expect(steps).toEqual(['text 0', 'text 1', 'image 0', 'image 1']);
    expect([text!.step, image.step]).toEqual([2, 2]);
    for (const p of [text!, image]) p[Symbol.dispose]();
    expect(liveTensors(gpu)).toBe(before);
  });

  it('skips a stage that is done, and goes on within the other', async () => {
    const { run, steps } = counted(settings());
    const flags = run.flagsText;
    const resumed: RunState[] = [];
    const { text, image } = await trainStages(
      run,
      store({ text: { epoch: 1, batch: 0, step: 2, flags }, image: { epoch: 0, batch: 1, step: 1, flags } }),
      { onResume: (state) => resumed.push(state) },
    );
    expect(steps).toEqual(['image 1']);
    expect(resumed.map((s) => [s.part, s.epoch, s.batch])).toEqual([
      ['text', 1, 0],
      ['image', 0, 1],
    ]);
    for (const p of [text!, image]) p[Symbol.dispose]();
  });

  it('has no text adapters where stage one has no epochs', async () => {
    const { run, steps } = counted(settings({ textEpochs: 0 }));
    const { text, image } = await trainStages(run, store());
    expect(text).toBeUndefined();
    expect(steps).toEqual(['image 0', 'image 1']);
    image[Symbol.dispose]();
  });

  it('refuses a checkpoint of other settings by their names', async () => {
    const { run } = counted(settings({ seed: 6, imageMix: 0.2 }));
    const flags = recordedFlags(settings(), 'random');
    await expect(trainStages(run, store({ text: { epoch: 0, batch: 0, step: 0, flags } }))).rejects.toThrow(
      'folder: its text checkpoint was trained with another seed, imageMix: use the same settings, or another folder (--save_path)',
    );
  });

  it('refuses a checkpoint of another list or other weights, where it recorded them', async () => {
    const { run } = counted(settings());
    const origin = { list: 'a', weights: 'b' };
    const flagsText = recordedFlags(settings(), 'random', origin);
    const from = (state: Omit<RunState, 'part'>) => trainStages({ ...run, flagsText }, store({ text: state }));
    const flags = recordedFlags(settings(), 'random', { list: 'c', weights: 'd' });
    await expect(from({ epoch: 0, batch: 0, step: 0, flags })).rejects.toThrow(
      'folder: its text checkpoint was trained with another list of samples, CLIP (--weights): use the same settings',
    );
    // As recorded before there were fingerprints.
    const trained = await from({ epoch: 1, batch: 0, step: 2, flags: recordedFlags(settings(), 'random') });
    for (const p of [trained.text!, trained.image]) p[Symbol.dispose]();
  });
});

describe('recorded settings', () => {
  it('tell how pictures and masks are read, where it is not as published: a run goes on only in the same way', async () => {
    const recorded = recordedFlags(settings(), 'random');
    const plain = { orient: false, depth: 'clip', maskThreshold: 1, maxPixels: 5 } as const;
    expect(recordedFlags(settings(), 'random', undefined, plain)).toBe(recorded);
    const { run } = counted(settings());
    const other = recordedFlags(settings(), 'random', undefined, { orient: true, depth: 'scale', maskThreshold: 128 });
    for (const [before, now] of [
      [recorded, other],
      [other, recorded],
    ] as const) {
      const state = { epoch: 0, batch: 0, step: 0, flags: before };
      await expect(trainStages({ ...run, flagsText: now }, store({ text: state }))).rejects.toThrow(
        'another orient, depth, maskThreshold: use the same settings',
      );
    }
  });

  it('stay the same when only epochs, saving or recomputing change', () => {
    const recorded = recordedFlags(settings(), 'random');
    const changed = settings({ textEpochs: 7, imageEpochs: 9, saveEvery: 3, recompute: true });
    expect(recordedFlags(changed, 'random')).toBe(recorded);
    expect(recordedFlags(settings({ imageMix: 0.2 }), 'random')).not.toBe(recorded);
    expect(JSON.parse(recordedFlags(settings(), 'clip'))).toEqual({ ...JSON.parse(recorded), init: 'clip' });
  });

  it('are written as before, so that old checkpoints can go on', () => {
    const chances =
      '"rotate":0,"translate":0,"horizontalFlip":0,"verticalFlip":0,"brightness":0,"contrast":0,"saturation":0';
    expect(recordedFlags(trainFlags(), 'random')).toBe(
      `{"imageSize":56,"seed":5,"shape":{"textUntil":2,"imageUntil":2,"relu":false},"textEpochs":0,"imageEpochs":0,"textBatch":2,"imageBatch":2,"textRate":0.001,"imageRate":0.002,"textNormWeight":0.1,"textMix":0.1,"imageMix":0.1,"vv":"batch","vvBlocks":3,"textLevels":"last","chances":{${chances}},"checkpointing":false,"activation":"gelu","precision":"f32","saveEvery":0}`,
    );
  });
});

describe('a dry run', () => {
  const source = {
    count: samples.length,
    async *load(batches: readonly Uint32Array[]) {
      for (const batch of batches) yield Array.from(batch, (i) => samples[i]!);
    },
  };

  it('measures a step of each stage and leaves nothing behind', async () => {
    const before = liveTensors(gpu);
    const { run } = counted(settings());
    const seconds = await measureSteps(run, source);
    expect(Object.keys(seconds)).toEqual(['text', 'image']);
    for (const s of Object.values(seconds)) expect(s).toBeGreaterThan(0);
    expect(liveTensors(gpu)).toBe(before);
  });

  it('leaves out a stage without epochs', async () => {
    const { run } = counted(settings({ textEpochs: 0 }));
    expect(Object.keys(await measureSteps(run, source))).toEqual(['image']);
  });
});
