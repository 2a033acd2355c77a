/** The index of weights in several files. */
import { type ByteSource, bytesSource } from '#src/io/source';
import type { FuzzTarget } from '../target.js';
import { readWeights, smallSafetensors, smallShapes } from '../weights.js';

const FILE = 'model.safetensors.index.json';
const SHARD = 'model-00001-of-00001.safetensors';
const shard = smallSafetensors();

const beside = async (name: string): Promise<ByteSource> => {
  if (name !== SHARD) throw new Error(`${FILE}: cannot read ${JSON.stringify(name)}`);
  return bytesSource(FILE, await shard);
};

export const shardIndex: FuzzTarget = {
  name: 'shard_index',
  file: FILE,
  async seeds() {
    const names = [...smallShapes().keys()];
    const map = Object.fromEntries(names.map((name) => [name, SHARD]));
    const texts = [{ metadata: { total_size: 1 }, weight_map: map }, { weight_map: { [names[0]!]: SHARD } }];
    return texts.map((text) => new TextEncoder().encode(JSON.stringify(text)));
  },
  run: (input) => readWeights({ ...bytesSource(FILE, input), beside }),
};
