import { coreset } from '../ops/coreset.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** Reference pictures whose patches are thinned out, and how many patches are kept here: a memory keeps more, at the same rate. */
const REFERENCES = 8;
const KEPT = 33;

/** The patches of one level of the references, thinned out. */
export const coresetCase: OpCase<{ x: Tensor }> = {
  name: 'coreset',
  run: ({ x }) => coreset(x, KEPT, 0),
  constant: ['x'],
  sizes: ({ patches, width }) => {
    const rows = REFERENCES * patches;
    return [
      {
        name: `${KEPT} of ${times(rows, width)}`,
        inputs: { x: { shape: [rows, width], std: width ** -0.5 } },
        forward: { flops: 2 * rows * width * (KEPT - 1), bytes: (KEPT - 1) * bytesOf([rows, width]) + 4 * KEPT },
      },
    ];
  },
};
