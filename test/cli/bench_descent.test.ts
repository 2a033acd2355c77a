import { describe, expect, it } from 'vitest';
import { descend, type Subject } from '../../src/cli/bench/descent.js';
import { linearFit } from '../../src/cli/bench/linear_fit.js';
import type { Tiles } from '../../src/gpu/shader.js';

const candidates = [1, 2, 4, 8].map((T) => ({ T }));
const PLACES = [
  { key: 'b', candidates },
  { key: 'a', candidates },
];
const tileAt = (tiles: Tiles, key: string): number => Number(tiles[key]?.T ?? 1);

/** Time falls towards a = 4; the best b is a's value: the two depend on each other. */
const timeOf = (tiles: Tiles): number => {
  const [a, b] = [tileAt(tiles, 'a'), tileAt(tiles, 'b')];
  return 1 + 2 * Math.abs(Math.log2(a / 4)) + Math.abs(Math.log2(b / a));
};

function subject(over: Partial<Subject> = {}): Subject & { opened: number } {
  const made = {
    opened: 0,
    kernels: async (tiles: Tiles) => JSON.stringify([tileAt(tiles, 'a'), tileAt(tiles, 'b')]),
    prepare: async () => {},
    check: async () => 1e-6,
    time: async (tiles: Tiles) => timeOf(tiles),
    reopen: async () => {
      made.opened++;
    },
    ...over,
  };
  return made;
}

const OPTIONS = { start: {}, bound: 1e-4, rounds: 3, until: Number.POSITIVE_INFINITY };

describe('coordinate descent', () => {
  it('finds the best of places that depend on each other, in several rounds', async () => {
    const found = await descend(subject(), PLACES, OPTIONS);
    expect(found.tiles).toEqual({ a: { T: 4 }, b: { T: 4 } });
    expect(found.ended).toBeUndefined();
    expect((await descend(subject(), PLACES, { ...OPTIONS, start: found.tiles })).tiles).toBe(found.tiles);
  });

  it('never times a tile whose results are wrong, or not numbers', async () => {
    const timed: number[] = [];
    const wrong = subject({
      check: async (tiles) => (tileAt(tiles, 'a') === 4 ? Number.NaN : tileAt(tiles, 'a') === 8 ? 1 : 0),
      time: async (tiles) => {
        timed.push(tileAt(tiles, 'a'));
        return timeOf(tiles);
      },
    });
    const found = await descend(wrong, PLACES, OPTIONS);
    expect(found.tiles).toEqual({ a: { T: 2 }, b: { T: 2 } });
    expect(timed).not.toContain(4);
    expect(timed).not.toContain(8);
    expect(found.tried.find((t) => t.key === 'a' && t.knobs.T === 8)).toEqual({
      key: 'a',
      knobs: { T: 8 },
      time: null,
      problem: 'wrong: error 1.0e+0',
    });
  });

  it('goes on after a tile that breaks the device, and keeps what it has when the device cannot be opened again', async () => {
    const broken = (reopen: Subject['reopen']) =>
      subject({
        check: async (tiles) => {
          if (tileAt(tiles, 'b') === 8) throw new Error('device lost\nat somewhere');
          return 0;
        },
        reopen,
      });
    let opened = 0;
    const once = await descend(
      broken(async () => void opened++),
      PLACES,
      OPTIONS,
    );
    expect(once.tiles).toEqual({ a: { T: 4 }, b: { T: 4 } });
    expect(opened).toBeGreaterThan(0);
    expect(once.tried.find((t) => t.key === 'b' && t.knobs.T === 8)?.problem).toBe('device lost');
    const lost = await descend(
      broken(() => Promise.reject(new Error('no adapter'))),
      PLACES,
      { ...OPTIONS, start: { a: { T: 4 } } },
    );
    expect(lost.ended).toBe('device lost; opening the device again: no adapter');
    // It was found before the tile that loses the device.
    expect(lost.tiles).toEqual({ a: { T: 4 }, b: { T: 4 } });
    expect(lost.tried.map((t) => t.knobs.T)).toEqual([2, 4]);
  });

  it('a tile that was fast only once is not taken', async () => {
    let first = true;
    const lucky = subject({
      time: async (tiles) => {
        if (tileAt(tiles, 'a') === 8 && first) {
          first = false;
          return 0.1;
        }
        return timeOf({ ...tiles, a: { T: 4 }, b: { T: 4 } });
      },
    });
    expect((await descend(lucky, PLACES, OPTIONS)).tiles).toEqual({});
  });

  it('tries no tile with which the kernels stay the same', async () => {
    const deaf = subject({ kernels: async (tiles) => String(tileAt(tiles, 'b')) });
    const { tried } = await descend(deaf, PLACES, OPTIONS);
    expect(new Set(tried.map((t) => t.key))).toEqual(new Set(['b']));
    expect(tried.every((t) => t.knobs.T !== 1)).toBe(true);
  });

  it('stops when its time is used up', async () => {
    const found = await descend(subject(), PLACES, { ...OPTIONS, until: 0 });
    expect(found).toEqual({ tiles: {}, tried: [], ended: 'the time for tuning is used up' });
  });
});

describe('the straight line', () => {
  it('is exact through points of a line, and says how much it explains of others', () => {
    const exact = linearFit([1, 2, 4], [5, 8, 14]);
    expect(exact.slope).toBeCloseTo(3, 12);
    expect(exact.intercept).toBeCloseTo(2, 12);
    expect(exact.r2).toBeCloseTo(1, 12);
    const { slope, r2 } = linearFit([0, 1, 2, 3], [0, 1, 4, 9]);
    expect(slope).toBeCloseTo(3, 12);
    expect(r2).toBeCloseTo(0.918, 3);
    expect(linearFit([1, 2], [7, 7])).toEqual({ slope: 0, intercept: 7, r2: 1 });
    expect(() => linearFit([3, 3], [1, 2])).toThrow('at least two values of x');
  });
});
