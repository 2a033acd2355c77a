/** What a page asks of the worker that owns the device, and what the worker answers. Every message can be cloned. */
import type { JudgedPicture } from '../calibrate/choose_scale.js';
import type { Domain } from '../data/datasets.js';
import type { Calibration } from '../detect/calibration.js';
import type { Decision } from '../detect/decision.js';
import type { Peak } from '../detect/detection.js';
import type { ErrorCode } from '../detect/errors.js';
import type { ScoreMap } from '../detect/share_map.js';
import type { AdapterDescription } from '../gpu/description.js';
import type { ProfileRow } from '../gpu/profile.js';
import type { PlannedMemory } from './memory_plan.js';
import type { KeptRun, PageTrainSettings, TaughtPicture, TrainReport, TrainStep } from './train_messages.js';
import type { PackagedFiles } from './web_host.js';

/** A model: the packaged one, or files that the user picked or keeps in the browser. */
export type ModelChoice =
  /** Its own adapters, unless others are given. */
  | { readonly kind: 'packaged'; readonly adapters?: readonly Blob[] | undefined }
  | { readonly kind: 'files'; readonly weights: Blob; readonly adapters: readonly Blob[] }
  | { readonly kind: 'kept'; readonly weights: string; readonly adapters: readonly Blob[] };

/** A model and how it is used. */
export interface ModelUse {
  readonly model: ModelChoice;
  /** The name of the object, as the prompts have it. */
  readonly className: string;
  /** Side that pictures are resized to, in pixels; by default as the adapters were trained. */
  readonly imageSize?: number | undefined;
}

/** RGBA bytes, [height, width, 4]. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray;
}

/** A file, and what messages call it. */
export interface NamedFile {
  readonly file: Blob;
  readonly name: string;
}

/** What is asked, by kind. A picture's job loads the model where it is not loaded yet. */
export type EngineRequest =
  | ({ readonly kind: 'load' } & ModelUse)
  | ({
      readonly kind: 'score';
      /** A file, or a frame of a camera as RGBA. */
      readonly picture: Blob | Pixels;
      readonly name: string;
      readonly orient: boolean;
    } & ModelUse)
  /** Makes the map of each level of a picture. */
  | ({
      readonly kind: 'levels';
      readonly picture: Blob | Pixels;
      readonly name: string;
      readonly orient: boolean;
    } & ModelUse)
  /** Chooses references and a threshold by good pictures, and decides by them from then on. */
  | ({
      readonly kind: 'calibrate';
      readonly good: readonly NamedFile[];
      readonly bad?: readonly NamedFile[] | undefined;
      /** Share of good pictures that may be called faulty. */
      readonly falseAlarms: number;
      readonly references?: number | undefined;
      readonly orient: boolean;
    } & ModelUse)
  /** Another threshold for a calibration, by the peaks of its pictures; the one with the highest F1 without a share of false alarms. */
  | {
      readonly kind: 'chooseThreshold';
      readonly calibration: Blob;
      readonly good: readonly JudgedPicture[];
      readonly bad: readonly JudgedPicture[];
      readonly falseAlarms?: number | undefined;
    }
  /** Decides by a file from then on; it tells its class. */
  | ({ readonly kind: 'useCalibration' } & NamedFile & Omit<ModelUse, 'className'>)
  | { readonly kind: 'dropCalibration'; readonly className: string }
  /** Trains adapters in two stages. `step` messages tell of each step. */
  | {
      readonly kind: 'train';
      readonly model: ModelChoice;
      readonly samples: readonly TaughtPicture[];
      readonly settings: PageTrainSettings;
      readonly orient: boolean;
      /** Whether it continues the run that was kept. */
      readonly resume: boolean;
    }
  /** Tells of the run that a training would continue. */
  | { readonly kind: 'keptRun' }
  | { readonly kind: 'dropRun' }
  | { readonly kind: 'device' }
  /** Times every kernel on one picture with the model that is loaded. */
  | { readonly kind: 'time' }
  /** Counts the memory that a model takes at each size of pictures. */
  | ({ readonly kind: 'plan' } & ModelUse)
  /** Keeps a file of weights in the browser. */
  | { readonly kind: 'keep'; readonly file: Blob; readonly name: string }
  | { readonly kind: 'kept' }
  | { readonly kind: 'forget'; readonly name: string };

/** A step of a job, in the order in which they come. `again`: the device was lost, and the job starts once more. */
export type Stage =
  | 'picture'
  | 'device'
  | 'files'
  | 'weights'
  | 'kernels'
  | 'score'
  | 'calibrate'
  | 'copy'
  | 'train'
  | 'again';

export interface ModelReport {
  /** One line on the method and how it is used. */
  readonly about: string;
  readonly imageSize: number;
  /** Whether trained adapters are in use; without them it is plain CLIP. */
  readonly adapted: boolean;
  /** Words of the object's name that the model does not know: it then looks for faults of an "object". */
  readonly unknownWords: readonly string[];
  /** Floating-point operations of one picture. */
  readonly flops: number;
  /** The levels: the blocks whose tokens are compared with the words, counted from 1. */
  readonly blocks: readonly number[];
}

/** A scored picture. */
export interface ScoreReport {
  readonly name: string;
  readonly className: string;
  readonly domain: Domain;
  readonly score: number;
  readonly imageScore: number;
  readonly peak: Peak;
  readonly decision: Omit<Decision, 'map' | 'evidence'>;
  /** The scale of the decision at every pixel of the resized picture: 0 like good pictures, 0.5 the threshold. */
  readonly map: ScoreMap;
  /** Size of the picture in its own pixels, as it was scored. */
  readonly width: number;
  readonly height: number;
  /** The picture as it was scored, RGBA, made smaller where it is large. */
  readonly preview: Pixels;
  /** How EXIF data say that the picture is to be turned, 1 to 8; 1 for upright. */
  readonly orientation: number;
  readonly model: ModelReport;
  /** Milliseconds of each step that was taken, in order. */
  readonly steps: readonly { readonly stage: Stage; readonly ms: number }[];
}

/** The map of one level. */
export interface LevelReport {
  /** The block whose tokens were compared with the words, counted from 1. */
  readonly block: number;
  /** What the map of the decision would be if all levels were like this one and there were no references. */
  readonly map: ScoreMap;
  readonly peak: Peak;
}

/** A calibration that decides on the pictures of its class. */
export interface CalibrationInUse extends Pick<Calibration, 'className' | 'rule' | 'scale' | 'good' | 'faulty'> {
  /** Side of the pictures that it was made with. */
  readonly imageSize: number;
  /** The rule in a line, in English. */
  readonly words: string;
}

export interface CalibrateReport extends CalibrationInUse {
  /** Peaks of the evidence. */
  readonly pictures: { readonly good: readonly JudgedPicture[]; readonly bad: readonly JudgedPicture[] };
  /** Name of the good picture that is far from all others. */
  readonly standsOut?: string | undefined;
  /** The calibration as a file, and the name that the command line looks for. */
  readonly file: Blob;
  readonly fileName: string;
}

export interface DeviceReport {
  readonly adapter: AdapterDescription;
  /** Whether it computes on the processor. */
  readonly software: boolean;
  readonly f16: boolean;
  /** Lanes of a subgroup; 0 where kernels use none. */
  readonly subgroupSize: number;
  /** The kernel taken for each op that has several. */
  readonly kernels: Readonly<Record<string, string>>;
  /** Bytes of device memory: held now, and at most so far. */
  readonly memory: { readonly held: number; readonly most: number };
  readonly model?: ModelReport | undefined;
  /** Whether single kernels can be timed. */
  readonly timing: boolean;
}

export interface KeptFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

export interface EngineResults {
  readonly train: TrainReport;
  readonly keptRun: KeptRun | undefined;
  readonly dropRun: undefined;
  readonly load: ModelReport;
  readonly score: ScoreReport;
  readonly levels: readonly LevelReport[];
  readonly calibrate: CalibrateReport;
  readonly chooseThreshold: CalibrateReport;
  readonly useCalibration: CalibrationInUse;
  readonly dropCalibration: undefined;
  readonly device: DeviceReport;
  readonly time: readonly ProfileRow[];
  readonly plan: readonly PlannedMemory[];
  readonly keep: KeptFile;
  readonly kept: readonly KeptFile[];
  readonly forget: undefined;
}

export interface Failure {
  readonly code: ErrorCode | 'storage' | 'internal';
  /** One line that begins with the thing and ends with the remedy. */
  readonly message: string;
  /** Where less memory may help: the next smaller side for pictures. */
  readonly smaller?: number | undefined;
}

/** From the page. The first message says where files are; `stop` ends the job of that number early. */
export type ToEngine =
  | { readonly kind: 'open'; readonly files: PackagedFiles }
  | { readonly kind: 'stop'; readonly id: number }
  /** Holds a training, or lets it go on. */
  | { readonly kind: 'pause'; readonly id: number; readonly paused: boolean }
  | { readonly kind: 'job'; readonly id: number; readonly request: EngineRequest };

/** To the page, about the job of that number. */
export type FromEngine =
  | { readonly kind: 'progress'; readonly id: number; readonly stage: Stage; readonly share?: number | undefined }
  /** A calibration no longer holds for the model, and is not used any more. */
  | { readonly kind: 'dropped'; readonly id: number; readonly className: string; readonly message: string }
  | { readonly kind: 'step'; readonly id: number; readonly step: TrainStep }
  | { readonly kind: 'done'; readonly id: number; readonly result: EngineResults[EngineRequest['kind']] }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure };
