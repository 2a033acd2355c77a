/** Reads the folder of `test-all`: its summary, the results of each data set, and how long they took. */
import { join } from 'node:path';
import { safeParts } from '../test_adapters/draw_class.js';
import { SUMMARY } from '../test_all/results_tree.js';
import type { Origin } from './kept_results.js';
import { isRecord, parse, readText } from './kept_text.js';
import { type AskedSet, type PlacedRun, type TestRecord, type TreeRecord, testOf } from './read_run.js';

const WRITTEN = '"aaclip test-all" writes; run it';

const isAsked = (set: unknown): set is AskedSet =>
  isRecord(set) &&
  [set.dataset, set.domain, set.state].every((v) => typeof v === 'string') &&
  ['string', 'undefined'].includes(typeof set.why) &&
  [set.classes, set.knownClasses].every((v) => typeof v === 'number');

const isEpoch = (epoch: unknown): epoch is number | string => typeof epoch === 'number' || typeof epoch === 'string';

const isChoice = (choice: unknown): choice is TreeRecord['choice'] =>
  choice === null || (isRecord(choice) && isEpoch(choice.epoch) && typeof choice.how === 'string');

/** A line of `times.jsonl`: a data set at an epoch. Older versions have less in it. */
interface Took extends Partial<Origin> {
  readonly dataset: string;
  readonly epoch: number | string;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly imagesPerSecondWithoutDrawing?: number;
}

const isTook = (row: unknown): row is Took =>
  isRecord(row) &&
  typeof row.dataset === 'string' &&
  isEpoch(row.epoch) &&
  [row.seconds, row.imagesPerSecond, row.imagesPerSecondWithoutDrawing ?? 0].every(Number.isFinite);

const keyOf = ({ dataset, epoch }: Pick<Took, 'dataset' | 'epoch'>): string => `${epoch} ${dataset}`;

/** How long each data set took at each epoch when it was tested last. */
function readTimes(folder: string): ReadonlyMap<string, Took> {
  const rows = (readText(join(folder, 'times.jsonl')) ?? '').split('\n').flatMap((line): Took[] => {
    // A line that a kill cut off is left out.
    try {
      const row: unknown = JSON.parse(line);
      return isTook(row) ? [row] : [];
    } catch {
      return [];
    }
  });
  return new Map(rows.map((row) => [keyOf(row), row]));
}

/** Where and when all of it was tested, and how long it took. */
function originOf(times: readonly Took[]): Partial<Origin> {
  const distinct = (key: 'adapter' | 'aaclip' | 'node'): string[] => [...new Set(times.flatMap((t) => t[key] ?? []))];
  const started = times.flatMap((t) => t.started ?? []).sort()[0];
  const texts = { adapter: distinct('adapter'), aaclip: distinct('aaclip'), node: distinct('node') };
  const seconds = times.reduce((sum, took) => sum + took.seconds, 0);
  return {
    ...Object.fromEntries(
      Object.entries(texts).flatMap(([key, all]) => (all.length > 0 ? [[key, all.join('; ')]] : [])),
    ),
    ...(started === undefined ? {} : { started }),
    ...(times.length > 0 ? { seconds } : {}),
  };
}

/**
 * The tree of all data sets; undefined where the folder is none. A data set has the runs of the epochs that the last start
 * asked for.
 * @throws one line when a file in it is not what `aaclip test-all` writes
 */
export function readTree(folder: string): { readonly tree: TreeRecord; readonly test: TestRecord } | undefined {
  const path = join(folder, SUMMARY);
  const text = readText(path);
  if (text === undefined) return undefined;
  const { run, choice, datasets, epochs } = parse(path, text, WRITTEN);
  if (!isRecord(run) || !isChoice(choice) || !Array.isArray(datasets) || !datasets.every(isAsked)) {
    throw new Error(`${path}: not a summary of all data sets: expected what ${WRITTEN} again`);
  }
  const wanted = (Array.isArray(epochs) ? epochs : []).flatMap((row: unknown) => (isRecord(row) ? [row.epoch] : []));
  const times = readTimes(folder);
  const runs = datasets.flatMap(({ dataset }): PlacedRun[] => {
    const beside = join(folder, ...safeParts(dataset));
    const results = join(beside, 'results.json');
    const kept = readText(results);
    if (kept === undefined) return [];
    return testOf(results, kept)
      .runs.filter(({ epoch }) => wanted.includes(epoch))
      .map((one) => {
        const took = times.get(keyOf(one));
        const bare = took?.imagesPerSecondWithoutDrawing;
        const speed = {
          ...(took ? { seconds: took.seconds, imagesPerSecond: took.imagesPerSecond } : {}),
          ...(bare === undefined ? {} : { imagesPerSecondWithoutDrawing: bare }),
        };
        // Paths in these results are relative to their own folder.
        return { ...one, ...speed, place: { folder: beside, written: '.' } };
      });
  });
  const shown = runs.flatMap((one) => times.get(keyOf(one)) ?? []);
  return { tree: { asked: datasets, choice }, test: { settings: run, origin: originOf(shown), runs } };
}
