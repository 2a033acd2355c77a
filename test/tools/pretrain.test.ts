/** The parts of a pre-training run: its flags, the batches it sees, the patches it compares. */
import { describe, expect, test } from 'vitest';
import { Draws } from '../../src/data/random.js';
import { openTokenizer } from '../../src/node/open_tokenizer.js';
import { CLASSES } from '../../tools/pictures/index.js';
import { type BatchOptions, DRAWN, drawBatch } from '../../tools/tiny/batches.js';
import { allTexts, captionPair, promptPair, tokensOf } from '../../tools/tiny/captions.js';
import type { Drawn, Pair } from '../../tools/tiny/pool.js';
import { parsePretrain } from '../../tools/tiny/pretrain_options.js';
import { regionsOf } from '../../tools/tiny/regions.js';

/** A pool of flat pictures with a defect in the middle. */
function flatPool(): Map<string, Pair[]> {
  const rgb = new Uint8Array(3 * DRAWN * DRAWN).fill(128);
  const mask = new Uint8Array(DRAWN * DRAWN);
  mask.fill(1, (DRAWN / 2) * DRAWN, (DRAWN / 2 + 16) * DRAWN);
  return new Map(
    CLASSES.map(({ name, words }) => {
      const normal: Drawn = { rgb, mask: undefined, captions: [`a ${words}.`] };
      const anomalous: Drawn = { rgb, mask, captions: [`a damaged ${words}.`] };
      return [name, [{ className: name, number: 0, normal, anomalous }]];
    }),
  );
}

describe('the flags', () => {
  test('have the published defaults', () => {
    expect(parsePretrain([])).toMatchObject({ steps: 4000, until: 4000, batch: 16, levels: [1, 2, 3, 4], size: 128 });
    expect(parsePretrain(['--steps', '9', '--levels', '4'])).toMatchObject({ steps: 9, until: 9, levels: [4] });
    expect(parsePretrain(['--help'])).toBeUndefined();
  });

  test.each([
    [['--setup', 'table'], '--setup: unknown: expected any or bench, got "table"'],
    [['--peaks', 'best'], '--peaks: unknown: expected worst or any, got "best"'],
    [['--rate', 'fast'], '--rate: bad number: expected a number, got "fast"'],
    [['--levels', '1,x'], '--levels: bad number: expected a number, got "x"'],
  ])('%j are refused', (args, message) => {
    expect(() => parsePretrain(args)).toThrow(message);
  });
});

describe('a batch', () => {
  const pool = flatPool();
  const options: BatchOptions = {
    seed: 3,
    batch: 8,
    states: false,
    peaks: undefined,
    least: 128,
    most: 256,
    size: 64,
  };

  test('is a function of seed and step', () => {
    expect(drawBatch(pool, 5, options)).toEqual(drawBatch(pool, 5, options));
    expect(drawBatch(pool, 6, options)).not.toEqual(drawBatch(pool, 5, options));
    expect(drawBatch(pool, 5, { ...options, seed: 4 })).not.toEqual(drawBatch(pool, 5, options));
  });

  test('alternates between the two states of different classes', () => {
    const shown = drawBatch(pool, 1, options);
    expect(shown.map(({ caption }) => caption.includes('damaged'))).toEqual([0, 1, 0, 1, 0, 1, 0, 1].map(Boolean));
    expect(new Set(shown.map(({ caption }) => caption)).size).toBe(8);
    for (const { pixels, side } of shown) {
      expect(side).toBeGreaterThanOrEqual(128);
      expect(pixels).toHaveLength(3 * side * side);
    }
  });

  test('knows that a good picture is good everywhere where states are compared', () => {
    for (let step = 0; step < 4; step++) {
      const good = drawBatch(pool, step, { ...options, states: true }).filter((_, i) => i % 2 === 0);
      expect(good.map(({ marked }) => marked?.reduce((a, b) => a + b, 0))).toEqual([0, 0, 0, 0]);
    }
  });
});

describe('captions', () => {
  const pool = flatPool();
  const [coin] = pool.get('coin') as [Pair];

  test('are renamed for both states alike', () => {
    const draws = new Draws({ seed: 1, stream: 'test' });
    const pairs = Array.from({ length: 60 }, () => captionPair(coin, draws));
    for (const [good, faulty] of pairs) expect(faulty).toBe(good.replace('a ', 'a damaged '));
    const renamed = pairs.filter(([good]) => good !== coin.normal.captions[0]);
    expect(renamed.length).toBeGreaterThan(3);
    expect(renamed.length).toBeLessThan(30);
  });

  test('and prompts need only tokens that are kept', async () => {
    const tokenizer = await openTokenizer();
    const kept = tokensOf(allTexts(pool), tokenizer);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
    const draws = new Draws({ seed: 2, stream: 'test' });
    const texts = Array.from({ length: 40 }, () => [...promptPair('coin', draws), ...captionPair(coin, draws)]).flat();
    expect(tokensOf(texts, tokenizer).filter((id) => !kept.includes(id))).toEqual([]);
  });
});

describe('regions', () => {
  const [size, patch] = [8, 4];
  const options = { size, patch, states: false, peaks: 'worst', regions: 3 } as const;
  /** Marks the first pixels of each of the four patches. */
  const masked = (...counts: number[]): Float32Array => {
    const out = new Float32Array(size * size);
    counts.forEach((count, p) => {
      for (let k = 0; k < count; k++) {
        const [x, y] = [k % patch, Math.floor(k / patch)];
        out[((p >> 1) * patch + y) * size + (p & 1) * patch + x] = 1;
      }
    });
    return out;
  };

  test('compare good patches with the caption of the good picture, marked patches four times with the other', () => {
    // Of 16 pixels 12, 2, 0 and 4 are marked: enough, in between, none, and a quarter, which is enough.
    const found = regionsOf([masked(0), masked(12, 2, 0, 4)], options);
    expect([...found!.patches]).toEqual([0, 1, 2, 3, 6, 4, 4, 4, 4, 7, 7, 7, 7]);
    expect([...found!.own]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]);
    expect([...found!.other]).toEqual([1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(found!.weight).toBe(3);
    expect(found!.peaks).toEqual(['none', [0]]);
  });

  test('with peaks anywhere take every marked patch, or any patch where there is no mask', () => {
    expect(regionsOf([undefined, masked(12, 2, 0, 4)], { ...options, peaks: 'any' })?.peaks).toEqual(['any', [0, 3]]);
  });

  test('are absent where nothing is marked, unless states are compared', () => {
    expect(regionsOf([masked(0), undefined], options)).toBeUndefined();
    expect([...regionsOf([masked(0), undefined], { ...options, states: true })!.patches]).toEqual([0, 1, 2, 3]);
  });
});
