/** Pictures prepared by an exported graph, compared with Pillow's bytes as the engine makes them. */
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { onnxBytes } from '../../src/export/onnx_file.js';
import { OnnxGraph } from '../../src/export/onnx_graph.js';
import { preparePictures } from '../../src/export/picture_graph.js';
import { CLIP_PIXELS } from '../../src/picture/pixels.js';
import { preparePicture } from '../../src/picture/resize_picture.js';
import { read, tidy } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { joined } from '../golden_files.js';
import { arr } from '../reference/arr.js';

const SIZE = 70;

async function session(): Promise<InferenceSession> {
  const graph = new OnnxGraph();
  const pictures = graph.input('pictures', 'u8', ['batch', 'height', 'width', 3]);
  graph.output('images', preparePictures(graph, pictures, SIZE), 'f32', ['batch', 3, SIZE, SIZE]);
  const model = { graph: graph.finish(), name: 'prepare', producer: { name: 'test', version: '0' }, metadata: {} };
  return InferenceSession.create(await joined(onnxBytes(model)), { logSeverityLevel: 3 });
}

/** Levels 0 to 255 of normalised pixels [3, S, S]. */
const levels = (values: Float32Array): number[] =>
  Array.from(values, (v, i) => {
    const c = Math.floor(i / (SIZE * SIZE)) % 3;
    return Math.round(255 * (v * CLIP_PIXELS.std[c]! + CLIP_PIXELS.mean[c]!));
  });

it('resizes as Pillow does, but for a few values that fall between two levels', async () => {
  const gpu = await device();
  const ort = await session();
  let [values, off] = [0, 0];
  for (const [width, height] of [
    [31, 47],
    [SIZE, SIZE],
    [SIZE, 200],
    [112, 90],
    [503, 1201],
    [2900, 41],
  ] as const) {
    const data = Uint8Array.from(arr([2, height, width, 3], 'pixels', 60, 128).data, (v) =>
      Math.max(0, Math.min(255, v)),
    );
    const pictures = new OrtTensor('uint8', data, [2, height, width, 3]);
    const { images } = await ort.run({ pictures });
    const got = images!.data as Float32Array;
    const one = data.length / 2;
    const want = new Float32Array(got.length);
    for (const i of [0, 1]) {
      const picture = { width, height, data: data.subarray(i * one, (i + 1) * one) };
      using own = tidy(() => preparePicture(gpu, picture, SIZE));
      want.set(await read(own), (i * got.length) / 2);
    }
    const [a, b] = [levels(got), levels(want)];
    const differences = a.map((v, i) => Math.abs(v - b[i]!));
    expect(Math.max(...differences), `${width} x ${height}`).toBeLessThanOrEqual(
      width === SIZE && height === SIZE ? 0 : 1,
    );
    // The same level gives the same float, but for rounding.
    expect(Math.max(...got.map((v, i) => (a[i] === b[i] ? Math.abs(v - want[i]!) : 0)))).toBeLessThan(1e-6);
    values += a.length;
    off += differences.filter((d) => d !== 0).length;
  }
  expect(off / values).toBeLessThan(2e-4);
  await ort.release();
});
