/** Few-shot lists: half normal and half abnormal samples of each class. */

import type { SampleRow } from './index_rows.js';
import { byClass } from './metadata.js';
import { Draws } from './random.js';

export interface FewShots {
  readonly rows: readonly SampleRow[];
  /** Classes with too few samples. */
  readonly notes: readonly string[];
}

/** Draws `count` of the rows, every choice equally likely; they keep their order. */
function choose<T>(rows: readonly T[], count: number, draws: Draws): T[] {
  const order = [...rows.keys()];
  for (let i = 0; i < Math.min(count, order.length); i++) {
    const j = i + draws.below(order.length - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order
    .slice(0, count)
    .sort((a, b) => a - b)
    .map((i) => rows[i]!);
}

/**
 * Draws `shots` samples of each class: shots / 2 normal and shots / 2 abnormal. Abnormal samples without a mask cannot
 * be trained on: they are drawn only where no abnormal sample of the class has a mask. For a class with too few
 * samples, all are taken, and a note says so.
 * @throws when `shots` is not an even number of at least 2
 */
export function drawShots(rows: readonly SampleRow[], shots: number, seed: number): FewShots {
  if (!Number.isInteger(shots) || shots < 2 || shots % 2 !== 0) {
    throw new Error(`shots: expected an even number, half of them normal and half abnormal, got ${shots}`);
  }
  const notes: string[] = [];
  const chosen = new Set<SampleRow>();
  for (const [className, own] of byClass(rows)) {
    const abnormal = own.filter((r) => r.label === 1);
    const masked = abnormal.filter((r) => r.maskPath !== undefined);
    const draws = new Draws({ seed, stream: `shots ${className}`, index: shots });
    for (const [title, candidates] of [
      ['normal', own.filter((r) => r.label === 0)],
      ['abnormal', masked.length > 0 ? masked : abnormal],
    ] as const) {
      const drawn = choose(candidates, shots / 2, draws);
      if (drawn.length < shots / 2) {
        notes.push(`${className}: expected ${shots / 2} ${title} pictures, got ${drawn.length}: all are taken`);
      }
      for (const row of drawn) chosen.add(row);
    }
  }
  return { rows: rows.filter((r) => chosen.has(r)), notes };
}
