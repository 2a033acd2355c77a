import { describe, expect, test } from 'vitest';
import { isWrong, judged, worstAndBest } from '../../src/eval/picture_error.js';

const pictures = (...scored: readonly (readonly [label: number, score: number])[]) =>
  scored.map(([label, score]) => ({ label, score }));

describe('the error of a picture', () => {
  test('is the share of the way to the worst score that its label can have, and orders pictures', () => {
    const all = judged(
      pictures([1, 0.75], [0, 0.25], [1, 0.1], [0, 1], [1, 0], [1, 1], [0, 0], [0, 0.6], [1, 0.5]),
      0.5,
    );
    expect(all.map(({ place, error, verdict }) => [place, Number(error.toFixed(6)), verdict])).toEqual([
      [3, 1, 'false alarm'],
      [4, 1, 'missed'],
      [2, 0.8, 'missed'],
      [7, 0.2, 'false alarm'],
      [8, 0, 'found'],
      [0, -0.5, 'found'],
      [1, -0.5, 'passed'],
      [5, -1, 'found'],
      [6, -1, 'passed'],
    ]);
    expect(all.filter(isWrong)).toHaveLength(4);
  });

  test('treats both labels alike, wherever the threshold is', () => {
    for (const threshold of [0.01, 0.3, 0.9]) {
      const [worst, next] = judged(pictures([0, 1], [1, 0], [0, 0.99 * threshold]), threshold);
      expect([worst!.error, next!.error]).toEqual([1, 1]);
    }
  });

  test('is defined at both ends', () => {
    expect(judged(pictures([0, 1], [1, 1]), 1).map(({ verdict, error }) => [verdict, error])).toEqual([
      ['false alarm', 0],
      ['found', 0],
    ]);
    expect(judged(pictures([0, 0], [1, 0.2]), 0).map(({ verdict }) => verdict)).toEqual(['false alarm', 'found']);
  });

  test('gives an order, but no verdict, where there is no threshold', () => {
    const all = judged(pictures([0, 0.2], [0, 0.9], [0, 0.4]), undefined);
    expect(all.map(({ place, verdict }) => [place, verdict])).toEqual([
      [1, undefined],
      [2, undefined],
      [0, undefined],
    ]);
    expect(all.some(isWrong)).toBe(false);
  });
});

describe('the worst and the best', () => {
  const all = judged(pictures([0, 0.9], [1, 0.3], [1, 0.6], [1, 0.8], [1, 0.9], [0, 0.1], [0, 0.2], [1, 0.7]), 0.5);
  const places = (most: number, normal?: number) => {
    const { worst, best } = worstAndBest(all, most, normal);
    return [worst.map(({ place }) => place), best.map(({ place }) => place)];
  };

  test('are faulty ones, with as many good ones among the best as asked for', () => {
    expect(places(2)).toEqual([
      [0, 1],
      [4, 3],
    ]);
    expect(places(2, 1)).toEqual([
      [0, 1],
      [5, 4],
    ]);
    expect(places(3, 1)).toEqual([
      [0, 1, 2],
      [5, 4, 3],
    ]);
  });

  test('are none twice, and good ones where there are no faulty ones', () => {
    expect(new Set(places(4).flat()).size).toBe(6);
    expect(places(8)[1]).toEqual([]);
    const good = worstAndBest(judged(pictures([0, 0.1], [0, 0.9], [0, 0.4]), undefined), 1);
    expect([good.worst, good.best].map((l) => l.map(({ place }) => place))).toEqual([[1], [0]]);
  });
});
