/** Turns the work of a dispatch into workgroups. */

/** Counts along x, y and z; or one number, for kernels that number their invocations or workgroups consecutively. */
export type Extent = number | readonly [number, number, number];

/** What a dispatch covers: invocations, which the kernel's own workgroup size divides, or whole workgroups. */
export type Cover = (
  | { readonly threads: Extent; readonly workgroups?: undefined }
  | { readonly workgroups: Extent; readonly threads?: undefined }
) & {
  /** How often a flat count is repeated along z. */
  readonly batch?: number | undefined;
};

/** Workgroups along one side that every adapter allows. */
const MOST = 65535;
const FOLD = 32768;

/** Folds a flat count of workgroups into a grid whose sides keep to the limit; kernels number them row by row. */
function fold(groups: number, batch: number): [number, number, number] {
  if (groups <= MOST) return [Math.max(1, groups), 1, batch];
  return [FOLD, Math.ceil(groups / FOLD), batch];
}

/**
 * Workgroups along x, y and z.
 * @param size invocations of one workgroup along x, y and z
 */
export function gridOf(cover: Cover, size: readonly [number, number, number]): [number, number, number] {
  const { threads, workgroups, batch = 1 } = cover;
  if (workgroups !== undefined) return typeof workgroups === 'number' ? fold(workgroups, batch) : [...workgroups];
  if (typeof threads === 'number') return fold(Math.ceil(threads / (size[0] * size[1] * size[2])), batch);
  return [Math.ceil(threads[0] / size[0]), Math.ceil(threads[1] / size[1]), Math.ceil(threads[2] / size[2])];
}
