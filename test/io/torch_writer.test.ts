import { describe, expect, test } from 'vitest';
import { valueAt } from '../../src/io/pickle_values.js';
import { TorchTuple, type TorchValue } from '../../src/io/pickle_writer.js';
import { bytesSource } from '../../src/io/source.js';
import { rawF32 } from '../../src/io/tensor_file.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { writeTorchArchive } from '../../src/io/torch_writer.js';
import { joined } from '../golden_files.js';

const weight = rawF32([2, 3], new Float32Array([1, 2, 3, 4, 5, 6]));
const checkpoint: TorchValue = {
  epoch: 3,
  text_adapter: new Map([['0.fc.0.weight', weight]]),
  text_optimizer: {
    state: new Map([[0, { step: rawF32([], new Float32Array([12])), exp_avg: weight }]]),
    param_groups: [{ lr: 1e-5, betas: new TorchTuple([0.5, 0.999]), foreach: null, amsgrad: false, params: [0] }],
  },
  numbers: [0, -1, 255, 65536, -70000, 2 ** 31, -(2 ** 40), 0.1, 1e300],
  text: 'größe',
  ids: { dtype: 'I64', shape: [1], bytes: new Uint8Array(new BigInt64Array([-9n]).buffer) },
};

describe('writeTorchArchive', () => {
  test('writes what the reader reads', async () => {
    const { root, tensors } = await readTorchArchive(bytesSource('x.pth', await joined(writeTorchArchive(checkpoint))));
    expect(valueAt(root, 'epoch')).toBe(3);
    expect(valueAt(root, 'text')).toBe('größe');
    expect(valueAt(root, 'numbers')).toEqual([0, -1, 255, 65536, -70000, 2 ** 31, -(2 ** 40), 0.1, 1e300]);
    expect(valueAt(root, 'text_optimizer', 'param_groups', 0)).toEqual(
      new Map<string, unknown>([
        ['lr', 1e-5],
        ['betas', [0.5, 0.999]],
        ['foreach', null],
        ['amsgrad', false],
        ['params', [0]],
      ]),
    );
    expect([...(await tensors.readF32('text_adapter.0.fc.0.weight'))]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(tensors.tensors.get('text_optimizer.state.0.step')).toMatchObject({ dtype: 'F32', shape: [] });
    expect([...(await tensors.readF32('text_optimizer.state.0.step'))]).toEqual([12]);
    expect([...(await tensors.readF32('ids'))]).toEqual([-9]);
  });

  test('gives the same bytes for the same value, and starts every entry at a multiple of 64', async () => {
    const bytes = await joined(writeTorchArchive(checkpoint, 'größe'));
    expect(await joined(writeTorchArchive(checkpoint, 'größe'))).toEqual(bytes);
    const view = new DataView(bytes.buffer);
    let entries = 0;
    for (let at = 0; view.getUint32(at, true) === 0x04034b50; entries++) {
      const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
      expect(start % 64).toBe(0);
      at = start + view.getUint32(at + 18, true);
    }
    expect(entries).toBe(3 + 4);
  });

  test('refuses bytes that do not fit the shape', () => {
    expect(() => [...writeTorchArchive({ a: { ...weight, shape: [7] } })]).toThrow(
      'torch archive: tensor 0: wrong length: expected 28 bytes, got 24',
    );
  });
});
