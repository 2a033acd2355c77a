/** The host of a training run in Node: samples through the loader, checkpoints and logs in the run's folder. */
import { remainingBatches } from '../data/shuffle.js';
import type { SampleSource } from '../train/dry_run.js';
import type { Part } from '../train/initial.js';
import { recordedBatches } from '../train/recorded_scores.js';
import type { LoadedSample, StepReport, TrainFlags, TrainHost } from '../train/training_run.js';
import type { DecodedSample, Loader } from './loader.js';
import type { RunFolder } from './run_folder.js';

/** Events for a program that shows the run. */
export interface TrainingEvents {
  /** A stage starts or is resumed, with `steps` left to do. */
  onStage(part: Part, steps: number): void;
  onStep(report: StepReport): void;
  onEpoch(part: Part, epoch: number, meanLoss: number): void;
}

/** A decoded sample as training takes it. @throws when a faulty picture has no mask */
function toTrain({ index, sample, picture, mask }: DecodedSample): LoadedSample {
  const { imagePath: path, label, className } = sample;
  if (!mask) throw new Error(`${path}: no mask: training needs "mask_path" for every anomalous picture`);
  return { index, path, picture, mask, label, className };
}

/** The loader's samples as training takes them. */
export function trainingSamples(loader: Loader): SampleSource {
  return {
    count: loader.count,
    async *load(batches) {
      for await (const batch of loader.batches(batches)) yield batch.map(toTrain);
    },
  };
}

/** A host that keeps the run's checkpoints and logs in `folder`. */
export function trainingHost(
  folder: RunFolder,
  source: SampleSource,
  { seed, textEpochs, imageEpochs }: Pick<TrainFlags, 'seed' | 'textEpochs' | 'imageEpochs'>,
  events: TrainingEvents,
): TrainHost {
  let running: Part | undefined;
  const batchesPerEpoch = (size: number): number => Math.ceil(source.count / size);
  return {
    batchesPerEpoch,
    async *batches(stage, epoch, batchSize, skip) {
      if (running !== stage || skip === 0) folder.log(`training ${stage} epoch ${epoch}:`);
      if (running !== stage) {
        const epochs = stage === 'text' ? textEpochs : imageEpochs;
        events.onStage(stage, (epochs - epoch) * batchesPerEpoch(batchSize) - skip);
      }
      running = stage;
      const position = { seed: seed + (stage === 'text' ? 0 : 1), epoch, batch: skip };
      yield* source.load(remainingBatches(source.count, batchSize, position));
    },
    recordedSamples: (size) => source.load(recordedBatches(source.count, seed + 1, size)),
    save: (parameters, state, endOfEpoch, rate) => folder.save(parameters, state, endOfEpoch, rate),
    onStep(report) {
      folder.metrics(report);
      events.onStep(report);
    },
    async onEpoch(stage, epoch, meanLoss) {
      folder.log(`loss: ${meanLoss}`);
      await folder.drawLosses();
      events.onEpoch(stage, epoch, meanLoss);
    },
  };
}
