import { describe, expect, test } from 'vitest';
import type { Domain } from '../../src/data/datasets.js';
import { average } from '../../src/eval/average.js';
import { classMetrics } from '../../src/eval/class_metrics.js';
import { ClassScores } from '../../src/eval/metrics.js';
import { reportJson, reportText } from '../../src/eval/report.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { bytesSource } from '../../src/io/source.js';
import { compare, type GoldenFolder } from '../../src/verify/case.js';
import { metricsCase } from '../../src/verify/metrics_cases.js';
import { device } from '../devices.js';
import { goldenBytes } from '../golden_files.js';

const FIGURES = ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp'] as const;

/** Two pictures of four pixels; the second is abnormal. */
const small = {
  masks: [0, 0, 0, 0, 0, 0, 1, 1],
  labels: [0, 1],
  maps: Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.1, 0.35, 0.9, 0.4),
  scores: [0.2, 0.3],
};
const of = (domain: Domain, change: Partial<typeof small> = {}) => {
  const { masks, labels, maps, scores } = { ...small, ...change };
  return classMetrics(masks, labels, maps, scores, domain);
};

describe('the figures of a class', () => {
  test('match the reference, ties included', async () => {
    const bytes = goldenBytes('metrics.safetensors');
    const folder = { text: async (name: string) => new TextDecoder().decode(goldenBytes(name)) } as GoldenFolder;
    const file = await openSafetensors(bytesSource('metrics.safetensors', bytes));
    const reports = [];
    for await (const c of metricsCase({ gpu: await device(), folder, file, precision: 'f32' }))
      reports.push(compare(c));
    expect(reports).toHaveLength(12);
    expect(reports.filter((r) => !r.pass)).toEqual([]);
  });

  test('are the same when the images come one by one', () => {
    const scores = new ClassScores('Industrial');
    scores.add(small.maps.subarray(0, 4), undefined, 0, 0.2);
    scores.add(small.maps.subarray(4), Uint8Array.of(0, 0, 255, 3), 1, 0.3);
    expect(scores.figures()).toEqual(of('Industrial'));
    expect(scores.figures()).toMatchObject({ images: 2, abnormalImages: 1, pixels: 8, abnormalPixels: 2, notes: [] });
  });

  test('take the image score from map and score for industrial classes, from the map alone for medical ones', () => {
    // Peaks 0.4 < 0.9 and scores 0.3 > 0.2: half and half ties them, the map alone orders them.
    const turned = { scores: [0.3, 0.2] };
    expect(of('Industrial', { ...turned, maps: Float32Array.of(0, 0, 0, 0, 0, 0, 2, 0) }).imageAuc).toBe(50);
    expect(of('Medical', turned).imageAuc).toBe(100);
    expect(of('Industrial').imageAuc).toBe(100);
  });

  test('leave maps as they are whose maximum is exactly 1', () => {
    // The smallest value is so far off that scaling makes all others tie.
    const masks = [0, 0, 1, 1, 1, 1, 1, 1];
    const maps = (max: number) => Float32Array.of(-1e8, 0.1, 0.2, 0.5, 0.5, 0.5, 0.5, max);
    expect(of('Medical', { maps: maps(1), masks }).pixelAuc).toBe(100);
    expect(of('Medical', { maps: maps(2), masks }).pixelAuc).toBe(75);
  });

  test('are given as 0 where only one label occurs, and say so', () => {
    const allGood = of('Industrial', { labels: [0, 0], masks: new Array(8).fill(0) });
    expect(FIGURES.map((k) => allGood[k])).toEqual([0, 0, 0, 0]);
    expect(allGood.notes).toEqual([
      'every image is normal: the image figures are n/a, and 0 as published',
      'every pixel is normal: the pixel figures are n/a, and 0 as published',
    ]);
    const allBad = of('Industrial', { labels: [1, 1] });
    expect([allBad.imageAuc, allBad.imageAp]).toEqual([0, 0]);
    expect(allBad.pixelAuc).toBeGreaterThan(0);
    expect(allBad.notes).toEqual(['every image is abnormal: the image figures are n/a, and 0 as published']);
  });

  test('of constant maps are at chance level, and say so', () => {
    const { pixelAuc, pixelAp, notes } = of('Industrial', { maps: new Float32Array(8).fill(0.3) });
    expect([pixelAuc, pixelAp]).toEqual([50, 25]);
    expect(notes).toEqual(['all map values are equal: they count as 0, where the published program has NaN']);
    expect(of('Industrial', { scores: [0.5, 0.5] }).notes).toEqual([
      'all image scores are equal: they count as 0, where the published program has NaN',
    ]);
    expect(of('Medical', { scores: [0.5, 0.5] }).notes).toEqual([]);
  });

  test('leave the pixels out where an abnormal image has no mask', () => {
    const scores = new ClassScores('Industrial');
    scores.add(small.maps.subarray(0, 4), undefined, 0, 0.2);
    scores.add(small.maps.subarray(4), undefined, 1, 0.3);
    const figures = scores.figures();
    expect(FIGURES.map((k) => figures[k])).toEqual([null, null, 100, 100]);
    expect(figures.notes).toEqual(['1 abnormal images have no mask: no pixel figures']);
  });

  test('are refused for values that do not fit or are not numbers', () => {
    const scores = new ClassScores('Industrial');
    expect(() => scores.figures()).toThrow('metrics: a class without images: expected at least one');
    expect(() => scores.add(Float32Array.of(1, Number.NaN), undefined, 0, 1)).toThrow(
      'image 0 of the class: score 1 is NaN: expected finite numbers',
    );
    expect(() => scores.add(Float32Array.of(1), undefined, 0, Number.NaN)).toThrow(
      'image 0 of the class: image score is NaN: expected a finite number',
    );
    expect(() => scores.add(Float32Array.of(1, 2), [1], 1, 1)).toThrow(/expected a label for each of 2 scores, got 1/);
    expect(() => scores.add(new Float32Array(0), undefined, 0, 1)).toThrow(/empty map/);
    expect(() => of('Medical', { scores: [1] })).toThrow(
      /metrics: lengths do not fit: expected maps and masks of 2 images/,
    );
  });
});

describe('the report', () => {
  const rows = [
    { className: 'metal_nut', figures: of('Industrial') },
    { className: '01', figures: { ...of('Medical'), pixelAuc: 90.125, imageAp: null, notes: ['as it is'] } },
  ];

  test('is a table in the published columns with the plain average', () => {
    const { pixelAuc } = rows[0]!.figures;
    expect(reportText(rows)).toBe(
      [
        'class name  pixel AUC  pixel AP  image AUC  image AP',
        ' metal_nut      95.83     83.33     100.00    100.00',
        '        01      90.13     83.33     100.00         -',
        '   Average      92.98     83.33     100.00    100.00',
        '01: as it is',
      ].join('\n'),
    );
    expect(pixelAuc).toBe(95.83);
  });

  test('has every figure as JSON for programs', () => {
    const json = JSON.parse(JSON.stringify(reportJson(rows)));
    expect(json.classes.map((c: { className: string }) => c.className)).toEqual(['metal_nut', '01']);
    expect(json.classes[0]).toMatchObject({ pixelAuc: 95.83, imageAuc: 100, images: 2, pixelF1: { f1: 0.8 } });
    expect(json.classes[1].imageAp).toBeNull();
    expect(json.average).toEqual(average(rows.map((r) => r.figures)));
  });

  test('averages over the classes that have a figure', () => {
    const none = { pixelAuc: null, pixelAp: null, imageAuc: null, imageAp: null };
    expect(average([none, { ...none, pixelAp: 30 }, { ...none, pixelAp: 60 }])).toEqual({ ...none, pixelAp: 45 });
    expect(average([])).toEqual(none);
  });
});
