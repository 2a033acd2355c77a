import { preparePicture } from '../picture/resize_picture.js';
import { type ResizeTable, resizeTable } from '../picture/resize_table.js';
import { bytesOf, type OpCase } from './op_case.js';

interface Photograph {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly columns: ResizeTable;
  readonly rows: ResizeTable;
}

/** A photograph from the host's memory to the tower's input: its upload, the bicubic resize, CLIP's normalisation. */
export const resizePictureCase: OpCase<Readonly<Record<string, never>>, Photograph> = {
  name: 'resize_picture',
  run: (_inputs, { rgb, width, height, columns, rows }, gpu) => preparePicture(gpu, rgb, width, height, columns, rows),
  sizes: ({ photograph: [width, height], picture }) => {
    const [columns, rows] = [resizeTable(width, picture), resizeTable(height, picture)];
    const taps = (table: ResizeTable): number => table.count.reduce((a, b) => a + b, 0);
    return [
      {
        name: `${width}x${height} to ${picture}`,
        inputs: {},
        attrs: () => ({
          rgb: Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 2654435761) >>> 24),
          width,
          height,
          columns,
          rows,
        }),
        forward: {
          flops: 2 * 3 * (height * taps(columns) + picture * taps(rows)),
          // Bytes of the photograph, half-resized rows written and read, the result.
          bytes: 3 * width * height + 2 * bytesOf([height, picture]) + bytesOf([3, picture, picture]),
        },
      },
    ];
  },
};
