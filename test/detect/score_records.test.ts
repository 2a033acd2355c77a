/** What checkpoints record about scores: quantiles and thresholds as plain sums give them, and what is no record. */
import { describe, expect, it } from 'vitest';
import {
  balancedThreshold,
  type RecordedPicture,
  readScoreRecords,
  scoreRecords,
} from '../../src/detect/score_records.js';
import { logit } from '../../src/detect/score_scale.js';

/** Shares that overlap: good ones from 0.02, faulty ones from 0.1. */
const pictures: RecordedPicture[] = Array.from({ length: 21 }, (_, i) => {
  const label = (i % 3 === 0 ? 0 : 1) as 0 | 1;
  const peak = (label === 0 ? 0.02 : 0.1) + 0.03 * i;
  return { domain: i < 18 ? 'Industrial' : 'Medical', label, peak, score: 0.3 + peak / 2 };
});

describe('records', () => {
  const records = scoreRecords(pictures);
  const own = pictures.filter((p) => p.domain === 'Industrial');

  it('count the pictures of each domain and kind', () => {
    expect(Object.keys(records)).toEqual(['Industrial', 'Medical']);
    expect(records.Industrial!.pictures).toEqual({ good: 6, faulty: 12 });
    expect(records.Medical!.pictures).toEqual({ good: 1, faulty: 2 });
  });

  it('hold quantiles of log-odds: the lowest, the middle, the highest and those in between', () => {
    const peaks = own
      .filter((p) => p.label === 0)
      .map((p) => logit(p.peak))
      .sort((a, b) => a - b);
    const { good } = records.Industrial!.peak;
    const between = (i: number, share: number) => (1 - share) * peaks[i]! + share * peaks[i + 1]!;
    // 5 steps from the lowest to the highest: the quarter is at 1.25, 95 % at 4.75.
    const wanted = [peaks[0]!, between(0, 0.25), between(0, 0.5), between(1, 0.25), between(2, 0.5)];
    wanted.push(between(3, 0.75), between(4, 0.5), between(4, 0.75), peaks[5]!);
    expect(good).toHaveLength(9);
    for (const [i, value] of wanted.entries()) expect(good[i]!, `${i}`).toBeCloseTo(value, 3);
  });

  it('hold the threshold that calls most pictures right, good and faulty ones counting alike', () => {
    const right = (threshold: number): number => {
      const share = (label: number, isRight: (v: number) => boolean): number => {
        const all = own.filter((p) => p.label === label).map((p) => logit(p.score));
        return all.filter(isRight).length / all.length;
      };
      return share(0, (v) => v < threshold) + share(1, (v) => v >= threshold);
    };
    const { threshold } = records.Industrial!.score;
    const tried = Array.from({ length: 2000 }, (_, i) => right(-2 + i / 500));
    expect(right(threshold!)).toBe(Math.max(...tried));
    expect(right(threshold!)).toBeLessThan(2);
  });

  it('leave out what is no number, and have no threshold where one kind is missing', () => {
    const broken = { ...pictures[0]!, peak: Number.NaN };
    expect(scoreRecords([...pictures, broken])).toEqual(records);
    const good = scoreRecords(pictures.filter((p) => p.label === 0)).Industrial!;
    expect(good.pictures).toEqual({ good: 6, faulty: 0 });
    expect(good.peak.faulty).toEqual([]);
    expect('threshold' in good.peak).toBe(false);
  });

  it('come back from a checkpoint as they were', () => {
    expect(readScoreRecords(JSON.stringify(records))).toEqual(records);
    const good = scoreRecords(pictures.filter((p) => p.label === 0));
    expect(readScoreRecords(JSON.stringify(good))).toEqual(good);
  });

  it('that no training of this program wrote are none', () => {
    const with_ = (change: object) => JSON.stringify({ Industrial: { ...records.Industrial, ...change } });
    const { peak } = records.Industrial!;
    for (const text of [
      ...[undefined, '', '{', 'null', '[]', '7', '{"Industrial":null}', '{"Industrial":{"pictures":{"good":1}}}'],
      with_({ pictures: { good: 1.5, faulty: 2 } }),
      with_({ pictures: { good: 0, faulty: 12 } }),
      with_({ peak: { ...peak, good: peak.good.slice(1) } }),
      with_({ peak: { ...peak, faulty: [...peak.faulty].reverse() } }),
      with_({ peak: { ...peak, faulty: peak.faulty.map(String) } }),
    ]) {
      expect(readScoreRecords(text), text).toBeUndefined();
    }
  });
});

it('a threshold lies halfway between two scores, in the widest gap of equally good ones', () => {
  expect(balancedThreshold([1, 2], [6, 8])).toBe(4);
  // Between 1 and 2, and between 4 and 9, three of four are right.
  expect(balancedThreshold([1, 4], [2, 9])).toBe(6.5);
  expect(balancedThreshold([3], [3])).toBe(3);
  expect(balancedThreshold([], [3])).toBeUndefined();
});
