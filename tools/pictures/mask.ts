/** The ground truth of a defect: where the picture with it differs from the picture without. */

type Planes = readonly [Float32Array, Float32Array, Float32Array];

export interface Change {
  /** 1 where the picture changed, 0 elsewhere; [size, size]. */
  readonly mask: Uint8Array;
  /** Share of the picture that is changed. */
  readonly area: number;
  /** Mean difference over the mask, in 0..255, of the channel that differs most. */
  readonly contrast: number;
  /**
   * The same, divided by how much the good picture varies there: 1 means the defect stands out as much as the pattern
   * does.
   */
  readonly salience: number;
  /** Share of the mask that differs at all. */
  readonly seen: number;
}

/** Differences smaller than this, in 0..255, do not count: an eye does not see them, and noise hides them. */
const LEAST = 6;
/** Differences far smaller than the defect's own, such as the edge of its shadow, do not count either. */
const RELATIVE = 0.12;

/**
 * Compares two pictures of the same scene, without noise.
 * @param trace how much of each pixel the defect painted over: a pixel that is mostly painted counts as changed even
 * where colours agree
 */
export function findChange(before: Planes, after: Planes, trace: Float32Array, size: number): Change {
  const count = size * size;
  const differs = new Float32Array(count);
  const histogram = new Uint32Array(256);
  let visible = 0;
  for (let k = 0; k < count; k++) {
    const d = Math.max(
      Math.abs(before[0][k] - after[0][k]),
      Math.abs(before[1][k] - after[1][k]),
      Math.abs(before[2][k] - after[2][k]),
    );
    differs[k] = d;
    if (d > LEAST) {
      histogram[Math.min(255, Math.floor(d))]++;
      visible++;
    }
  }
  let strong = 255;
  for (let above = 0; strong > LEAST; strong--) {
    above += histogram[strong];
    if (above * 10 >= visible) break;
  }
  const level = Math.max(LEAST, RELATIVE * strong);
  const raw = new Uint8Array(count);
  for (let k = 0; k < count; k++) raw[k] = differs[k] > level || trace[k] > 0.5 ? 1 : 0;
  const mask = closed(withoutSpecks(raw, size), size);
  return { mask, ...measure(mask, differs, before, level) };
}

function measure(mask: Uint8Array, differs: Float32Array, before: Planes, level: number): Omit<Change, 'mask'> {
  let area = 0;
  let sum = 0;
  let seen = 0;
  let light = 0;
  let square = 0;
  for (let k = 0; k < mask.length; k++) {
    if (mask[k] === 0) continue;
    const y = 0.3 * before[0][k] + 0.59 * before[1][k] + 0.11 * before[2][k];
    area++;
    sum += differs[k];
    light += y;
    square += y * y;
    if (differs[k] > level) seen++;
  }
  const n = Math.max(1, area);
  const spread = Math.sqrt(Math.max(0, square / n - (light / n) * (light / n)));
  const contrast = sum / n;
  return { area: area / mask.length, contrast, salience: contrast / (spread + 4), seen: seen / n };
}

/** Drops pixels that have no neighbour. */
function withoutSpecks(mask: Uint8Array, size: number): Uint8Array {
  const near = neighbours(mask, size);
  return mask.map((value, k) => (value === 1 && near[k] > 1 ? 1 : 0));
}

/** Fills gaps of a pixel or two: grown by one, shrunk by one. */
function closed(mask: Uint8Array, size: number): Uint8Array {
  const grown = neighbours(mask, size).map((count) => (count > 0 ? 1 : 0));
  const kept = neighbours(grown, size);
  return mask.map((value, k) => (value === 1 || kept[k] === 9 ? 1 : 0));
}

/** How many of each pixel and its eight neighbours are set; outside the picture its border is repeated. */
function neighbours(mask: Uint8Array, size: number): Uint8Array {
  const rows = new Uint8Array(mask.length);
  const sums = new Uint8Array(mask.length);
  for (let y = 0; y < size; y++) {
    const first = y * size;
    const last = first + size - 1;
    for (let k = first; k <= last; k++) rows[k] = mask[k > first ? k - 1 : k] + mask[k] + mask[k < last ? k + 1 : k];
  }
  for (let y = 0; y < size; y++) {
    const up = y > 0 ? size : 0;
    const down = y < size - 1 ? size : 0;
    for (let k = y * size; k < (y + 1) * size; k++) sums[k] = rows[k - up] + rows[k] + rows[k + down];
  }
  return sums;
}
