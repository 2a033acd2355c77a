/** Archives of torch: the pickle is damaged and packed again with its checksum, or any byte of the archive is. */
import { writeTorchArchive } from '#src/io/torch_writer';
import { mutate } from '../mutate.js';
import { storedZip, zipEntries } from '../stored_zip.js';
import type { FuzzTarget } from '../target.js';
import { runWeights, smallShapes, smallTensor } from '../weights.js';

const FILE = 'weights.pth';

export const torchZip: FuzzTarget = {
  name: 'torch_zip',
  file: FILE,
  async seeds() {
    const tensors = new Map([...smallShapes()].map(([name, shape]) => [name, smallTensor(shape)]));
    const nested = { epoch: 3, state_dict: tensors, optimizer: { lr: 0.5, betas: [0.5, 0.999] } };
    return [tensors, nested].map((value) => new Uint8Array(Buffer.concat([...writeTorchArchive(value)])));
  },
  make(rng, seeds) {
    const seed = rng.pick(seeds);
    if (rng.chance(0.3)) return mutate(rng, seed, seeds);
    return storedZip(
      zipEntries(seed).map(({ name, bytes }) => {
        const isPickle = name.endsWith('data.pkl');
        return { name, bytes: rng.next() < (isPickle ? 0.9 : 0.01) ? mutate(rng, bytes, [bytes]) : bytes };
      }),
    );
  },
  run: runWeights(FILE),
};
