/** Shape arithmetic. A shape is the list of a tensor's dimensions, slowest first. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/** `[2, 3, 64]`, as error messages write it. */
export function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** Splits a shape around an axis: elements before it, along it, after it. */
export function around(shape: Shape, axis: number): { outer: number; length: number; inner: number } {
  if (axis < 0 || axis >= shape.length) throw new Error(`shape: axis ${axis} of ${show(shape)} does not exist`);
  return {
    outer: sizeOf(shape.slice(0, axis)),
    length: shape[axis]!,
    inner: sizeOf(shape.slice(axis + 1)),
  };
}
