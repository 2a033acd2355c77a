/** A dry run: measures a few steps of each stage to estimate how long the whole training would take. */
import { remainingBatches } from '../data/shuffle.js';
import type { RunState } from './checkpoint.js';
import { initialParameters, type Part } from './initial.js';
import type { Parameters } from './parameters.js';
import { trainImage, trainText } from './stages.js';
import type { LoadedSample, TrainHost, TrainRun } from './training_run.js';

/** Only the last of these steps counts: the first one compiles kernels and packs weights. */
const STEPS = 3;

export interface SampleSource {
  /** Samples in the list. */
  readonly count: number;
  /** Opens batches of samples, given by their indices in the list. */
  load(batches: readonly Uint32Array[]): AsyncIterable<readonly LoadedSample[]>;
}

/** Seconds of a step of each stage; a stage without epochs is not measured. */
export type SecondsPerStep = Partial<Record<Part, number>>;

/** Measures a step of each stage on fresh adapters. Nothing is kept. */
export async function measureSteps(
  base: Omit<TrainRun, 'flagsText' | 'host'>,
  source: SampleSource,
): Promise<SecondsPerStep> {
  const { gpu, config, flags } = base;
  const seconds: SecondsPerStep = {};
  const host: TrainHost = {
    batchesPerEpoch: () => STEPS,
    async *batches(stage, epoch, batchSize) {
      const all = remainingBatches(source.count, batchSize, { seed: flags.seed, epoch, batch: 0 });
      for await (const batch of source.load(all.slice(0, STEPS))) {
        const started = performance.now();
        yield batch;
        await gpu.idle();
        seconds[stage] = (performance.now() - started) / 1000;
      }
    },
    save: async () => 'nothing: this is a dry run',
    onStep: () => undefined,
    onEpoch: async () => undefined,
  };
  const run: TrainRun = { ...base, flags: { ...flags, textEpochs: 1, imageEpochs: 1 }, flagsText: '', host };
  const fresh = (part: Part): Parameters => initialParameters(gpu, config, part, flags);
  const start = (part: Part): RunState => ({ part, epoch: 0, batch: 0, step: 0, flags: '' });
  using text = fresh('text');
  if (flags.textEpochs > 0) await trainText(run, text, start('text'));
  gpu.trim();
  using image = fresh('image');
  if (flags.imageEpochs > 0) await trainImage(run, image, text, start('image'));
  return seconds;
}
