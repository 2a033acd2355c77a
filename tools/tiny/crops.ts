/** Cut-outs of square pictures. */

/** A square window in a square picture. */
export interface Window {
  /** Side of the whole picture. */
  readonly size: number;
  readonly left: number;
  readonly top: number;
  readonly side: number;
  /** The one of the square's eight symmetries that is applied, 0 to 7. */
  readonly turn: number;
}

/** A window, and how its contrast (about the middle grey) and brightness change. */
export interface ToneWindow extends Window {
  readonly gain: number;
  readonly offset: number;
}

/** Where each pixel of a turned square comes from. */
function symmetry(side: number, turn: number): (x: number, y: number) => readonly [number, number] {
  return (x, y) => {
    const [u, v] = turn & 4 ? [y, x] : [x, y];
    return [turn & 1 ? side - 1 - u : u, turn & 2 ? side - 1 - v : v];
  };
}

/**
 * Pixels of a window, its contrast and brightness changed, turned.
 * @param rgb bytes [size, size, 3]
 * @returns bytes [side, side, 3]
 */
export function crop(rgb: Uint8Array, { size, left, top, side, turn, gain, offset }: ToneWindow): Uint8Array {
  const levels = Uint8Array.from({ length: 256 }, (_, v) =>
    Math.max(0, Math.min(255, 128 + offset + gain * (v - 128))),
  );
  const out = new Uint8Array(3 * side * side);
  const source = symmetry(side, turn);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [u, v] = source(x, y);
      const from = 3 * ((top + v) * size + left + u);
      for (let c = 0; c < 3; c++) out[3 * (y * side + x) + c] = levels[rgb[from + c]!]!;
    }
  }
  return out;
}

/**
 * The mask of the same window at another size, nearest pixel.
 * @param mask [size, size]; undefined where nothing is marked
 * @param to side of the result
 * @returns [to, to] of 0 and 1
 */
export function cropMask(
  mask: Uint8Array | undefined,
  { size, left, top, side, turn }: Window,
  to: number,
): Float32Array {
  const out = new Float32Array(to * to);
  if (!mask) return out;
  const source = symmetry(side, turn);
  for (let y = 0; y < to; y++) {
    for (let x = 0; x < to; x++) {
      const [u, v] = source(Math.floor(((x + 0.5) * side) / to), Math.floor(((y + 0.5) * side) / to));
      out[y * to + x] = mask[(top + v) * size + left + u]!;
    }
  }
  return out;
}

/**
 * A window at a random place that shows at least half of the marked area; the whole picture when a dozen tries fail.
 * @param mask [size, size]; undefined where nothing is marked
 * @param least smallest side
 * @param uniform random numbers in [0, 1)
 * @param most largest side
 */
export function place(
  mask: Uint8Array | undefined,
  size: number,
  least: number,
  uniform: () => number,
  most = size,
): { readonly left: number; readonly top: number; readonly side: number } {
  const side = least + Math.floor(uniform() * (most - least + 1));
  const total = mask ? mask.reduce((a, b) => a + b, 0) : 0;
  for (let tries = 0; tries < 12; tries++) {
    const left = Math.floor(uniform() * (size - side + 1));
    const top = Math.floor(uniform() * (size - side + 1));
    if (!mask) return { left, top, side };
    let seen = 0;
    for (let y = top; y < top + side; y++) {
      for (let x = left; x < left + side; x++) seen += mask[y * size + x]!;
    }
    if (2 * seen >= total) return { left, top, side };
  }
  return { left: 0, top: 0, side: size };
}
