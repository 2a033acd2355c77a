/** What is made of zero-shot map and distances: plainly recomputed. */
import { describe, expect, it } from 'vitest';
import { calibratedDecision } from '../../src/detect/calibrated_decision.js';
import type { Calibration } from '../../src/detect/calibration.js';
import { type Combination, combinationOf, evidenceMap, peakValue } from '../../src/detect/evidence.js';
import { onScale } from '../../src/detect/score_scale.js';
import type { ScoreMap } from '../../src/detect/share_map.js';
import { Rng } from '../../tools/pictures/rng.js';

const mapOf = (values: readonly number[], width = values.length): ScoreMap => ({
  ...{ width, height: values.length / width },
  data: Float32Array.from(values),
});

const logOdds = (p: number): number => Math.log(p / (1 - p));

describe('the combination', () => {
  it('centres each map on the mean of the peaks, and divides it by their deviation', () => {
    // Deviations of 2 and 0.5, of the sample.
    const { zeroShot, distance } = combinationOf({ zeroShot: [-9, -7, -5], distance: [1, 1.5, 2] });
    expect(zeroShot.mean).toBe(-7);
    expect(distance!.mean).toBe(1.5);
    expect(zeroShot.weight * 2 + distance!.weight * 0.5).toBeCloseTo(1, 12);
    expect(zeroShot.weight * 2).toBeCloseTo(0.3, 12);
  });

  it('is the zero-shot map alone without references', () => {
    const found = combinationOf({ zeroShot: [-9, -7, -5], distance: [] });
    expect(found).toEqual({ zeroShot: { mean: -7, weight: 0.5 } });
  });

  it('stays finite for pictures that are all alike', () => {
    for (const distance of [[0, 0, 0], [1e-7, 0, -1e-7], [0.5, 0.5, 0.5], []]) {
      const { zeroShot, distance: far } = combinationOf({ zeroShot: [-4, -4, -4], distance });
      expect(zeroShot.weight).toBeLessThan(100);
      // A distance of a tenth is more than any difference between copies, and no more than thousands of deviations.
      if (far) expect(0.1 * far.weight).toBeLessThan(1000);
      if (far) expect(0.1 * far.weight).toBeGreaterThan(1);
    }
  });
});

describe('the evidence', () => {
  const combination: Combination = { zeroShot: { mean: -2, weight: 0.4 }, distance: { mean: 0.3, weight: 5 } };

  it('is the weighted sum of both maps at every pixel', () => {
    const rng = new Rng('evidence');
    const shares = Array.from({ length: 60 }, () => 0.001 + 0.998 * rng.next());
    const far = shares.map(() => 2 * rng.next());
    const found = evidenceMap(mapOf(shares, 10), mapOf(far, 10), combination);
    expect([found.width, found.height]).toEqual([10, 6]);
    const wanted = shares.map((p, i) => 0.4 * (logOdds(p) + 2) + 5 * (far[i]! - 0.3));
    for (const [i, v] of found.data.entries()) expect(v).toBeCloseTo(wanted[i]!, 5);
    expect(peakValue(found)).toBe(Math.max(...found.data));
    const alone = evidenceMap(mapOf(shares), undefined, { zeroShot: combination.zeroShot });
    for (const [i, v] of alone.data.entries()) expect(v).toBeCloseTo(0.4 * (logOdds(shares[i]!) + 2), 5);
  });

  it('needs distances where it is made of them', () => {
    expect(() => evidenceMap(mapOf([0.5]), undefined, combination)).toThrow(
      'evidence: expected distances to the references, got none',
    );
  });
});

describe('the decision', () => {
  const zeroShot = { mean: 0, weight: 1 };
  const calibration = (threshold: number): Calibration => ({
    ...{ className: 'nut', words: 'nut', domain: 'Industrial', model: {} as Calibration['model'] },
    ...{ combination: { zeroShot }, scale: { good: -6, threshold, faulty: 4 }, references: new Map() },
    ...{ rule: { kind: 'f1_max', f1: 0.875, falseAlarms: 1, missed: 2 }, good: 9, faulty: 5 },
  });

  it('calls a picture faulty exactly where some pixel of its map is', () => {
    const rng = new Rng('decisions');
    let faulty = 0;
    for (let round = 0; round < 300; round++) {
      const map = mapOf(Array.from({ length: 30 }, () => rng.next() ** 3));
      const evidence = evidenceMap(map, undefined, { zeroShot });
      // At the peak or another value of the map, just above it, just below it, or anywhere above it.
      const value = rng.chance(0.7) ? peakValue(evidence) : evidence.data[rng.int(30)]!;
      const {
        anomalous,
        score,
        map: scaled,
      } = calibratedDecision(
        calibration(rng.pick([value, value + 1e-9 * Math.abs(value), value - 1e-9, value + rng.next()])),
        { map },
      );
      const { data } = scaled();
      expect(data.some((v) => v >= 0.5)).toBe(anomalous);
      expect(score >= 0.5).toBe(anomalous);
      // The map is kept as f32.
      expect(Math.max(...data)).toBe(Math.fround(score));
      faulty += Number(anomalous);
    }
    expect(faulty).toBeGreaterThan(50);
    expect(faulty).toBeLessThan(250);
  });

  it('puts the score between the ends of the scale, and names the rule', () => {
    const share = (log: number): number => 1 / (1 + Math.exp(-log));
    const scores = [-7, -6, -4, -2, 1, 4, 5].map(
      (log) => calibratedDecision(calibration(-2), { map: mapOf([share(log)]) }).score,
    );
    for (const [i, wanted] of [0, 0, 0.25, 0.5, 0.75, 1, 1].entries()) expect(scores[i]!).toBeCloseTo(wanted, 5);
    expect(calibratedDecision(calibration(-2), { map: mapOf([0.5]) })).toMatchObject({
      ...{ source: 'calibration', anomalous: true },
      rule: 'calibration of nut: 9 good and 5 faulty pictures, highest F1 (0.88)',
    });
    expect(onScale(-2, calibration(-2).scale)).toBe(0.5);
    // The evidence goes on where the scale ends.
    const beyond = calibratedDecision(calibration(-2), { map: mapOf([share(-9), share(7)]) }).evidence;
    expect([beyond.score, beyond.threshold]).toEqual([beyond.map().data[1], -2]);
    expect(beyond.map().data[0]!).toBeCloseTo(-9, 4);
    expect(beyond.score).toBeCloseTo(7, 4);
  });
});
