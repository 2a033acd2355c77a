/** Decisions without a calibration: by what training recorded, else by a preset. */
import { describe, expect, it } from 'vitest';
import type { Decision } from '../../src/detect/decision.js';
import { DecisionRules } from '../../src/detect/decision_rules.js';
import type { ScoreRecords } from '../../src/detect/score_records.js';
import { logit } from '../../src/detect/score_scale.js';
import { BY_PROBABILITIES } from '../../src/model/methods/method.js';
import { loadDetector } from '../../src/node/node_library.js';
import { drawSample } from '../../tools/pictures/index.js';
import { device } from '../devices.js';

/** The share of a log-odds. */
const share = (log: number): number => 1 / (1 + Math.exp(-log));
const quantiles = (from: number): number[] => Array.from({ length: 9 }, (_, i) => from + i);
const RECORDS: ScoreRecords = {
  Industrial: {
    pictures: { good: 40, faulty: 24 },
    score: { good: quantiles(-9), faulty: quantiles(-3), threshold: -2 },
    peak: { good: quantiles(-12), faulty: quantiles(-5), threshold: -4 },
  },
};
const picture = (score: number, map: readonly number[] = [score]) => ({
  ...{ className: 'nut', domain: 'Industrial' as const, score, peak: Math.max(...map) },
  map: { width: map.length, height: 1, data: Float32Array.from(map) },
});

describe('a checkpoint that recorded its scores', () => {
  const rules = new DecisionRules(undefined, RECORDS);

  it('decides at its threshold, on a scale from good to faulty training pictures', () => {
    // A quarter of the good pictures is below -6, a quarter of the faulty ones above 2.
    const scores = [-7, -6, -4, -2, 0, 2, 3].map((log) => rules.decide(picture(share(log))).score);
    const wanted = [0, 0, 0.25, 0.5, 0.75, 1, 1];
    for (const [i, score] of scores.entries()) expect(score).toBeCloseTo(wanted[i]!, 9);
    expect(rules.decide(picture(share(-2.01))).anomalous).toBe(false);
    expect(rules.decide(picture(share(-1.99)))).toMatchObject({
      anomalous: true,
      source: 'training',
      rule: 'default threshold: best on 64 training pictures (Industrial)',
    });
  });

  it('shows maps on the scale of peaks, from the median of the good ones', () => {
    const decision = rules.decide(picture(0.5, [-9, -8, -6, -4, -2, 0, 1].map(share)));
    const { width, height, data } = decision.map();
    expect([width, height]).toEqual([7, 1]);
    const wanted = [0, 0, 0.25, 0.5, 0.75, 1, 1];
    for (const [i, value] of data.entries()) expect(value).toBeCloseTo(wanted[i]!, 5);
    expect(decision.map()).toBe(decision.map());
    const { score, threshold, map } = decision.evidence;
    expect([score, threshold]).toEqual([0, -2]);
    for (const [i, log] of [-9, -8, -6, -4, -2, 0, 1].entries()) expect(map().data[i]!).toBeCloseTo(log, 4);
  });

  it('says nothing of another domain', () => {
    expect(rules.decide({ ...picture(0.5), domain: 'Medical' }).source).toBe('preset');
  });
});

it('records whose faulty pictures score lower than good ones still make a scale that rises', () => {
  const { Industrial } = RECORDS as Required<ScoreRecords>;
  const swapped = { good: quantiles(2), faulty: quantiles(-20), threshold: -2 };
  const rules = new DecisionRules(undefined, { Industrial: { ...Industrial, score: swapped, peak: swapped } });
  const scores = [-3, -2.1, -2, -1.9, -1].map((log) => rules.decide(picture(share(log))).score);
  expect(scores[0]).toBe(0);
  expect(scores.at(-1)).toBe(1);
  for (const [i, score] of scores.slice(1).entries()) expect(score).toBeGreaterThan(scores[i]!);
});

it('records without faulty pictures decide nothing', () => {
  const { Industrial } = RECORDS as Required<ScoreRecords>;
  const { threshold: _, ...score } = Industrial.score;
  expect(new DecisionRules(undefined, { Industrial: { ...Industrial, score } }).decide(picture(0.5)).source).toBe(
    'preset',
  );
});

describe('the preset', () => {
  const rules = new DecisionRules();

  it('says that nothing has chosen it, and puts the threshold where "abnormal" is as likely as "normal"', () => {
    expect(rules.decide(picture(0.5))).toMatchObject({
      ...{ score: 0.5, anomalous: true, source: 'preset' },
      rule: 'preset threshold, not chosen by any data: calibrate',
    });
    expect(rules.decide(picture(0.49)).anomalous).toBe(false);
    const map = rules.decide(picture(0.5, [share(-3), 0.5, share(3)])).map();
    for (const [i, value] of [0, 0.5, 1].entries()) expect(map.data[i]!).toBeCloseTo(value, 5);
  });

  it('ends where scores of its kind can be', () => {
    // The mean of a peak and of a cosine score, which is about 0.5 for every picture.
    const mean = (peak: number): number => 0.5 * peak + 0.25;
    expect(rules.decide(picture(mean(share(3)))).score).toBeCloseTo(1, 9);
    expect(rules.decide(picture(mean(share(-3)))).score).toBeCloseTo(0, 9);
    expect(rules.decide({ ...picture(share(1.5)), domain: 'Medical' }).score).toBeCloseTo(0.75, 9);
    expect(new DecisionRules(BY_PROBABILITIES).decide(picture(share(1.5))).score).toBeCloseTo(0.75, 9);
    expect(logit(mean(share(3)))).toBeLessThan(1);
  });
});

it('the packaged adapters show a fault of a class nobody trained on, and nothing on a good picture', async () => {
  const gpu = await device();
  using detector = await loadDetector({ weights: 'tiny', adapters: 'tiny', classes: ['turned metal'], gpu });
  const kinds = ['none', 'foreign'] as const;
  const drawn = kinds.map((defect) =>
    drawSample({ className: 'turned_metal', seed: 5, size: 256, defect, setup: 'any' }),
  );
  const pictures = drawn.map(({ rgb, size }) => ({ width: size, height: size, data: rgb }));
  const decisions: Decision[] = [];
  for await (const { decision } of detector.detect(pictures, 'turned metal')) decisions.push(decision);
  const [good, faulty] = decisions;
  expect(good).toMatchObject({ anomalous: false, source: 'training' });
  expect(faulty).toMatchObject({ anomalous: true, source: 'training' });
  expect(Math.max(...good!.map().data)).toBeLessThan(0.25);
  const shown = faulty!.map().data;
  expect(Math.max(...shown)).toBe(1);
  const { mask } = drawn[1]!;
  const mean = (kind: number): number => {
    const own = shown.filter((_, i) => mask[i] === kind);
    return own.reduce((a, b) => a + b) / own.length;
  };
  expect(mean(1)).toBeGreaterThan(0.4);
  expect(mean(0)).toBeLessThan(0.05);
});
