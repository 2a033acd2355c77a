/** Averages over neighbourhoods, borders repeated. */

/** Mean over a square of side 2 * radius + 1, twice (a tent): a soft blur at any radius. */
export function boxBlur(plane: Float32Array, size: number, radius: number): Float32Array {
  if (radius < 1) return plane.slice();
  const once = new Float32Array(plane.length);
  const twice = new Float32Array(plane.length);
  blurLines(plane, once, size, radius, 1, size);
  blurLines(once, twice, size, radius, size, 1);
  blurLines(twice, once, size, radius, 1, size);
  blurLines(once, twice, size, radius, size, 1);
  return twice;
}

/** Running means along lines: `step` between the pixels of a line, `stride` between lines. */
function blurLines(
  from: Float32Array,
  to: Float32Array,
  size: number,
  radius: number,
  step: number,
  stride: number,
): void {
  const share = 1 / (2 * radius + 1);
  for (let line = 0; line < size; line++) {
    const start = line * stride;
    const last = start + (size - 1) * step;
    let sum = 0;
    for (let i = -radius; i <= radius; i++) sum += from[start + Math.min(Math.max(i, 0), size - 1) * step];
    for (let i = 0, k = start; i < size; i++, k += step) {
      to[k] = sum * share;
      const leaving = k - radius * step;
      const entering = k + (radius + 1) * step;
      sum += from[entering > last ? last : entering] - from[leaving < start ? start : leaving];
    }
  }
}

/** A blend of each pixel with its neighbours in a row and column: weights share, 1 - 2 share, share each way. */
export function soften(plane: Float32Array, size: number, share: number): Float32Array {
  const rows = new Float32Array(plane.length);
  const out = new Float32Array(plane.length);
  const middle = 1 - 2 * share;
  for (let y = 0; y < size; y++) {
    for (let x = 0, k = y * size; x < size; x++, k++) {
      rows[k] = middle * plane[k] + share * (plane[x > 0 ? k - 1 : k] + plane[x < size - 1 ? k + 1 : k]);
    }
  }
  for (let y = 0; y < size; y++) {
    const up = y > 0 ? size : 0;
    const down = y < size - 1 ? size : 0;
    for (let x = 0, k = y * size; x < size; x++, k++) {
      out[k] = middle * rows[k] + share * (rows[k - up] + rows[k + down]);
    }
  }
  return out;
}
