/** The parts of pre-training: cut-outs, the halves of the classes, the names, the weights it starts from. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createTokenizer } from '../../src/io/tokenizer.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { crop, cropMask, place } from '../../tools/tiny/crops.js';
import { halves } from '../../tools/tiny/halves.js';
import { cosineFilters, initialWeights } from '../../tools/tiny/initial.js';
import { NOUNS } from '../../tools/tiny/nouns.js';

describe('cut-outs', () => {
  const size = 20;
  const mask = Uint8Array.from({ length: size * size }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 13) & 1);
  const rgb = Uint8Array.from({ length: 3 * size * size }, (_, i) => 255 * mask[Math.floor(i / 3)]!);

  test('of a picture and of its mask match in all eight turns, and the turns all differ', () => {
    const seen = new Set<string>();
    for (let turn = 0; turn < 8; turn++) {
      const window = { size, left: 3, top: 5, side: 11, turn, gain: 1, offset: 0 };
      const pixels = crop(rgb, window);
      const marked = cropMask(mask, window, 11);
      expect([...marked]).toEqual(Array.from({ length: 121 }, (_, i) => pixels[3 * i]! / 255));
      seen.add(marked.join(''));
    }
    expect(seen.size).toBe(8);
  });

  test('are the window itself where nothing is changed', () => {
    const window = { size, left: 2, top: 4, side: 6, turn: 0, gain: 1, offset: 0 };
    const expected = Array.from({ length: 36 }, (_, i) => mask[(4 + Math.floor(i / 6)) * size + 2 + (i % 6)]);
    expect([...cropMask(mask, window, 6)]).toEqual(expected);
    expect([...cropMask(undefined, window, 6)]).toEqual(new Array(36).fill(0));
  });

  test('change contrast about the middle grey, and brightness, and stay bytes', () => {
    const grey = new Uint8Array([128, 228, 28]);
    const window = { size: 1, left: 0, top: 0, side: 1, turn: 0 };
    expect([...crop(grey, { ...window, gain: 0.5, offset: 10 })]).toEqual([138, 188, 88]);
    expect([...crop(grey, { ...window, gain: 2, offset: 0 })]).toEqual([128, 255, 0]);
  });

  test('show at least half of what is marked, or everything', () => {
    const spot = new Uint8Array(size * size);
    for (const [x, y] of [
      [17, 17],
      [18, 17],
      [18, 18],
    ] as const)
      spot[y * size + x] = 1;
    let state = 1;
    const uniform = (): number => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    for (let i = 0; i < 200; i++) {
      const { left, top, side } = place(spot, size, 8, uniform);
      expect(left + side).toBeLessThanOrEqual(size);
      expect(top + side).toBeLessThanOrEqual(size);
      const shown = [...spot.keys()].filter((p) => {
        const [x, y] = [p % size, Math.floor(p / size)];
        return spot[p] === 1 && x >= left && x < left + side && y >= top && y < top + side;
      });
      expect(shown.length).toBeGreaterThanOrEqual(2);
    }
  });
});

test('the halves have no class in common, leave out no class, and hold equally many of both kinds', () => {
  const classes = Array.from({ length: 11 }, (_, i) => ({ name: `c${i}`, kind: i < 6 ? 'texture' : 'object' }));
  const { adaptation, heldOut } = halves(classes);
  expect(adaptation).toEqual(['c0', 'c2', 'c4', 'c6', 'c8', 'c10']);
  expect(heldOut).toEqual(['c1', 'c3', 'c5', 'c7', 'c9']);
});

test('classes that could be anything are trained on and never tested on', () => {
  const classes = ['wood', 'surface', 'tile'].map((name) => ({ name, kind: 'texture' }));
  expect(halves(classes)).toEqual({ adaptation: ['wood', 'surface'], heldOut: ['tile'] });
});

test('the names are different words that take few tokens', () => {
  const tokenizer = createTokenizer(readFileSync(new URL('../../weights/clip_merges.txt', import.meta.url), 'utf8'));
  expect(NOUNS.length).toBeGreaterThan(400);
  expect(new Set(NOUNS).size).toBe(NOUNS.length);
  for (const noun of NOUNS) {
    expect(noun).toMatch(/^[a-z]+( [a-z]+)*$/);
    expect(tokenizer.tokenize(noun).length).toBeLessThan(12);
  }
});

describe('the weights pre-training starts from', () => {
  const config = { ...TINY, patch: 14, visionWidth: 128 };
  const w = config.visionWidth;
  const weights = initialWeights(syntheticClip(config, 1), config, [1, 5, 9], 7);
  const block = (layer: number, part: string) =>
    weights.readF32(`visual.transformer.resblocks.${layer}.${part}.weight`);

  test('take a patch apart into orthogonal waves', () => {
    const [width, patch] = [40, 8];
    const filters = cosineFilters(width, patch);
    const n = 3 * patch * patch;
    for (let i = 0; i < width; i++) {
      for (let j = 0; j <= i; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += filters[i * n + k]! * filters[j * n + k]!;
        expect(Math.abs(sum - (i === j ? 0.25 : 0))).toBeLessThan(1e-6);
      }
    }
  });

  test('subtract the mean of all tokens: values in, minus values out', async () => {
    const [values, out] = [
      (await weights.readF32('visual.transformer.resblocks.0.attn.in_proj_weight')).subarray(2 * w * w),
      await block(0, 'attn.out_proj'),
    ];
    const diagonal = (m: Float32Array): number =>
      Array.from({ length: w }, (_, i) => m[i * w + i]!).reduce((a, b) => a + b) / w;
    expect(diagonal(values)).toBeCloseTo(1, 1);
    expect(diagonal(out)).toBeCloseTo(-1, 1);
    expect(Math.max(...values.map((v, i) => (i % (w + 1) === 0 ? 0 : Math.abs(v))))).toBeLessThan(0.1);
  });

  test('respond equally to a deviation and its opposite, up to what GELU leaves', async () => {
    const [up, down] = [await block(1, 'mlp.c_fc'), await block(1, 'mlp.c_proj')];
    const half = 2 * w;
    for (let h = 0; h < half; h += 37) {
      for (let k = 0; k < w; k += 11) {
        expect(up[(h + half) * w + k]).toBe(-up[h * w + k]!);
        expect(down[k * 4 * w + h + half]).toBe(down[k * 4 * w + h]);
      }
    }
  });
});
