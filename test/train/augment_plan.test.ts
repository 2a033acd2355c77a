import { describe, expect, test } from 'vitest';
import { STILL } from '../../src/picture/augment_geometry.js';
import {
  type AugmentChances,
  type AugmentPlan,
  augmentPlan,
  NO_CHANCES,
  PUBLISHED_CHANCES,
} from '../../src/train/augment_plan.js';

const purpose = { seed: 111, stage: 'image', epoch: 2, index: 5, imageSize: 518 } as const;
const N = 4000;
const plans = (chances: AugmentChances, stage: 'text' | 'image' = 'image'): AugmentPlan[] =>
  Array.from({ length: N }, (_, index) => augmentPlan({ ...purpose, stage, index }, chances));

const share = (all: AugmentPlan[], has: (p: AugmentPlan) => boolean): number => all.filter(has).length / N;

/** Within four deviations of a probability, over N draws. */
function expectShare(got: number, p: number): void {
  expect(Math.abs(got - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / N));
}

describe('the plan of a sample', () => {
  test('follows the published chances and ranges', () => {
    const all = plans(PUBLISHED_CHANCES);
    expectShare(
      share(all, (p) => p.geometry.rotate !== 0),
      0.5,
    );
    // A shift that is drawn may be zero, once in 156 * 156.
    expectShare(
      share(all, (p) => p.geometry.translate.some((v) => v !== 0)),
      0.5,
    );
    expectShare(
      share(all, (p) => p.geometry.horizontalFlip),
      0.5,
    );
    expectShare(
      share(all, (p) => p.geometry.verticalFlip),
      0.5,
    );
    for (const kind of ['brightness', 'contrast', 'saturation'] as const) {
      expectShare(
        share(all, (p) => p.colour?.[kind] !== undefined),
        0.7,
      );
      const factors = all.map((p) => p.colour?.[kind]).filter((v) => v !== undefined);
      expect(Math.min(...factors)).toBeGreaterThanOrEqual(0.5);
      expect(Math.min(...factors)).toBeLessThan(0.51);
      expect(Math.max(...factors)).toBeLessThan(1.5);
      expect(Math.max(...factors)).toBeGreaterThan(1.49);
    }
    const angles = all.map((p) => p.geometry.rotate);
    expect([Math.ceil(Math.min(...angles) - 0.5), Math.floor(Math.max(...angles) + 0.5)]).toEqual([-30, 30]);
    for (const axis of [0, 1]) {
      const shifts = all.map((p) => p.geometry.translate[axis]!);
      expect([Math.min(...shifts), Math.max(...shifts)]).toEqual([-78, 78]);
      expect(shifts.every(Number.isInteger)).toBe(true);
    }
  });

  test('depends on seed, stage, epoch and index, on nothing else', () => {
    expect(augmentPlan(purpose)).toEqual(augmentPlan({ ...purpose }));
    const different = [{ seed: 112 }, { epoch: 3 }, { index: 6 }];
    for (const other of different) {
      const pairs = Array.from({ length: 50 }, (_, i) => {
        const at = { ...purpose, index: 10 * i };
        return [augmentPlan(at), augmentPlan({ ...at, ...(('index' in other && { index: at.index + 1 }) || other) })];
      });
      expect(pairs.filter(([a, b]) => JSON.stringify(a) === JSON.stringify(b)).length).toBeLessThan(3);
    }
  });

  test('leaves each kind unchanged when another is switched off', () => {
    const all = plans(PUBLISHED_CHANCES);
    const still = plans({ ...PUBLISHED_CHANCES, rotate: 0, contrast: 0 });
    expect(still.map((p) => ({ ...p.geometry, ...p.colour }))).toEqual(
      all.map((p) => {
        const { contrast: _, ...colour } = p.colour ?? {};
        return { ...p.geometry, rotate: 0, ...colour };
      }),
    );
  });

  test('changes colours in the image stage alone, and nothing where all chances are zero', () => {
    const text = plans(PUBLISHED_CHANCES, 'text');
    expect(text.every((p) => p.colour === undefined)).toBe(true);
    expect(share(text, (p) => p.geometry.rotate !== 0)).toBeGreaterThan(0.4);
    for (const plan of plans(NO_CHANCES)) expect(plan).toEqual({ geometry: STILL, colour: undefined });
  });
});
