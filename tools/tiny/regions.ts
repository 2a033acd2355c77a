/** Pairs the patches of a batch with the captions they are compared with, by the masks. */
import type { Peak, Regions } from '#src/train/contrastive';
import type { PretrainOptions } from './pretrain_options.js';

/** How often a marked patch counts: there are a dozen unmarked patches for each. */
const MARKED = 4;

/** A patch, and its true and its false caption, by their indices in the batch. */
interface Row {
  readonly place: number;
  readonly own: number;
  readonly other: number;
}

export type RegionOptions = Pick<PretrainOptions, 'size' | 'states' | 'peaks' | 'regions'> & {
  /** Side of a patch in pixels. */
  readonly patch: number;
};

/** Share of each patch that is marked, row by row. */
function sharesOf(marked: Float32Array, size: number, patch: number): Float32Array {
  const grid = size / patch;
  const shares = new Float32Array(grid * grid);
  marked.forEach((v, p) => {
    const at = Math.floor(Math.floor(p / size) / patch) * grid + Math.floor((p % size) / patch);
    shares[at] = shares[at]! + v / (patch * patch);
  });
  return shares;
}

/**
 * Patches of the pictures whose masks are known. A patch counts as marked when a quarter of its area is marked, or, in
 * a picture with little marked area, nearly as much as the most marked patch; it counts as unmarked when nothing in it
 * is marked. Patches in between are left out.
 * @param masks [size, size] each, undefined where unknown; the rows of a batch alternate between the two states of a
 * class
 * @returns undefined when there is nothing to compare
 */
export function regionsOf(
  masks: readonly (Float32Array | undefined)[],
  options: RegionOptions,
): (Regions & { readonly peaks: readonly Peak[] }) | undefined {
  const { size, patch } = options;
  const area = (size / patch) ** 2;
  const good: Row[] = [];
  const faulty: Row[] = [];
  const peaks: Peak[] = masks.map(() => (options.peaks === 'any' ? 'any' : undefined));
  masks.forEach((marked, i) => {
    if (!marked) return;
    const shares = sharesOf(marked, size, patch);
    const most = shares.reduce((a, b) => Math.max(a, b), 0);
    const enough = Math.min(0.25, Math.max(0.04, 0.7 * most));
    const worst = shares.indexOf(most);
    const places = options.peaks === 'any' ? [...shares.keys()].filter((p) => shares[p]! >= enough) : [worst];
    // Where a mask marks almost nothing of any patch, the worst patch stands for all.
    peaks[i] = most === 0 ? 'none' : places.length > 0 ? places : [worst];
    shares.forEach((share, p) => {
      const place = i * area + p;
      if (share === 0) good.push({ place, own: i & ~1, other: i | 1 });
      else if (share >= enough) faulty.push({ place, own: i | 1, other: i & ~1 });
    });
  });
  // The loss of states always has regions: good pictures provide them.
  if (faulty.length === 0 && !options.states) return undefined;
  const rows = [...good, ...faulty.flatMap((row) => Array.from({ length: MARKED }, () => row))];
  return {
    patches: Uint32Array.from(rows, (r) => r.place),
    own: Uint32Array.from(rows, (r) => r.own),
    other: Uint32Array.from(rows, (r) => r.other),
    weight: options.regions,
    peaks,
  };
}
