/** What a page and its worker say to each other about a training. */

/** A picture to learn from. */
export interface TaughtPicture {
  readonly name: string;
  readonly picture: Blob;
  readonly className: string;
  /** 0 for a good picture, 1 for a faulty one. */
  readonly label: 0 | 1;
  /** A file, or [height, width] bytes that cover the picture in any size, not 0 where it is faulty; every faulty picture needs one. */
  readonly mask?: Blob | { readonly width: number; readonly height: number; readonly data: Uint8Array } | undefined;
}

export interface PageTrainSettings {
  readonly imageSize: number;
  readonly textEpochs: number;
  readonly imageEpochs: number;
  readonly textBatch: number;
  readonly imageBatch: number;
  readonly textRate: number;
  readonly imageRate: number;
  readonly seed: number;
  /** Steps between checkpoints within an epoch; 0 for those at its end alone. */
  readonly saveEvery: number;
}

/** A step of a training. */
export interface TrainStep {
  readonly stage: 'text' | 'image';
  /** Of both stages together, from 1. */
  readonly step: number;
  readonly steps: number;
  /** From 1. */
  readonly epoch: number;
  readonly loss: number;
  /** Milliseconds since the step before. */
  readonly ms: number;
  /** Whether a checkpoint holds it. */
  readonly saved: boolean;
}

/** Trained adapters, as files that `loadDetector` takes. */
export interface TrainReport {
  readonly text: File | undefined;
  readonly image: File;
  /** Losses of the first and last step of each stage that was run. */
  readonly losses: Partial<Readonly<Record<'text' | 'image', { readonly first: number; readonly last: number }>>>;
  readonly steps: number;
  /** Why the browser could keep no checkpoints; undefined where it could. */
  readonly problem: string | undefined;
}

/** A run that was ended early. */
export interface KeptRun {
  readonly stage: 'text' | 'image';
  /** Epochs of the stage that are done, and batches of the next one. */
  readonly epoch: number;
  readonly batch: number;
  readonly pictures: number;
  readonly settings: PageTrainSettings;
  /** Which weights it trains on. */
  readonly model: string;
  /** When, as ISO 8601. */
  readonly saved: string;
}
