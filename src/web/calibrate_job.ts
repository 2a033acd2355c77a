/** Calibrations of a page: made from its pictures or opened from files, and kept while models come and go. */
import { calibrate } from '../calibrate/calibrate.js';
import { byF1, byFalseAlarms, type JudgedPicture, scaleOf, standsOut } from '../calibrate/choose_scale.js';
import {
  type Calibration,
  calibrationFile,
  encodeCalibration,
  openCalibration,
  ruleOf,
} from '../detect/calibration.js';
import type { Detector } from '../detect/detector.js';
import { AaclipError, abortable, checkAborted, libraryError, within } from '../detect/errors.js';
import { blobSource, type LibraryHost } from '../detect/sources.js';
import { openTensorSource } from '../io/open_tensors.js';
import type { CalibrateReport, CalibrationInUse, EngineRequest, ModelUse, NamedFile } from './engine_messages.js';
import type { EngineModel, Tell } from './engine_model.js';

type Asked<K extends EngineRequest['kind']> = Extract<EngineRequest, { kind: K }>;

/** Pictures that cannot be read and are named in one message. */
const NAMED = 5;

export class KeptCalibrations {
  readonly #host: LibraryHost;
  readonly #model: EngineModel;
  readonly #dropped: (className: string, message: string) => void;
  readonly #kept = new Map<string, Calibration>();

  /** @param dropped told of a calibration that does not hold for the model any more */
  constructor(host: LibraryHost, model: EngineModel, dropped: (className: string, message: string) => void) {
    this.#host = host;
    this.#model = model;
    this.#dropped = dropped;
  }

  /** The detector for a job, which decides by the calibrations that are kept. @throws AaclipError */
  async load(use: ModelUse, tell: Tell, signal: AbortSignal): Promise<Detector> {
    const detector = await this.#model.load(use, tell, signal);
    await this.#applyTo(detector);
    return detector;
  }

  /** @throws AaclipError */
  async answer(
    request: Asked<'calibrate' | 'chooseThreshold' | 'useCalibration' | 'dropCalibration'>,
    tell: Tell,
    signal: AbortSignal,
  ): Promise<CalibrateReport | CalibrationInUse | undefined> {
    switch (request.kind) {
      case 'calibrate':
        await checkReadable(this.#host, request, tell, signal);
        this.#model.orient = request.orient;
        return this.#calibrate(await this.load(request, tell, signal), request, tell, signal);
      case 'chooseThreshold':
        return chooseThreshold(request);
      case 'useCalibration': {
        const opened = await openKept(request);
        const detector = await this.load({ ...request, className: opened.className }, tell, signal);
        await detector.useCalibration(opened, request.name);
        this.#kept.set(opened.className, opened);
        return inUse(opened);
      }
      case 'dropCalibration':
        this.#drop(request.className, this.#model.detector);
        return undefined;
    }
  }

  /** Has a detector decide by the calibrations that are kept for its classes; one that does not fit it is dropped. */
  async #applyTo(detector: Detector): Promise<void> {
    for (const { name } of detector.classes) {
      const calibration = this.#kept.get(name);
      if (calibration === detector.calibrations.get(name)) continue;
      if (!calibration) {
        detector.dropCalibration(name);
        continue;
      }
      try {
        await detector.useCalibration(calibration, `calibration of ${name}`);
      } catch (error) {
        if (libraryError('calibration', error).code !== 'calibration') throw error;
        this.#drop(name, detector);
        this.#dropped(name, error instanceof Error ? error.message : String(error));
      }
    }
  }

  #drop(className: string, detector: Detector | undefined): void {
    this.#kept.delete(className);
    if (detector?.classes.some(({ name }) => name === className)) detector.dropCalibration(className);
  }

  /** Calibrates a class, which is decided on by the result from then on. @throws AaclipError */
  async #calibrate(detector: Detector, request: Asked<'calibrate'>, tell: Tell, signal: AbortSignal) {
    const { className, good, bad = [], falseAlarms, references } = request;
    tell('calibrate', 0);
    const files = (list: readonly NamedFile[]) => list.map(({ file, name }) => new File([file], name));
    const report = await calibrate(detector, className, files(good), {
      bad: files(bad),
      falseAlarms,
      references,
      signal,
      onProgress: (done, total) => tell('calibrate', done / total),
    });
    this.#kept.set(className, report.calibration);
    return reportOf(report.calibration, report.good, report.bad);
  }
}

/** Opens a file that `calibrate` wrote, here or in Node. @throws AaclipError `calibration` */
function openKept({ file, name }: NamedFile): Promise<Calibration> {
  return within('calibration', async () => openCalibration(await openTensorSource(blobSource(name, file))));
}

/**
 * Decodes every picture once, so that one that cannot be read is told before any is scored.
 * @throws AaclipError `picture` with the names of those that cannot
 */
async function checkReadable(
  host: LibraryHost,
  { good, bad = [] }: Pick<Asked<'calibrate'>, 'good' | 'bad'>,
  tell: Tell,
  signal: AbortSignal,
): Promise<void> {
  const all = [...good, ...bad];
  const broken: AaclipError[] = [];
  for (const [i, { file, name }] of all.entries()) {
    tell('picture', i / all.length);
    checkAborted(signal);
    try {
      const bytes = await within('picture', async () => new Uint8Array(await file.arrayBuffer()));
      await abortable(host.decode(name, bytes), signal);
    } catch (error) {
      const told = libraryError('picture', error);
      if (told.code !== 'picture') throw told;
      broken.push(new AaclipError('picture', told.message, { cause: error, file: name }));
    }
  }
  if (broken.length < 2) {
    if (broken[0]) throw broken[0];
    return;
  }
  const names = broken.slice(0, NAMED).map(({ file }) => file);
  const more = broken.length > NAMED ? ` and ${broken.length - NAMED} more` : '';
  throw new AaclipError(
    'picture',
    `calibrate: ${broken.length} of ${all.length} pictures cannot be read (${names.join(', ')}${more}): leave them out`,
  );
}

/**
 * The same calibration with another threshold: that of a share of false alarms, or without one the threshold with the highest
 * F1. No picture is scored again.
 * @throws AaclipError
 */
async function chooseThreshold({ calibration, good, bad, falseAlarms }: Asked<'chooseThreshold'>) {
  const before = await openKept({ file: calibration, name: 'calibration' });
  const chosen = await within('options', () =>
    falseAlarms === undefined ? byF1(good, bad) : byFalseAlarms(good, falseAlarms, 0.95),
  );
  const after = { ...before, rule: chosen.rule, scale: scaleOf(good, bad, chosen.threshold) };
  return reportOf(after, good, bad);
}

const inUse = (calibration: Calibration): CalibrationInUse => {
  const { className, rule, scale, good, faulty, model } = calibration;
  return { className, rule, scale, good, faulty, imageSize: model.imageSize, words: ruleOf(calibration) };
};

async function reportOf(
  calibration: Calibration,
  good: readonly JudgedPicture[],
  bad: readonly JudgedPicture[],
): Promise<CalibrateReport> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const part of encodeCalibration(calibration)) parts.push(new Uint8Array(part));
  const fileName = calibrationFile(calibration.className);
  return {
    ...inUse(calibration),
    pictures: { good, bad },
    standsOut: standsOut(good)?.name,
    fileName,
    file: new Blob(parts),
  };
}
