/** How scores are spread on training pictures, as checkpoints record it: what a default threshold is taken from. */
import type { Domain } from '../data/datasets.js';
import { logit } from './score_scale.js';

/** The quantiles that are recorded. */
export const RECORDED_SHARES = [0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1] as const;

/** Log-odds (`logit`) of one score of good and of faulty pictures. */
export interface ScoreSpread {
  /** Quantiles at `RECORDED_SHARES`; empty where there was no such picture. */
  readonly good: readonly number[];
  readonly faulty: readonly number[];
  /** The threshold of the best balanced accuracy; missing where pictures of one kind were missing. */
  readonly threshold?: number;
}

/** The spread on the pictures of one domain. */
export interface DomainScores {
  /** Numbers of pictures. */
  readonly pictures: { readonly good: number; readonly faulty: number };
  /** Of the score that is published for a picture (`pictureScore`). */
  readonly score: ScoreSpread;
  /** Of the largest share of its map. */
  readonly peak: ScoreSpread;
}

export type ScoreRecords = Readonly<Partial<Record<Domain, DomainScores>>>;

/** A picture whose scores are recorded. */
export interface RecordedPicture {
  readonly domain: Domain;
  readonly label: 0 | 1;
  readonly score: number;
  /** The largest share of its map. */
  readonly peak: number;
}

/** The value at a share of sorted values, on the line between its neighbours (type 7 of Hyndman and Fan, 1996). */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  return below + (at - Math.floor(at)) * (sorted[Math.ceil(at)]! - below);
}

/** Four decimals of a log-odds are more than f32 scores hold, and keep checkpoints short. */
const short = (value: number): number => Math.round(value * 1e4) / 1e4;

/**
 * The threshold with the best balanced accuracy (the mean of the shares of good and of faulty pictures that are called right),
 * halfway between two scores; of equally good ones that with the most room around it.
 */
export function balancedThreshold(good: readonly number[], faulty: readonly number[]): number | undefined {
  if (good.length === 0 || faulty.length === 0) return undefined;
  const values = [...new Set([...good, ...faulty])].sort((a, b) => a - b);
  let best = { threshold: values[0]!, accuracy: 0, room: 0 };
  for (let i = 1; i < values.length; i++) {
    const [below, above] = [values[i - 1]!, values[i]!];
    const passed = good.filter((v) => v <= below).length / good.length;
    const found = faulty.filter((v) => v >= above).length / faulty.length;
    const one = { threshold: (below + above) / 2, accuracy: (passed + found) / 2, room: above - below };
    const better = one.accuracy > best.accuracy || (one.accuracy === best.accuracy && one.room > best.room);
    if (better) best = one;
  }
  return best.threshold;
}

function spreadOf(good: readonly number[], faulty: readonly number[]): ScoreSpread {
  const quantiles = (values: readonly number[]): number[] => {
    const sorted = [...values].sort((a, b) => a - b);
    return sorted.length === 0 ? [] : RECORDED_SHARES.map((share) => short(quantile(sorted, share)));
  };
  const threshold = balancedThreshold(good, faulty);
  return {
    good: quantiles(good),
    faulty: quantiles(faulty),
    ...(threshold === undefined ? {} : { threshold: short(threshold) }),
  };
}

/** The spread of pictures' scores, by domain. Pictures whose scores are no numbers are left out. */
export function scoreRecords(pictures: readonly RecordedPicture[]): ScoreRecords {
  const sound = pictures.filter(({ score, peak }) => Number.isFinite(score) && Number.isFinite(peak));
  const domains = [...new Set(sound.map((p) => p.domain))].sort();
  return Object.fromEntries(
    domains.map((domain): [Domain, DomainScores] => {
      const own = sound.filter((p) => p.domain === domain);
      const [good, faulty] = [0, 1].map((label) => own.filter((p) => p.label === label)) as [typeof own, typeof own];
      const of = (kind: 'score' | 'peak'): ScoreSpread =>
        spreadOf(
          good.map((p) => logit(p[kind])),
          faulty.map((p) => logit(p[kind])),
        );
      const counts = { good: good.length, faulty: faulty.length };
      return [domain, { pictures: counts, score: of('score'), peak: of('peak') }];
    }),
  );
}

const record = (value: unknown): Readonly<Record<string, unknown>> => Object(value) as Record<string, unknown>;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Quantiles never fall. */
const isRising = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((v, i) => Number.isFinite(v) && (i === 0 || v >= value[i - 1]));

function readSpread(value: unknown, counts: DomainScores['pictures']): ScoreSpread | undefined {
  const { good, faulty, threshold } = record(value);
  if (!isRising(good) || !isRising(faulty)) return undefined;
  const fits = (list: number[], pictures: number): boolean =>
    list.length === (pictures === 0 ? 0 : RECORDED_SHARES.length);
  if (!fits(good, counts.good) || !fits(faulty, counts.faulty)) return undefined;
  return typeof threshold === 'number' && Number.isFinite(threshold) ? { good, faulty, threshold } : { good, faulty };
}

/**
 * The records in a checkpoint's metadata `scores`. What is no such record, as in files of other programs, counts as none.
 * @param text JSON of `ScoreRecords`
 */
export function readScoreRecords(text: string | undefined): ScoreRecords | undefined {
  let found: unknown;
  try {
    found = JSON.parse(text ?? '{}');
  } catch {
    return undefined;
  }
  const domains = (['Industrial', 'Medical'] as const).flatMap((domain): [Domain, DomainScores][] => {
    const { pictures, score, peak } = record(record(found)[domain]);
    const { good, faulty } = record(pictures);
    if (!isCount(good) || !isCount(faulty)) return [];
    const counts = { good, faulty };
    const [scores, peaks] = [readSpread(score, counts), readSpread(peak, counts)];
    return scores && peaks ? [[domain, { pictures: counts, score: scores, peak: peaks }]] : [];
  });
  return domains.length === 0 ? undefined : Object.fromEntries(domains);
}
