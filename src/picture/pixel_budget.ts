/** How much memory decoded pictures may take at a time. */

/**
 * Bytes of decoded pixels that are in memory at a time, all batches together; only a picture or a training batch that
 * is larger by itself goes beyond it.
 */
export const PIXEL_BUDGET = 2 ** 29;

/**
 * Cuts a sequence into runs of at most `most` items and `budget` bytes; an item that is larger by itself is a run of its own.
 * @param bytesOf decoded bytes of an item
 */
export function runsWithin(
  items: ArrayLike<number>,
  most: number,
  bytesOf: (item: number) => number,
  budget: number,
): Uint32Array[] {
  const runs: Uint32Array[] = [];
  let run: number[] = [];
  let bytes = 0;
  for (const item of Array.from(items)) {
    const size = bytesOf(item);
    if (run.length === most || (run.length > 0 && bytes + size > budget)) {
      runs.push(Uint32Array.from(run));
      run = [];
      bytes = 0;
    }
    run.push(item);
    bytes += size;
  }
  if (run.length > 0) runs.push(Uint32Array.from(run));
  return runs;
}
