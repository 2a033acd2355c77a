/** The rows of the benchmark, and the selection from them by `--only`. */
import { ALL_CASES } from '../../cases/all_cases.js';
import type { ModelSizes } from '../../cases/model_sizes.js';
import { namePattern } from '../../cases/name_pattern.js';
import type { OpCase, RealSize } from '../../cases/op_case.js';

export type Direction = 'forward' | 'backward';

/** The name of a row. */
export function rowName(c: OpCase, size: Pick<RealSize, 'name'>, direction: Direction): string {
  return `${c.name} ${size.name} ${direction}`;
}

export interface WantedSize {
  readonly c: OpCase;
  readonly size: RealSize;
  readonly forward: boolean;
  readonly backward: boolean;
}

/** The sizes with a selected row. @throws when a pattern matches no row. */
export function wantedSizes(model: ModelSizes, only: readonly string[]): WantedSize[] {
  const patterns = only.map((glob) => ({ glob, pattern: namePattern(glob), used: false }));
  const wanted = (c: OpCase, size: RealSize, direction: Direction): boolean => {
    const hits = patterns.filter((p) => p.pattern.test(c.name) || p.pattern.test(rowName(c, size, direction)));
    for (const hit of hits) hit.used = true;
    return patterns.length === 0 || hits.length > 0;
  };
  const list = ALL_CASES.flatMap((c) =>
    c.sizes(model).map((size) => ({
      c,
      size,
      forward: wanted(c, size, 'forward'),
      backward: size.backward !== undefined && wanted(c, size, 'backward'),
    })),
  );
  const missed = patterns.find((p) => !p.used);
  if (missed) {
    const ops = [...new Set(ALL_CASES.map((c) => c.name))].join(', ');
    throw new Error(`bench: no row matches ${missed.glob}: expected a pattern of a row's name, or of one of ${ops}`);
  }
  return list.filter((w) => w.forward || w.backward);
}
