/** Reads what a test and a training left in a folder. */
import { dirname, join } from 'node:path';
import { FIGURES } from '../../eval/intervals.js';
import type { LossPoint } from '../../eval/loss_curve.js';
import type { Origin, ReportedRun } from './kept_results.js';
import { isRecord, parse, readText } from './kept_text.js';
import { TRAINING_FILE, type TrainingRecord } from './run_record.js';

/** Where the pictures of a run lie. */
export interface Place {
  readonly folder: string;
  /** The folder's name when the results were written: the paths in them begin with it. */
  readonly written: string;
}

export type PlacedRun = ReportedRun & { readonly place: Place };

export interface TestRecord {
  /** Flags, by their names in `results.json`. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly origin: Partial<Origin>;
  readonly runs: readonly PlacedRun[];
}

/** A data set that `test-all` was asked for. */
export interface AskedSet {
  readonly dataset: string;
  readonly domain: string;
  /** `SUCCESS` where it was tested to the end. */
  readonly state: string;
  /** Why it has no figures. */
  readonly why?: string;
  /** Whether the adapters were trained on it, as far as their folder tells. */
  readonly trainedOn?: boolean;
  /** Classes with figures, and those that the registry knows of it; 0 for the user's own data. */
  readonly classes: number;
  readonly knownClasses: number;
}

/** What `test-all` says of all data sets. */
export interface TreeRecord {
  readonly asked: readonly AskedSet[];
  /** The epoch that stands for all data sets, and how it was chosen; null before any data set is finished. */
  readonly choice: { readonly epoch: number | string; readonly how: string } | null;
}

export interface LossRow extends LossPoint {
  readonly epoch: number;
}

export interface TrainingLosses {
  /** Steps in the order in which they were made; a step that ran twice is there once, as it ran last. */
  readonly losses: readonly LossRow[];
  readonly record: Partial<TrainingRecord>;
}

export interface RunRecord {
  readonly folder: string;
  readonly test?: TestRecord;
  readonly training?: TrainingLosses;
  /** Of `test-all` only. */
  readonly tree?: TreeRecord;
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const areNumbers = (list: unknown): list is number[] => Array.isArray(list) && list.every(isNumber);
const isBest = (best: unknown): boolean =>
  best === undefined || best === null || (isRecord(best) && isNumber(best.f1) && isNumber(best.threshold));
const areTexts = (list: unknown): boolean =>
  list === undefined || (Array.isArray(list) && list.every((t) => typeof t === 'string'));

const isPicture = (p: unknown): boolean =>
  isRecord(p) && typeof p.path === 'string' && [p.label, p.score, p.peak].every(isNumber);

const isHistogram = (h: unknown): boolean =>
  isRecord(h) &&
  isNumber(h.lo) &&
  isNumber(h.hi) &&
  areNumbers(h.normal) &&
  areNumbers(h.abnormal) &&
  h.normal.length === h.abnormal.length &&
  h.normal.length > 0;

const isCurve = (c: unknown): boolean =>
  c === undefined || (isRecord(c) && areNumbers(c.x) && areNumbers(c.y) && c.x.length === c.y.length);

const areCurves = (c: unknown): boolean =>
  isRecord(c) && [c.roc, c.pr, c.pro].every(isCurve) && (c.histogram === undefined || isHistogram(c.histogram));

/** Results of older versions have nothing behind their figures. */
const isBehind = (b: unknown): boolean =>
  b === undefined ||
  (isRecord(b) &&
    (b.pixels === undefined || areCurves(b.pixels)) &&
    areCurves(b.images) &&
    (b.sheet === undefined || typeof b.sheet === 'string') &&
    Array.isArray(b.pictures) &&
    b.pictures.every(isPicture));

const isInterval = (pair: unknown): boolean => pair === undefined || pair === null || areNumbers(pair);
const areIntervals = (list: unknown): boolean =>
  list === undefined || (isRecord(list) && FIGURES.every((name) => isInterval(list[name])));
const isDefect = (row: unknown): boolean =>
  isRecord(row) &&
  (row.defect === null || typeof row.defect === 'string') &&
  isBest(row.pixelF1) &&
  isBest(row.imageF1);

const isClass = (c: unknown): boolean =>
  isRecord(c) &&
  typeof c.className === 'string' &&
  isBest(c.pixelF1) &&
  isBest(c.imageF1) &&
  areTexts(c.notes) &&
  areIntervals(c.intervals) &&
  (c.defects === undefined || (Array.isArray(c.defects) && c.defects.every(isDefect))) &&
  isBehind(c.behind);

const isRun = (run: unknown): run is ReportedRun =>
  isRecord(run) &&
  typeof run.dataset === 'string' &&
  (typeof run.epoch === 'string' || isNumber(run.epoch)) &&
  areTexts(run.missing) &&
  areIntervals(run.averageIntervals) &&
  Array.isArray(run.classes) &&
  run.classes.every(isClass);

/** The results of a test. @throws one line when the text is not what `aaclip test` writes */
export function testOf(path: string, text: string): TestRecord {
  const results = parse(path, text, '"aaclip test" writes; run the test');
  const { runs, summary: _, origin, resultsDir, ...settings } = results;
  if (!Array.isArray(runs) || !runs.every(isRun)) {
    throw new Error(`${path}: not the results of a test: expected what "aaclip test" writes; run the test again`);
  }
  const folder = dirname(path);
  const place = { folder, written: typeof resultsDir === 'string' ? resultsDir : folder };
  return { settings, origin: isRecord(origin) ? origin : {}, runs: runs.map((run) => ({ ...run, place })) };
}

export function readTest(folder: string): TestRecord | undefined {
  const path = join(folder, 'results.json');
  const text = readText(path);
  return text === undefined ? undefined : testOf(path, text);
}

const isLoss = (row: unknown): row is LossRow =>
  isRecord(row) &&
  typeof row.stage === 'string' &&
  [row.step, row.loss, row.epoch].every((v) => typeof v === 'number' && Number.isFinite(v));

export function readTraining(folder: string): TrainingLosses | undefined {
  const text = readText(join(folder, 'metrics.jsonl'));
  if (text === undefined) return undefined;
  const rows = text.split('\n').flatMap((line): LossRow[] => {
    // A line that a kill cut off is left out.
    try {
      const row: unknown = JSON.parse(line);
      return isLoss(row) ? [row] : [];
    } catch {
      return [];
    }
  });
  const losses = [...new Map(rows.map((row) => [`${row.stage} ${row.step}`, row])).values()];
  losses.sort((a, b) => (a.stage === b.stage ? a.step - b.step : 0));
  const path = join(folder, TRAINING_FILE);
  const recorded = readText(path);
  const { flags, origin } = recorded === undefined ? {} : parse(path, recorded, '"aaclip train" writes; run it');
  const record = { ...(isRecord(flags) ? { flags } : {}), ...(isRecord(origin) ? { origin: origin as never } : {}) };
  return losses.length === 0 ? undefined : { losses, record };
}
