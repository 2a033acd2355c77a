import { expect, test } from 'vitest';
import { convertTensors } from '../../src/io/convert_tensors.js';
import { makeTensorFile, rawF32, type TensorFile, tensorInfo } from '../../src/io/tensor_file.js';

const values = Float32Array.of(1, -0.5, 1 / 3);
const ids = new Uint8Array(new BigInt64Array([7n]).buffer);

function file(read: string[]): TensorFile {
  const infos = [tensorInfo('w', 'F32', [3]), tensorInfo('ids', 'I64', [1])];
  return makeTensorFile('file', new Map(), infos, async ({ name }) => {
    read.push(name);
    return name === 'w' ? rawF32([3], values).bytes : ids;
  });
}

test('floating-point tensors are converted, others kept, each read when its turn comes', async () => {
  const read: string[] = [];
  const told: string[] = [];
  const [w, i] = convertTensors(file(read), 'f16', ({ name }) => told.push(name));
  expect([w!.dtype, w!.byteLength, i!.dtype, i!.byteLength]).toEqual(['F16', 6, 'I64', 8]);
  expect(read).toEqual([]);
  // 1, -0.5 and the half nearest to 1/3.
  expect(await w!.bytes()).toEqual(new Uint8Array(Uint16Array.of(0x3c00, 0xb800, 0x3555).buffer));
  expect(read).toEqual(['w']);
  expect(await i!.bytes()).toEqual(ids);
  expect(told).toEqual(['w', 'ids']);
});

test('as stored, and in the format it has, a tensor keeps its bytes', async () => {
  for (const format of ['keep', 'f32'] as const) {
    const [w] = convertTensors(file([]), format);
    expect(await w!.bytes()).toEqual(rawF32([3], values).bytes);
  }
});
