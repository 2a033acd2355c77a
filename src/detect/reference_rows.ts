/** Patches of good pictures on the host, and the core set of many. */
import { Draws } from '../data/random.js';
import type { Gpu } from '../gpu/gpu.js';
import { unpackF16 } from '../io/dtype.js';
import { coreset } from '../ops/coreset.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { matmul } from '../ops/matmul.js';
import { readWords, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { References } from './references.js';

/** Unit rows as the bits of f16 values, row-major. */
export interface ReferenceRows {
  readonly values: Uint16Array;
  readonly width: number;
}

/** Rows on the device, [N, W]. */
const onDevice = (gpu: Gpu, { values, width }: ReferenceRows): Tensor =>
  upload(gpu, unpackF16(values), [values.length / width, width]);

/** The references of levels, on the device. */
export function uploadReferences(gpu: Gpu, levels: ReadonlyMap<number, readonly ReferenceRows[]>): References {
  return tidy(() => {
    const rows = new Map([...levels].map(([level, parts]) => [level, parts.map((part) => onDevice(gpu, part))]));
    // Rows are exact in f16.
    return References.of(rows, true);
  });
}

/** The references of a calibration, on the device; undefined where it has none. */
export function uploadedReferences(gpu: Gpu, levels: ReadonlyMap<number, ReferenceRows>): References | undefined {
  if (levels.size === 0) return undefined;
  return uploadReferences(gpu, new Map([...levels].map(([level, rows]) => [level, [rows]])));
}

/** All rows of some parts in one. */
export function joinRows(parts: readonly ReferenceRows[]): ReferenceRows {
  const values = new Uint16Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    at += part.values.length;
  }
  return { values, width: parts[0]?.width ?? 0 };
}

/** Wider rows are projected to so many values at random before a core set is chosen, which keeps their distances (Johnson and Lindenstrauss 1984). */
const CORE_WIDTH = 128;

/**
 * At most `most` rows of all parts together, chosen greedily so that every row is near one of them, and one of each part that is left
 * without.
 * @param parts rows of one picture each; those that are chosen stay apart by picture, in their order
 */
export async function coreRows(
  gpu: Gpu,
  parts: readonly ReferenceRows[],
  most: number,
  seed: number,
): Promise<readonly ReferenceRows[]> {
  const all = joinRows(parts);
  const { width } = all;
  const count = all.values.length / width;
  if (count <= most) return parts;
  const draws = new Draws({ seed, stream: 'references' });
  const first = draws.below(count);
  const found = tidy(() => {
    const rows = onDevice(gpu, all);
    return coreset(width > CORE_WIDTH ? projected(rows, draws) : rows, most, first);
  });
  const chosen = new Set(await readWords(found));
  found.release();
  let at = 0;
  return parts.map(({ values }) => {
    const own: number[] = [];
    for (let row = 0; row < values.length / width; row++, at++) if (chosen.has(at)) own.push(row);
    // Then the others of any picture have some row that it can be compared with.
    if (own.length === 0) own.push(0);
    const kept = new Uint16Array(own.length * width);
    own.forEach((row, i) => {
      kept.set(values.subarray(row * width, (row + 1) * width), i * width);
    });
    return { values: kept, width };
  });
}

/** Rows [N, W] times a random matrix [W, 128] of signs (Achlioptas 2003), made unit. */
function projected(rows: Tensor, draws: Draws): Tensor {
  const width = rows.dim(1);
  const matrix = Float32Array.from({ length: width * CORE_WIDTH }, () => (draws.uniform() < 0.5 ? -1 : 1));
  return l2Normalize(matmul(rows, upload(rows.gpu, matrix, [width, CORE_WIDTH])));
}
