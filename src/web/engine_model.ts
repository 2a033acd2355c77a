/** The one model on the device: opened on demand, and kept until a job needs another one. */
import { DEFAULT_IMAGE_SIZE } from '../detect/anomaly_model.js';
import { Detector } from '../detect/detector.js';
import { AaclipError, within } from '../detect/errors.js';
import type { AdapterSource, LibraryHost } from '../detect/sources.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ModelReport, ModelUse, Stage } from './engine_messages.js';
import type { KeptFiles } from './kept_files.js';
import { memoryPlan, type PlannedMemory } from './memory_plan.js';

/** Told about a step that begins, and the share of it that is done. */
export type Tell = (stage: Stage, share?: number) => void;

interface Opened {
  readonly detector: Detector;
  readonly model: ModelUse['model'];
  readonly imageSize: number | undefined;
}

export class EngineModel {
  readonly #host: LibraryHost;
  readonly #kept: KeptFiles;
  /** Side of pictures of the model that was loaded last. */
  lastSize: number = DEFAULT_IMAGE_SIZE;
  /** Whether files that the detector itself decodes are turned upright by their EXIF data. */
  orient = false;
  #gpu: Gpu | undefined;
  #opened: Opened | undefined;

  constructor(host: LibraryHost, kept: KeptFiles) {
    const decode: LibraryHost['decode'] = (name, bytes) => host.decode(name, bytes, { orient: this.orient });
    this.#host = { ...host, decode };
    this.#kept = kept;
  }

  /** The model that is loaded. */
  get detector(): Detector | undefined {
    return this.#opened?.detector;
  }

  get isOpen(): boolean {
    return this.#gpu !== undefined;
  }

  /** The device; it stays open from job to job. */
  async device(tell: Tell): Promise<Gpu> {
    if (this.#gpu) return this.#gpu;
    tell('device');
    this.#gpu = await within('device', () => this.#host.openDevice());
    return this.#gpu;
  }

  /** The detector for a job: the one that is loaded, where it fits. @throws AaclipError */
  async load(use: ModelUse, tell: Tell, signal: AbortSignal): Promise<Detector> {
    const gpu = await this.device(tell);
    const before = this.#opened;
    if (before && isSame(before, use)) {
      if (before.detector.classes.some(({ name }) => name === use.className)) return before.detector;
      tell('files');
      await before.detector.addClasses([use.className], signal);
      return before.detector;
    }
    // A large model and its successor may not fit beside each other.
    if (before && before.model.kind !== 'packaged') this.#drop();
    tell('files');
    const detector = await Detector.load(this.#host, {
      gpu,
      classes: [use.className],
      // Pictures are scored one at a time: kernels of larger batches need not be compiled.
      batchSize: 1,
      ...(await this.#sources(use.model)),
      imageSize: use.imageSize,
      onNote: () => undefined,
      onProgress: (share) => tell(share < 1 ? 'weights' : 'kernels', share < 1 ? share : undefined),
      signal,
    });
    this.#drop();
    this.lastSize = detector.imageSize;
    const { model, imageSize } = use;
    this.#opened = { detector, model, imageSize };
    return detector;
  }

  async #sources(model: ModelUse['model']): Promise<{ weights: Blob | 'tiny'; adapters?: AdapterSource }> {
    if (model.kind === 'packaged') return { weights: 'tiny', adapters: 'tiny', ...adaptersOf(model.adapters ?? []) };
    const weights = model.kind === 'kept' ? await this.#kept.open(model.weights) : model.weights;
    return { weights, ...adaptersOf(model.adapters) };
  }

  /** Counts the memory that a model takes at each size of pictures. */
  async plan(
    { model, className }: ModelUse,
    sizes: readonly number[],
    tell: Tell,
    signal: AbortSignal,
  ): Promise<PlannedMemory[]> {
    const options = { classes: [className], ...(await this.#sources(model)), onNote: () => undefined, signal };
    return memoryPlan(this.#host, await this.device(tell), options, sizes);
  }

  /** The weights that a choice stands for. */
  async weightsOf(model: ModelUse['model']): Promise<Blob | 'tiny'> {
    return (await this.#sources(model)).weights;
  }

  /** Releases the model; the device stays open. */
  release(): void {
    this.#drop();
  }

  /** Releases the model, and the device with it. */
  close(): void {
    this.#drop();
    this.#gpu?.[Symbol.dispose]();
    this.#gpu = undefined;
  }

  #drop(): void {
    this.#opened?.detector[Symbol.dispose]();
    this.#opened = undefined;
  }
}

/** Whether what is loaded came from the same files, at the same size. Blobs that crossed to the worker twice are two. */
function isSame({ model, imageSize }: Opened, use: ModelUse): boolean {
  return imageSize === use.imageSize && keyOf(model) === keyOf(use.model);
}

function keyOf(model: ModelUse['model']): string {
  const adapters = model.adapters?.map(fileKey);
  if (model.kind === 'packaged') return JSON.stringify([model.kind, adapters]);
  const weights = typeof model.weights === 'string' ? model.weights : fileKey(model.weights);
  return JSON.stringify([model.kind, weights, adapters]);
}

function fileKey(file: Blob): readonly unknown[] {
  const { name, lastModified } = file as Partial<Record<'name' | 'lastModified', unknown>>;
  return [name, lastModified, file.size];
}

/** One checkpoint, or AA-CLIP's two parts, which their names tell apart. */
function adaptersOf(files: readonly Blob[]): { adapters?: AdapterSource } {
  if (files.length < 2) return files[0] ? { adapters: files[0] } : {};
  const isText = (file: Blob): boolean => 'name' in file && /text/i.test(String(file.name));
  const [text, image] = [files.find(isText), files.find((file) => !isText(file))];
  if (files.length === 2 && text && image) return { adapters: { text, image } };
  const got = files.map((file) => ('name' in file ? String(file.name) : 'a file')).join(', ');
  throw new AaclipError(
    'adapters',
    `adapters: expected one checkpoint, or text_adapter and image_adapter, got ${got}: pick them again`,
  );
}

/** What a page shows of a model. */
export function modelReport(detector: Detector, className: string): ModelReport {
  const { settings, imageSize, flopsPerPicture: flops } = detector;
  const unknownWords = detector.classes.find(({ name }) => name === className)?.unknownWords ?? [];
  const { levels: blocks } = detector.model.config;
  return { about: settings.about, imageSize, adapted: settings.adapted, unknownWords, flops, blocks };
}
