/** How attention without matrix units is cut on GPUs: threads of a workgroup, and rows that pass through it at a time. */
import type { Gpu } from '../gpu/gpu.js';
import type { Knobs } from '../gpu/shader.js';
import type { Traits } from '../gpu/traits.js';

/** A kernel's tile: WG threads and BK rows of the stream. */
interface StreamTile {
  readonly WG: number;
  readonly BK: number;
}

interface StreamKernel {
  /** The kernel, and its key in `Tiles`. */
  readonly key: string;
  /** Bytes of workgroup memory for heads of a width. */
  bytes(tile: StreamTile, head: number): number;
  own(traits: Traits, head: number): StreamTile;
  readonly candidates: readonly StreamTile[];
}

const grid = (threads: readonly number[], rows: readonly number[]): StreamTile[] =>
  threads.flatMap((WG) => rows.map((BK) => ({ WG, BK })));

export const forwardStream: StreamKernel = {
  key: 'attention.tile',
  bytes: ({ BK }, head) => 8 * BK * head,
  own: (_, head) => ({ WG: 128, BK: head > 64 ? 16 : 32 }),
  candidates: grid([64, 128, 256], [32, 16, 64, 8]),
};

export const backwardStream: StreamKernel = {
  key: 'attention_backward.tile',
  bytes: ({ WG, BK }, head) => 8 * BK * head + 8 * BK + 8 * BK * WG,
  // Wide heads would exceed 16 KiB of workgroup memory with eight rows, and software adapters compile twice as long.
  own: ({ software }, head) => ({ WG: 128, BK: head > 64 || software ? 4 : 8 }),
  candidates: grid([64, 128, 256], [8, 4, 16]),
};

/** The device's tile of a kernel, where it fits heads of this width; the kernel's own otherwise. */
export function streamTile(
  { traits, tiles }: Pick<Gpu, 'traits' | 'tiles'>,
  kernel: StreamKernel,
  head: number,
): Knobs & StreamTile {
  const own = kernel.own(traits, head);
  const { WG = own.WG, BK = own.BK } = (tiles[kernel.key] ?? {}) as Partial<StreamTile>;
  return kernel.bytes({ WG, BK }, head) <= traits.workgroupMemory ? { WG, BK } : { ...own };
}

/** Width of the heads of CLIP's towers. */
const HEAD = 64;

/** The places where a device may choose a tile, with what is worth a try there. */
export const streamPlaces = [
  { op: 'attention', kernel: forwardStream },
  { op: 'attention_backward', kernel: backwardStream },
].map(({ op, kernel }) => ({
  key: kernel.key,
  op,
  row: 'tile',
  own: (traits: Traits): Knobs => ({ ...kernel.own(traits, HEAD) }),
  candidates: (traits: Traits): readonly Knobs[] =>
    kernel.candidates.filter((t) => kernel.bytes(t, HEAD) <= traits.workgroupMemory).map((t) => ({ ...t })),
}));
