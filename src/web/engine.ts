/**
 * The engine of a page, in the worker that owns the device: one job after another, each with its progress and its result. A
 * device that is lost is opened again, with the model from the same files, and the job is repeated once.
 */
import { AaclipError, checkAborted, libraryError } from '../detect/errors.js';
import type { LibraryHost } from '../detect/sources.js';
import { GpuError } from '../gpu/gpu.js';
import { chosenKernels } from '../kernels/kernel_lists.js';
import { PictureError } from '../picture/picture.js';
import { empty, tidy } from '../tensor/tensor.js';
import { KeptCalibrations } from './calibrate_job.js';
import type {
  DeviceReport,
  EngineRequest,
  EngineResults,
  Failure,
  FromEngine,
  ScoreReport,
  ToEngine,
} from './engine_messages.js';
import { EngineModel, modelReport, type Tell } from './engine_model.js';
import { type KeptFiles, StorageError } from './kept_files.js';
import { RunFiles } from './kept_run.js';
import { pageReason } from './page_reason.js';
import { levelsOfGiven, type ScoreJobParts, scoreGiven } from './score_job.js';
import { Pause, type TrainJobParts, type TrainRequest, trainInPage } from './train_job.js';
import type { TrainStep } from './train_messages.js';

type Result = EngineResults[EngineRequest['kind']];

/** Sides of pictures to try where memory is short. */
const SIZES = [518, 392, 336, 256, 224, 112];

/** Sends a message; the buffers in it are handed over, not copied. */
export type Send = (message: FromEngine, handOver: readonly ArrayBufferLike[]) => void;

/** Files in private storage: weights, and the run of a training. */
export interface EngineFiles {
  readonly weights: KeptFiles;
  readonly run: KeptFiles;
}

export class Engine {
  readonly #host: LibraryHost;
  readonly #kept: KeptFiles;
  readonly #keptRun: RunFiles;
  readonly #send: Send;
  readonly #model: EngineModel;
  readonly #calibrations: KeptCalibrations;
  /** Number of the job that runs. */
  #running = 0;
  /** The jobs that wait or run, by number. */
  readonly #jobs = new Map<number, { readonly stop: AbortController; readonly pause: Pause }>();
  #last: Promise<void> = Promise.resolve();

  constructor(host: LibraryHost, { weights: kept, run }: EngineFiles, send: Send) {
    this.#host = host;
    this.#kept = kept;
    this.#keptRun = new RunFiles(run);
    this.#send = send;
    this.#model = new EngineModel(host, kept);
    this.#calibrations = new KeptCalibrations(host, this.#model, (className, message) =>
      send({ kind: 'dropped', id: this.#running, className, message: pageReason(message) }, []),
    );
  }

  /** Takes a message of the page; resolves when its job is over. */
  receive(message: Exclude<ToEngine, { kind: 'open' }>): Promise<void> {
    if (message.kind === 'stop') {
      this.#jobs.get(message.id)?.stop.abort();
      return Promise.resolve();
    }
    if (message.kind === 'pause') {
      this.#jobs.get(message.id)?.pause.set(message.paused);
      return Promise.resolve();
    }
    const { id, request } = message;
    const stop = new AbortController();
    const pause = new Pause();
    this.#jobs.set(id, { stop, pause });
    this.#last = this.#last.then(() => this.#run(id, request, stop.signal, pause));
    return this.#last;
  }

  async #run(id: number, request: EngineRequest, signal: AbortSignal, pause: Pause): Promise<void> {
    let repeated = false;
    this.#running = id;
    const tell: Tell = (stage, share) => {
      repeated ||= stage === 'again';
      this.#send({ kind: 'progress', id, stage, share }, []);
    };
    try {
      checkAborted(signal);
      const onStep = (step: TrainStep): void => this.#send({ kind: 'step', id, step }, []);
      const result =
        request.kind === 'train'
          ? await this.#train(request, { tell, signal, pause, onStep })
          : await this.#withDevice((told) => this.#answer(request, told, signal), tell);
      this.#send({ kind: 'done', id, result }, buffersOf(request.kind, result));
    } catch (error) {
      this.#send({ kind: 'failed', id, failure: this.#failure(error, request, repeated) }, []);
    } finally {
      this.#jobs.delete(id);
    }
  }

  /** Runs a job; once more on a device that is opened again, where the device fails. */
  async #withDevice<T>(job: (tell: Tell) => Promise<T>, tell: Tell): Promise<T> {
    try {
      return await job(tell);
    } catch (error) {
      // Where no device could be opened, there is none the next time either.
      if (!isDeviceError(error) || !this.#model.isOpen) throw error;
      this.#model.close();
      tell('again');
    }
    try {
      return await job(tell);
    } catch (error) {
      if (isDeviceError(error)) this.#model.close();
      throw error;
    }
  }

  /** Survives the loss of the device on its own, since it can go on where it was. */
  async #train(
    request: TrainRequest,
    parts: Pick<TrainJobParts, 'tell' | 'signal' | 'pause' | 'onStep'>,
  ): Promise<Result> {
    try {
      return await trainInPage(request, { ...parts, host: this.#host, model: this.#model, files: this.#keptRun });
    } catch (error) {
      if (isDeviceError(error)) this.#model.close();
      throw error;
    }
  }

  async #answer(request: Exclude<EngineRequest, TrainRequest>, tell: Tell, signal: AbortSignal): Promise<Result> {
    switch (request.kind) {
      case 'load':
        return modelReport(await this.#calibrations.load(request, tell, signal), request.className);
      case 'score':
        return scoreGiven(request, this.#scoring(tell, signal));
      case 'levels':
        return levelsOfGiven(request, this.#scoring(tell, signal));
      case 'calibrate':
      case 'chooseThreshold':
      case 'useCalibration':
      case 'dropCalibration':
        return this.#calibrations.answer(request, tell, signal);
      case 'device':
        return this.#device(tell);
      case 'time':
        return this.#time(tell);
      case 'plan':
        return this.#model.plan(request, SIZES, tell, signal);
      case 'keptRun':
        return this.#keptRun.kept();
      case 'dropRun':
        await this.#keptRun.drop();
        return undefined;
      case 'keep':
        tell('copy', 0);
        return this.#kept.keep(request.name, request.file, (share) => tell('copy', share), signal);
      case 'kept':
        return this.#kept.list();
      case 'forget':
        await this.#kept.forget(request.name);
        return undefined;
    }
  }

  #scoring(tell: Tell, signal: AbortSignal): ScoreJobParts {
    return { host: this.#host, load: (...asked) => this.#calibrations.load(...asked), tell, signal };
  }

  async #device(tell: Tell): Promise<DeviceReport> {
    const gpu = await this.#model.device(tell);
    const { detector } = this.#model;
    return {
      adapter: gpu.description,
      software: gpu.traits.software,
      f16: gpu.traits.f16,
      subgroupSize: gpu.traits.subgroupSize,
      kernels: chosenKernels(gpu),
      memory: { held: gpu.pool.allocated, most: gpu.pool.peak },
      model: detector && modelReport(detector, detector.classes[0]!.name),
      timing: gpu.profile.available,
    };
  }

  async #time(tell: Tell): Promise<EngineResults['time']> {
    const { detector } = this.#model;
    if (!detector) throw new AaclipError('options', 'kernel times: no model is loaded: score a picture first');
    const gpu = await this.#model.device(tell);
    tell('score');
    const { model, imageSize: s } = detector;
    const run = (): void => tidy(() => void model.run(empty(gpu, [1, 3, s, s]), detector.classes[0]!.name));
    return gpu.profile.run(run);
  }

  /** @param repeated whether the job was repeated on a device that was opened again */
  #failure(error: unknown, request: EngineRequest, repeated: boolean): Failure {
    if (error instanceof StorageError) return { code: 'storage', message: error.message };
    // Errors that are not ours by type are faults of the program.
    const ours = error instanceof AaclipError || error instanceof PictureError || error instanceof GpuError;
    if (!ours) {
      const message = error instanceof Error ? error.message : String(error);
      return { code: 'internal', message: `${message}: reload the page; if it recurs, please report it` };
    }
    const { code, message: whole } = libraryError('options', error);
    const message = pageReason(whole);
    if (code !== 'device' || !repeated || !('model' in request)) return { code, message };
    const imageSize = (request.kind === 'train' ? request.settings : request).imageSize ?? this.#model.lastSize;
    return { code, message, smaller: SIZES.find((size) => size < imageSize) };
  }
}

const isDeviceError = (error: unknown): boolean => libraryError('options', error).code === 'device';

/** The buffers of a result that the engine needs no more. */
function buffersOf(kind: EngineRequest['kind'], result: Result): ArrayBufferLike[] {
  if (kind === 'levels') return (result as EngineResults['levels']).map(({ map }) => map.data.buffer);
  if (kind !== 'score') return [];
  const { map, preview } = result as ScoreReport;
  return [map.data.buffer, preview.data.buffer];
}
