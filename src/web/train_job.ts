/** Training in the page: both stages on the engine's device, with checkpoints, pauses and a device that may be lost. */
import { AaclipError, checkAborted, libraryError } from '../detect/errors.js';
import type { LibraryHost } from '../detect/sources.js';
import { Training } from '../train/training.js';
import type { TrainingSample } from '../train/training_options.js';
import type { StepReport } from '../train/training_run.js';
import type { EngineRequest } from './engine_messages.js';
import type { EngineModel, Tell } from './engine_model.js';
import type { RunDescription, RunFiles } from './kept_run.js';
import type { TaughtPicture, TrainReport, TrainStep } from './train_messages.js';
import { adapterSettings } from './training_defaults.js';

export type TrainRequest = Extract<EngineRequest, { kind: 'train' }>;

/** Holds a training between two steps. */
export class Pause {
  #paused = false;
  #wake = (): void => undefined;

  set(paused: boolean): void {
    this.#paused = paused;
    if (!paused) this.#wake();
  }

  /** Resolves when the training may go on. @throws AaclipError `aborted` */
  async passed(signal: AbortSignal): Promise<void> {
    while (this.#paused && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    checkAborted(signal);
  }
}

export interface TrainJobParts {
  readonly host: LibraryHost;
  readonly model: EngineModel;
  readonly files: RunFiles;
  readonly pause: Pause;
  readonly tell: Tell;
  readonly onStep: (step: TrainStep) => void;
  readonly signal: AbortSignal;
}

/** Steps of each stage of a run. */
function stepsOf({ samples, settings }: TrainRequest): { text: number; image: number } {
  const { textEpochs, imageEpochs, textBatch, imageBatch } = settings;
  return {
    text: textEpochs * Math.ceil(samples.length / textBatch),
    image: imageEpochs * Math.ceil(samples.length / imageBatch),
  };
}

/**
 * Trains adapters on a CLIP. A device that is lost is opened again, and the run goes on from its last checkpoint, as often as it
 * got further in between.
 * @throws AaclipError `options` where the kept run has other pictures or settings
 */
export async function trainInPage(request: TrainRequest, parts: TrainJobParts): Promise<TrainReport> {
  const { files, model, signal, tell } = parts;
  const description = await describe(request);
  if (request.resume) await reopen(files, description);
  else await files.drop();
  const run = new PageRun(request, description, parts);
  for (;;) {
    const before = run.reached;
    try {
      const report = await run.finish();
      await files.drop();
      return report;
    } catch (error) {
      checkAborted(signal);
      const lost = libraryError('training', error).code === 'device' && model.isOpen;
      if (!lost || (run.resumed && run.reached === before)) throw error;
      model.close();
      run.resumed = true;
      tell('again');
    }
  }
}

/** Losses of a stage: of its first and last step. */
type Losses = NonNullable<TrainReport['losses']['text']>;

class PageRun {
  /** The furthest step so far. */
  reached = 0;
  /** Whether it goes on after the device was lost. */
  resumed = false;
  readonly #request: TrainRequest;
  readonly #description: RunDescription;
  readonly #parts: TrainJobParts;
  readonly #losses: Partial<Record<'text' | 'image', Losses>> = {};
  #savedAt = -1;

  constructor(request: TrainRequest, description: RunDescription, parts: TrainJobParts) {
    this.#request = request;
    this.#description = description;
    this.#parts = parts;
  }

  async finish(): Promise<TrainReport> {
    const { files, signal, pause } = this.#parts;
    const training = await this.#open();
    const steps = stepsOf(this.#request);
    let last = performance.now();
    for await (const report of training) {
      const now = performance.now();
      this.#tell(report, steps, now - last);
      await pause.passed(signal);
      last = performance.now();
    }
    const trained = await training.finish();
    const file = (name: string, bytes: Uint8Array<ArrayBuffer>): File =>
      new File([bytes], `${name}_adapter.safetensors`);
    return {
      text: trained.text && file('text', trained.text),
      image: file('image', trained.image),
      losses: this.#losses,
      steps: steps.text + steps.image,
      problem: files.problem,
    };
  }

  async #open(): Promise<Training> {
    const { host, model, files, tell, signal } = this.#parts;
    const { samples, settings, orient } = this.#request;
    // Room for the gradients.
    model.release();
    const gpu = await model.device(tell);
    tell('train');
    return new Training(host, {
      gpu,
      weights: await model.weightsOf(this.#request.model),
      samples: samples.map(sampleOf),
      ...adapterSettings(this.#request.model),
      ...settings,
      pictures: { orient },
      resume: files.checkpoints,
      onNote: () => undefined,
      onSave: async (checkpoint) => {
        await files.save(checkpoint, this.#description);
        this.#savedAt = this.reached;
      },
      signal,
    });
  }

  #tell({ stage, epoch, batch, batches, loss }: StepReport, steps: { text: number; image: number }, ms: number): void {
    const step = (stage === 'text' ? 0 : steps.text) + epoch * batches + batch + 1;
    this.reached = Math.max(this.reached, step);
    this.#losses[stage] = { first: this.#losses[stage]?.first ?? loss, last: loss };
    const saved = this.#savedAt >= step;
    this.#parts.onStep({ stage, step, steps: steps.text + steps.image, epoch: epoch + 1, loss, ms, saved });
  }
}

function sampleOf({ picture, name, mask, label, className }: TaughtPicture): TrainingSample {
  return { picture: new File([picture], name), mask, label, className };
}

async function reopen(files: RunFiles, description: RunDescription): Promise<void> {
  const kept = await files.kept();
  if (!kept) throw new AaclipError('options', 'training: no run is kept in this browser: start a new one');
  const differing = (
    [
      ['samples', 'pictures, masks or labels'],
      ['settings', 'settings'],
      ['model', 'model'],
    ] as const
  ).filter(([key]) => JSON.stringify(kept[key]) !== JSON.stringify(description[key]));
  if (differing.length > 0) {
    const what = differing.map(([, words]) => words).join(', ');
    throw new AaclipError('options', `training: the kept run has other ${what}: use the same ones, or start a new run`);
  }
  await files.reopen();
}

/** What a run learns from, to tell it from others. */
async function describe({ samples, settings, model }: TrainRequest): Promise<RunDescription> {
  const weights = model.kind === 'packaged' ? 'packaged' : model.kind === 'kept' ? model.weights : model.weights.size;
  const parts = await Promise.all(
    samples.map(async ({ name, picture, mask, label, className }) => [
      ...[name, className, label, await fingerprint(picture)],
      mask && (await fingerprint(mask instanceof Blob ? mask : new Blob([new Uint8Array(mask.data)]))),
    ]),
  );
  return {
    pictures: samples.length,
    settings,
    model: String(weights),
    samples: await fingerprint(new Blob([JSON.stringify(parts)])),
  };
}

async function fingerprint(file: Blob): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await file.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
