/**
 * Linear resampling of one axis as a banded matrix: built in float64, rounded to float32 once, when it goes to the device.
 */

/** Output l is the sum of weights[l * maxTaps + t] times input start[l] + t, over t < count[l]. */
export interface ResampleTable {
  readonly inSize: number;
  readonly outSize: number;
  readonly start: Uint32Array;
  readonly count: Uint32Array;
  /** [outSize, maxTaps], zero beyond `count`. */
  readonly weights: Float64Array;
  readonly maxTaps: number;
}

type Add = (input: number, weight: number) => void;

/** Collects rows; weights of one input add up. `row` calls `add` for every tap of output l. */
function banded(inSize: number, outSize: number, row: (l: number, add: Add) => void): ResampleTable {
  const start = new Uint32Array(outSize);
  const rows: Float64Array[] = [];
  const dense = new Float64Array(inSize);
  for (let l = 0; l < outSize; l++) {
    let low = inSize;
    let high = -1;
    row(l, (input, weight) => {
      if (weight === 0) return;
      dense[input]! += weight;
      low = Math.min(low, input);
      high = Math.max(high, input);
    });
    start[l] = high < 0 ? 0 : low;
    rows.push(dense.slice(low, high + 1));
    dense.fill(0, low, high + 1);
  }
  const maxTaps = Math.max(1, ...rows.map((r) => r.length));
  const weights = new Float64Array(outSize * maxTaps);
  rows.forEach((r, l) => {
    weights.set(r, l * maxTaps);
  });
  return { inSize, outSize, start, count: Uint32Array.from(rows, (r) => r.length), weights, maxTaps };
}

/** Calls `visit` for every tap of output l. */
function taps(table: ResampleTable, l: number, visit: Add): void {
  for (let t = 0; t < table.count[l]!; t++) visit(table.start[l]! + t, table.weights[l * table.maxTaps + t]!);
}

function checkSizes(what: string, ...sizes: number[]): void {
  const bad = sizes.find((n) => !Number.isInteger(n) || n < 1);
  if (bad !== undefined) throw new Error(`${what}: bad size: expected a whole number of at least 1, got ${bad}`);
}

/** Linear interpolation that maps first sample to first and last to last (align_corners). */
export function bilinearTable(inSize: number, outSize: number): ResampleTable {
  checkSizes('bilinearTable', inSize, outSize);
  return banded(inSize, outSize, (l, add) => {
    // Multiplied first: exact wherever an output falls on an input.
    const at = outSize === 1 ? 0 : (l * (inSize - 1)) / (outSize - 1);
    const left = Math.floor(at);
    add(left, 1 - (at - left));
    if (left + 1 < inSize) add(left + 1, at - left);
  });
}

/**
 * Linear interpolation with pixels as areas (align_corners = false), not antialiased: an output takes the two inputs
 * around its centre, or the outermost one beyond the border.
 */
export function bilinearPixelTable(inSize: number, outSize: number): ResampleTable {
  checkSizes('bilinearPixelTable', inSize, outSize);
  return banded(inSize, outSize, (l, add) => {
    const at = Math.min(inSize - 1, Math.max(0, ((l + 0.5) * inSize) / outSize - 0.5));
    const left = Math.floor(at);
    add(left, 1 - (at - left));
    if (left + 1 < inSize) add(left + 1, at - left);
  });
}

/** Keys' cubic kernel with a = -0.5. */
function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/**
 * Antialiased bicubic interpolation with pixels as areas (align_corners = false): the kernel is stretched when
 * shrinking, taps beyond the border are dropped and the rest made to sum to one.
 */
export function cubicTable(inSize: number, outSize: number): ResampleTable {
  checkSizes('cubicTable', inSize, outSize);
  const scale = inSize / outSize;
  const stretch = Math.max(1, scale);
  return banded(inSize, outSize, (l, add) => {
    const center = (l + 0.5) * scale;
    const first = Math.max(0, Math.trunc(center - 2 * stretch + 0.5));
    const end = Math.min(inSize, Math.trunc(center + 2 * stretch + 0.5));
    const row = Array.from({ length: end - first }, (_, t) => cubic((first + t + 0.5 - center) / stretch));
    const sum = row.reduce((a, b) => a + b, 0);
    row.forEach((w, t) => {
      add(first + t, w / sum);
    });
  });
}

/**
 * Gaussian blur of `taps` samples. An axis shorter than the reach of the kernel is reflected at both ends in turn.
 * @param taps odd
 * @param sigma in samples
 * @param edge how the border is reflected: its sample `once` (sample -1 is sample 1) or `twice` (sample -1 is sample 0)
 */
export function gaussianTable(
  size: number,
  taps: number,
  sigma: number,
  edge: 'once' | 'twice' = 'once',
): ResampleTable {
  checkSizes('gaussianTable', size, taps);
  if (taps % 2 === 0) throw new Error(`gaussianTable: bad kernel: expected an odd number of taps, got ${taps}`);
  const radius = (taps - 1) / 2;
  const kernel = Array.from({ length: taps }, (_, t) => Math.exp(-((t - radius) ** 2) / (2 * sigma * sigma)));
  const sum = kernel.reduce((a, b) => a + b, 0);
  const again = edge === 'twice' ? 1 : 0;
  const period = Math.max(1, 2 * (size - 1 + again));
  return banded(size, size, (l, add) => {
    kernel.forEach((w, t) => {
      const at = (((l + t - radius) % period) + period) % period;
      add(Math.min(at, period - again - at), w / sum);
    });
  });
}

/** One table that does what `first` and then `second` do: the product of their matrices. @throws when sizes differ. */
export function composeTables(first: ResampleTable, second: ResampleTable): ResampleTable {
  if (first.outSize !== second.inSize) {
    throw new Error(`composeTables: expected a second table of ${first.outSize} inputs, got ${second.inSize}`);
  }
  return banded(first.inSize, second.outSize, (l, add) => {
    taps(second, l, (middle, outer) => {
      taps(first, middle, (input, inner) => add(input, outer * inner));
    });
  });
}

/** The transposed matrix, which carries a cotangent from the output to the input. */
export function transposeTable(table: ResampleTable): ResampleTable {
  const columns: [number, number][][] = Array.from({ length: table.inSize }, () => []);
  for (let l = 0; l < table.outSize; l++) taps(table, l, (input, weight) => columns[input]!.push([l, weight]));
  return banded(table.outSize, table.inSize, (input, add) => {
    for (const [l, weight] of columns[input]!) add(l, weight);
  });
}
