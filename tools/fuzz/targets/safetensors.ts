/** Safetensors: the header is damaged as text, and its length repaired; or any byte is. */
import { mutate } from '../mutate.js';
import type { FuzzTarget } from '../target.js';
import { runWeights, smallSafetensors } from '../weights.js';

const FILE = 'weights.safetensors';

/** The file with another header, whose length is right. */
function withHeader(file: Uint8Array, change: (header: Uint8Array) => Uint8Array): Uint8Array {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const header = change(file.subarray(8, 8 + length));
  const out = new Uint8Array(8 + header.length + file.length - 8 - length);
  new DataView(out.buffer).setBigUint64(0, BigInt(header.length), true);
  out.set(header, 8);
  out.set(file.subarray(8 + length), 8 + header.length);
  return out;
}

/** Values nested in one another, in place of the header or within it. */
function nested(depth: number): Uint8Array {
  return new TextEncoder().encode(`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`);
}

export const safetensors: FuzzTarget = {
  name: 'safetensors',
  file: FILE,
  seeds: async () => [await smallSafetensors()],
  make(rng, seeds) {
    const seed = rng.pick(seeds);
    if (rng.chance(0.01)) return withHeader(seed, () => nested(rng.int(30000)));
    if (rng.chance(0.3)) return mutate(rng, seed, seeds);
    return withHeader(seed, (header) => mutate(rng, header, [header]));
  },
  run: runWeights(FILE),
};
