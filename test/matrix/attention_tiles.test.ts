import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import type { Tiles } from '../../src/gpu/shader.js';
import { synth } from '../../src/io/synth.js';
import { openGpu } from '../../src/node/device.js';
import { add } from '../../src/ops/add.js';
import { attention } from '../../src/ops/attention.js';
import { read, upload } from '../../src/tensor/tensor.js';

const KERNELS = { attention: 'matrix', attention_backward: 'matrix' };
const SHAPE = [1, 37, 3 * 16];

/** Attention of one head and its gradient, with the device's tiles; and the kernels that computed them. */
async function run(tiles: Tiles) {
  using gpu = await openGpu({ kernels: KERNELS, tiles });
  using qkv = upload(gpu, synth(1, 'qkv', SHAPE, 1), SHAPE);
  using tape = new Tape(add);
  tape.watch([qkv]);
  using y = tape.record(() => attention(qkv, { heads: 1, mode: 'full' }));
  const [dqkv] = tape.backward(y, [qkv], y);
  const values = [...(await read(y)), ...(await read(dqkv!))];
  dqkv!.release();
  return { values, labels: gpu.kernels.labels.filter((label) => /^attention(_backward)?\.matrix/.test(label)) };
}

describe('the tiles of attention on matrix units', () => {
  it('are those of the device, and the result stays', async () => {
    const own = await run({});
    const other = await run({
      'attention.matrix': { subgroups: 1, stream: 16 },
      'attention_backward.matrix': { subgroups: 1, stream: 8 },
    });
    expect(own.labels.some((label) => label.includes('WG=16,'))).toBe(true);
    expect(other.labels.length).toBe(own.labels.length);
    for (const label of other.labels) expect(label).toContain('WG=8,');
    other.values.forEach((value, i) => {
      expect(value).toBeCloseTo(own.values[i]!, 5);
    });
  });

  it('leave the choice to the kernel where the device names a tile that the units cannot run', async () => {
    const { labels } = await run({ 'attention.matrix': { subgroups: 2, stream: 12 } });
    expect(labels.find((label) => label.startsWith('attention.matrix'))).toContain('WG=16,');
  });
});
