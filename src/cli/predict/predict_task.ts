/** The task of a worker for `aaclip predict --queue`: judges some pictures and draws what the flags ask for. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Detector } from '../../detect/detector.js';
import { AaclipError, libraryError } from '../../detect/errors.js';
import { fileError } from '../../node/file_error.js';
import { openRegistry } from '../../node/registry_source.js';
import { openDetector } from '../detector_options.js';
import { openDevice } from '../options.js';
import { checked } from '../queue/checked.js';
import { FILE_REF, type FileRef } from '../queue/file_refs.js';
import type { KeptModel } from '../queue/model_cache.js';
import { QUEUED_FILE, unchangedFile } from '../queue/queued_file.js';
import { type Executor, MOST_PICTURES, type TaskContext } from '../queue/task.js';
import { drawnFiles, recordOf } from './drawn.js';
import { type DrawnPicture, encodeDrawn } from './drawn_file.js';
import { drawOptions, type PredictFlags } from './flags.js';
import { localPlan } from './predict_plan.js';

const PAYLOAD = z.strictObject({
  plan: FILE_REF,
  pictures: z
    .array(
      z.strictObject({
        ...QUEUED_FILE.shape,
        /** What results and messages call it. */
        name: z.string().min(1).max(4096),
      }),
    )
    .min(1)
    .max(MOST_PICTURES),
});

export type PredictPayload = z.infer<typeof PAYLOAD>;

class PlannedDetector implements Disposable {
  readonly detector: Detector;
  readonly flags: PredictFlags;

  constructor(detector: Detector, flags: PredictFlags) {
    this.detector = detector;
    this.flags = flags;
  }

  static async load(ref: FileRef, { files, device }: TaskContext): Promise<KeptModel<PlannedDetector>> {
    const { flags: own, calibration, calibrationNamed } = await localPlan(files, ref);
    const flags = { ...own, ...device };
    const registry = await openRegistry(flags);
    const detector = await openDetector([flags.class], registry, flags, () => openDevice(flags));
    try {
      if (calibration !== undefined) await detector.openCalibration(calibration);
    } catch (error) {
      // One that nobody asked for must not keep a picture from being scored.
      const unfit = error instanceof AaclipError && error.code === 'calibration';
      if (!unfit || calibrationNamed) {
        detector[Symbol.dispose]();
        throw error;
      }
    }
    return { model: new PlannedDetector(detector, flags), bytes: detector.model.gpu.pool.allocated };
  }

  [Symbol.dispose](): void {
    this.detector[Symbol.dispose]();
  }
}

/** Judges the pictures of a task. Every picture is compared with the print it was queued with. */
export const predictTask: Executor = async (payload, context) => {
  const { plan, pictures } = checked(PAYLOAD, payload, 'task of predict');
  return context.models.use(
    `predict ${plan.fingerprint}`,
    () => PlannedDetector.load(plan, context),
    (model) => judge(model, pictures, context),
  );
};

async function judge(
  { detector, flags }: PlannedDetector,
  pictures: PredictPayload['pictures'],
  { roots, signal, onProgress }: TaskContext,
): Promise<Uint8Array> {
  const [loaded] = detector.classes;
  const draw = drawOptions(flags);
  const found: DrawnPicture[] = [];
  /** Each is read when its turn comes, and goes by the name it was given. */
  async function* sources(): AsyncGenerator<File, void, undefined> {
    for (const { name, ...file } of pictures) {
      const here = await unchangedFile(roots, file);
      const bytes = await readFile(here).catch((error: unknown) => {
        throw fileError(here, 'read', error);
      });
      yield new File([new Uint8Array(bytes)], name);
    }
  }
  const onBroken = (error: Error, index: number): void => {
    found[index] = { broken: error.message };
  };
  try {
    for await (const detection of detector.detect(sources(), flags.class, { onBroken, signal })) {
      const files: { readonly suffix: string; readonly bytes: Uint8Array }[] = [];
      for (const { suffix, bytes } of drawnFiles(detection, draw)) files.push({ suffix, bytes: await whole(bytes) });
      found[detection.index] = { record: recordOf(detection, loaded!, detector.settings, flags), files };
      onProgress(detection.index + 1);
    }
  } catch (error) {
    const told = libraryError('options', error);
    throw told.code === 'device' ? told : error;
  }
  return encodeDrawn(pictures.map((_, i) => found[i]!));
}

async function whole(bytes: Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  if (bytes instanceof Uint8Array) return bytes;
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(piece);
  return Buffer.concat(pieces);
}
