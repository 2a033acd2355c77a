import { type PixelSource, preparePicture } from '../picture/resize_picture.js';
import { type ResizeTable, resizeTable } from '../picture/resize_table.js';
import { bytesOf, type OpCase } from './op_case.js';

interface Photograph {
  readonly picture: PixelSource;
  readonly size: number;
}

/** A photograph from the host's memory to the tower's input: its upload, the bicubic resize, CLIP's normalisation. */
export const resizePictureCase: OpCase<Readonly<Record<string, never>>, Photograph> = {
  name: 'resize_picture',
  run: (_inputs, { picture, size }, gpu) => preparePicture(gpu, picture, size),
  sizes: ({ photograph: [width, height], picture: size }) => {
    const [columns, rows] = [resizeTable(width, size), resizeTable(height, size)];
    const taps = (table: ResizeTable): number => table.count.reduce((a, b) => a + b, 0);
    return [
      {
        name: `${width}x${height} to ${size}`,
        inputs: {},
        attrs: () => ({
          picture: {
            width,
            height,
            data: Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 2654435761) >>> 24),
          },
          size,
        }),
        forward: {
          flops: 2 * 3 * (height * taps(columns) + size * taps(rows)),
          // Bytes of the photograph, half-resized rows written and read, the result.
          bytes: 3 * width * height + 2 * bytesOf([height, size]) + bytesOf([3, size, size]),
        },
      },
    ];
  },
};
