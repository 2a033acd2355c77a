/** What torch.save wrote before 1.6: pickles in a row, then the storages. */
import { writePickle } from '#src/io/pickle_writer';
import { mutate } from '../mutate.js';
import type { FuzzTarget } from '../target.js';
import { runWeights, smallShapes, smallTensor } from '../weights.js';

const FILE = 'weights.pt';
const latin = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const MAGIC = latin('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.');
const VERSION = latin('\x80\x02M\xe9\x03.');

function legacyFile(): Uint8Array {
  const value = new Map([...smallShapes()].map(([name, shape]) => [name, smallTensor(shape)]));
  const { pickle, tensors } = writePickle({ state_dict: value });
  const keys = tensors.map((_, i) => String(i));
  const storages = tensors.flatMap(({ bytes }) => [
    new Uint8Array(new BigInt64Array([BigInt(bytes.byteLength / 4)]).buffer),
    bytes,
  ]);
  const parts = [MAGIC, VERSION, writePickle({ little_endian: true }).pickle, pickle, writePickle(keys).pickle];
  return new Uint8Array(Buffer.concat([...parts, ...storages]));
}

export const legacyTorch: FuzzTarget = {
  name: 'legacy_torch',
  file: FILE,
  seeds: async () => [legacyFile()],
  make(rng, seeds) {
    const [seed] = seeds as [Uint8Array];
    if (rng.chance(0.2)) return mutate(rng, seed, seeds);
    // Past what tells the kind of the file.
    const fixed = MAGIC.length + VERSION.length;
    return new Uint8Array(Buffer.concat([seed.subarray(0, fixed), mutate(rng, seed.subarray(fixed), seeds)]));
  },
  run: runWeights(FILE),
};
