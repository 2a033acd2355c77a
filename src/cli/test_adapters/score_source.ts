/** Where the maps and scores of a test come from: the device of this machine, or others. */
import type { Sample } from '../../data/metadata.js';
import type { AnomalyModel } from '../../detect/anomaly_model.js';
import { chooseBatch } from '../../detect/batch_size.js';
import type { BatchScores } from '../../detect/picture_batch.js';
import { type PictureScorer, pictureScorer } from '../../detect/picture_scorer.js';
import type { ScoreMap } from '../../detect/share_map.js';
import type { Scoring } from '../../model/methods/method.js';
import type { Precision } from '../../model/weights.js';
import type { DecodedSample, Loader } from '../../node/loader.js';
import { PIXEL_BUDGET, runsWithin } from '../../picture/pixel_budget.js';
import type { Tiling } from '../../picture/tile_grid.js';
import { adapterName } from '../report/run_record.js';
import type { ImageCheckpoint } from './tested_adapters.js';
import type { TestedData } from './tested_data.js';

/** A sample with what is counted of it. */
export interface ScoredSample {
  readonly sample: Sample;
  /** 0 or 1 per pixel of the map; undefined for a faulty picture without a mask. */
  readonly mask: Uint8Array | undefined;
  /** The published sum of the levels' maps. */
  readonly map: ScoreMap;
  /** The detection token's score. */
  readonly score: number;
}

/** What a source needs to know of a run through a data set. */
export interface ScoredRun {
  /** Opens the samples' pictures. */
  readonly loader: Loader;
  /** Whether a class has a picture that cannot be used: its other pictures are then not needed. */
  isBroken(className: string): boolean;
  onBroken(error: Error, sample: Sample): void;
}

export interface ScoreSource extends AsyncDisposable {
  /** Side of the resized pictures, or tiles, in pixels. */
  readonly imageSize: number;
  readonly scoring: Scoring;
  readonly precision: Precision;
  /** Name of the adapter that computes; of all of them so far, where there are several. */
  readonly adapter: string;
  /** Takes the adapters of a checkpoint for what is scored from now on. @throws one line when the checkpoint is damaged */
  take(checkpoint: ImageCheckpoint): Promise<void>;
  /** The samples that can be used, in their order. More of them are being scored while the caller looks at some. */
  scores(data: TestedData, run: ScoredRun): AsyncGenerator<readonly ScoredSample[], void, undefined>;
  /** Tidies up after everything was scored and counted; not called where something failed. */
  end?(): Promise<void>;
}

export interface DeviceScoring {
  /** Pictures, or tiles, at a time; undefined for as many as suit the adapter. */
  readonly batch: number | undefined;
  /** How large pictures are cut; undefined for pictures as a whole. */
  readonly tile: Tiling | undefined;
}

/** A model on the device of this machine. */
export class DeviceScores implements ScoreSource {
  readonly #model: AnomalyModel;
  readonly #batch: number;
  readonly #tile: Tiling | undefined;
  #checkpoint: ImageCheckpoint;

  /**
   * @param checkpoint that the model has the adapters of
   * @throws one line when the adapter does not hold such a batch
   */
  constructor(model: AnomalyModel, checkpoint: ImageCheckpoint, { batch, tile }: DeviceScoring) {
    this.#model = model;
    this.#checkpoint = checkpoint;
    this.#batch = chooseBatch(model, batch, '--batch_size');
    this.#tile = tile;
  }

  get imageSize(): number {
    return this.#model.imageSize;
  }

  get scoring(): Scoring {
    return this.#model.scoring;
  }

  get precision(): Precision {
    return this.#model.gpu.precision;
  }

  get adapter(): string {
    return adapterName(this.#model.gpu);
  }

  async take(checkpoint: ImageCheckpoint): Promise<void> {
    if (checkpoint !== this.#checkpoint) await this.#model.loadAdapters(checkpoint.adapters);
    this.#checkpoint = checkpoint;
  }

  async *scores(data: TestedData, run: ScoredRun): AsyncGenerator<readonly ScoredSample[], void, undefined> {
    using scorer = pictureScorer(this.#model, this.#batch, this.#tile);
    const { samples, bytes } = data;
    // Two batches are in use at a time, and as much again is decoded ahead.
    const budget = Math.min(scorer.batchBytes, PIXEL_BUDGET / 4);
    const batches = runsWithin([...samples.keys()], this.#batch, (i) => bytes?.[i] ?? 0, budget);
    let pending: Promise<ScoredSample[]> | undefined;
    for await (const batch of run.loader.batches(batches)) {
      for (const { sample, picture } of batch) {
        try {
          scorer.checkFits(picture);
        } catch (error) {
          run.onBroken(error as Error, sample);
        }
      }
      const good = batch.filter(({ sample }) => !run.isBroken(sample.className));
      // The device works on this batch while the batch before it is looked at.
      const next = good.length > 0 ? launch(scorer, good, data) : undefined;
      if (pending) yield await pending;
      pending = next;
    }
    if (pending) yield await pending;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { gpu } = this.#model;
    this.#model[Symbol.dispose]();
    gpu[Symbol.dispose]();
  }
}

/** Has a batch scored; the device works on it when this returns. */
function launch(scorer: PictureScorer, batch: readonly DecodedSample[], data: TestedData): Promise<ScoredSample[]> {
  const values = scorer.score(
    batch.map(({ picture }) => picture),
    batch.map(({ sample }) => data.keyOf(sample.className)),
  );
  const scored = values.then(({ sums, scores }: BatchScores) =>
    batch.map(({ sample, mask }, i): ScoredSample => ({ sample, mask, map: sums[i]!, score: scores[i]! })),
  );
  // Awaited when the next batch is launched; this avoids an unhandled rejection until then.
  scored.catch(() => undefined);
  return scored;
}
