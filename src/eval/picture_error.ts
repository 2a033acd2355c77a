/** How wrong the decision about each picture of a class is, so that pictures can be shown worst first. */

/** A picture as it was scored. */
export interface Scored {
  /** 0 normal, 1 abnormal. */
  readonly label: number;
  /** 0 to 1. */
  readonly score: number;
}

export type Verdict = 'missed' | 'false alarm' | 'found' | 'passed';

export interface Judged {
  /** Place of the picture in the class. */
  readonly place: number;
  readonly label: number;
  readonly score: number;
  /** See `judged`: from -1, right beyond doubt, to 1, as wrong as can be. */
  readonly error: number;
  /** Undefined without a threshold. */
  readonly verdict: Verdict | undefined;
}

/** What stands in for the threshold of a class that has none, so that its pictures have an order. */
const MIDDLE = 0.5;

/**
 * The error of a score at a threshold: how far the score is on the wrong side of it, as a share of the room there is on that
 * side. A faulty picture that gets 0 and a good one that gets 1 have the error 1; at the threshold the error is 0; on the right
 * side it is negative, down to -1.
 */
function errorOf(label: number, score: number, threshold: number): number {
  const above = score >= threshold;
  const room = above ? 1 - threshold : threshold;
  const way = Math.abs(score - threshold) / (room || 1);
  return above === (label !== 0) ? 0 - way : way;
}

/**
 * The pictures of a class, worst first; of equal ones the one that comes first in the class.
 * @param threshold scores at or above it count as faulty: the one of the best F1; undefined where the class has none
 */
export function judged(pictures: readonly Scored[], threshold: number | undefined): Judged[] {
  const rows = pictures.map(({ label, score: given }, place): Judged => {
    // Results keep scores with the digits that tell two float32 apart.
    const score = Math.fround(given);
    const error = errorOf(label, score, threshold ?? MIDDLE);
    const found = score >= (threshold ?? MIDDLE);
    const right = label !== 0 ? (['missed', 'found'] as const) : (['passed', 'false alarm'] as const);
    return { place, label, score: given, error, verdict: threshold === undefined ? undefined : right[Number(found)] };
  });
  return rows.sort((a, b) => b.error - a.error);
}

export const isWrong = ({ verdict }: Pick<Judged, 'verdict'>): boolean =>
  verdict === 'missed' || verdict === 'false alarm';

export interface WorstAndBest<T> {
  /** Worst first. */
  readonly worst: readonly T[];
  /** Best first. */
  readonly best: readonly T[];
}

/**
 * The worst and the best pictures, none of them twice. The best are faulty ones where there are any, apart from `normal` of them.
 * @param all worst first
 */
export function worstAndBest<T extends Pick<Judged, 'label'>>(
  all: readonly T[],
  most: number,
  normal = 0,
): WorstAndBest<T> {
  const others = all.slice(most).reverse();
  const of = (faulty: boolean): T[] => others.filter(({ label }) => (label !== 0) === faulty);
  const some = new Set([...of(false).slice(0, normal), ...of(true)].slice(0, most));
  const best = of(true).length > 0 ? others.filter((one) => some.has(one)) : others.slice(0, most);
  return { worst: all.slice(0, most), best };
}
