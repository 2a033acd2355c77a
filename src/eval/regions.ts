/** Connected regions of a mask. */

/** Each pixel's region, from 1, and 0 for normal pixels; and the regions' numbers of pixels. */
export interface Regions {
  readonly labels: Uint32Array;
  /** `sizes[label]`; `sizes[0]` is 0. */
  readonly sizes: readonly number[];
}

/**
 * Regions of pixels that are not 0 and touch, also at corners (8-connectivity, as MVTec's evaluation and anomalib count
 * them). Two passes over the rows with a disjoint-set forest (Rosenfeld and Pfaltz 1966).
 * @param mask rows of `width` pixels
 * @throws when the mask is not whole rows
 */
export function connectedRegions(mask: ArrayLike<number>, width: number): Regions {
  if (!Number.isInteger(width) || width < 1 || mask.length % width !== 0) {
    throw new Error(`regions: expected whole rows of ${width} pixels, got ${mask.length} pixels`);
  }
  const labels = new Uint32Array(mask.length);
  const parents = [0];
  const rootOf = (label: number): number => {
    let root = label;
    while (parents[root] !== root) root = parents[root]!;
    while (parents[label] !== root) [label, parents[label]] = [parents[label]!, root];
    return root;
  };
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const x = i % width;
    let own = 0;
    // Neighbours that were visited: left, and the three above.
    for (const [dx, at] of [
      [-1, i - 1],
      [-1, i - width - 1],
      [0, i - width],
      [1, i - width + 1],
    ] as const) {
      if (at < 0 || x + dx < 0 || x + dx >= width || labels[at] === 0) continue;
      const root = rootOf(labels[at]!);
      if (own === 0) own = root;
      else if (root !== own) {
        const [low, high] = [Math.min(own, root), Math.max(own, root)];
        parents[high] = low;
        own = low;
      }
    }
    if (own === 0) own = parents.push(parents.length) - 1;
    labels[i] = own;
  }
  const numbers = new Map<number, number>();
  const sizes = [0];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 0) continue;
    const root = rootOf(labels[i]!);
    const number = numbers.get(root) ?? sizes.push(0) - 1;
    numbers.set(root, number);
    labels[i] = number;
    sizes[number]!++;
  }
  return { labels, sizes };
}
