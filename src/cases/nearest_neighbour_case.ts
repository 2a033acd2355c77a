import type { Gpu } from '../gpu/gpu.js';
import { MemoryBank } from '../kernels/memory_bank.js';
import { nearestNeighbour } from '../ops/nearest_neighbour.js';
import { type Tensor, tidy, upload } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** Reference pictures whose patches are remembered. */
const REFERENCES = 8;

/** A memory of rows that are about unit vectors. */
function bank(gpu: Gpu, size: number, width: number, half: boolean): MemoryBank {
  const data = Float32Array.from({ length: size * width }, (_, i) => {
    return (Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24 - 0.5;
  });
  const scale = Math.sqrt(12 / width);
  return tidy(() =>
    MemoryBank.of(
      [
        upload(
          gpu,
          data.map((v) => v * scale),
          [size, width],
        ),
      ],
      { half },
    ),
  );
}

/** Patch tokens of one level against those of the references: few-shot detection runs it once for every level. */
export const nearestNeighbourCase: OpCase<{ x: Tensor }, MemoryBank> = {
  name: 'nearest_neighbour',
  run: ({ x }, memory) => nearestNeighbour(x, memory).cosine,
  constant: ['x'],
  sizes: ({ patches, width }) =>
    [false, true].map((half) => {
      const rows = REFERENCES * patches;
      const found = bytesOf([patches], [patches]);
      return {
        name: `${times(patches, rows, width)}, memory in ${half ? 'f16' : 'f32'}`,
        inputs: { x: { shape: [1, patches, width], std: width ** -0.5 } },
        attrs: (gpu: Gpu) => bank(gpu, rows, width, half),
        forward: {
          flops: 2 * patches * rows * width,
          bytes: bytesOf([patches, width]) + (half ? 2 : 4) * rows * width + found,
        },
      };
    }),
};
