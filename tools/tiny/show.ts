/** Drawn pictures as the model takes them. */
import { type Gpu, preparePicture, resizeTable, stack, type Tensor } from '#src/node/node';

type ResizeTable = ReturnType<typeof resizeTable>;
const tables = new Map<string, ResizeTable>();

function tableOf(from: number, to: number): ResizeTable {
  const key = `${from} ${to}`;
  const table = tables.get(key) ?? resizeTable(from, to);
  tables.set(key, table);
  return table;
}

export interface SquarePicture {
  /** Bytes [side, side, 3]. */
  readonly rgb: Uint8Array;
  readonly side: number;
}

/** Square pictures, resized and normalised as CLIP takes them: [B, 3, size, size]. */
export function toImages(gpu: Gpu, pictures: readonly SquarePicture[], size: number): Tensor {
  return stack(
    pictures.map(({ rgb, side }) => {
      const table = tableOf(side, size);
      return preparePicture(gpu, rgb, side, side, table, table);
    }),
  );
}
