/** ONNX files as bytes: read back with ONNX's own schema, and by onnxruntime. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { externalBytes, type OnnxModel, onnxBytes, onnxModel, planExternal } from '../../src/export/onnx_file.js';
import { OnnxGraph } from '../../src/export/onnx_graph.js';
import { writeOnnx } from '../../src/node/write_onnx.js';
import { joined } from '../golden_files.js';

/** Long enough for a file of its own. */
const WIDE = 20_000;
const wide = Float32Array.from({ length: WIDE }, (_, i) => i);

/** y = x + wide + 0.5, and a branch that no output needs. */
function model({
  fails = false,
  metadata = {},
}: {
  fails?: boolean;
  metadata?: Record<string, string>;
} = {}): OnnxModel {
  const graph = new OnnxGraph();
  const x = graph.input('x', 'f32', ['batch', WIDE]);
  const values = graph.floats('wide', [WIDE], wide);
  const last = graph.stored('last', 'f32', [WIDE], () => {
    if (fails) throw new Error('weights.pt: cannot read: the disk failed; check it');
    return new Uint8Array(4 * WIDE);
  });
  graph.add('Mul', [x, graph.floats('unused', [WIDE], wide)]);
  const half = graph.scalar(0.5);
  const y = [values, half, last].reduce((a, b) => graph.within('sums', () => graph.add('Add', [a, b])), x);
  graph.output('y', y, 'f32', ['batch', WIDE]);
  return { graph: graph.finish(), name: 'sums', producer: { name: 'test', version: '1.2' }, metadata };
}

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-onnx-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(from: string): Promise<Float32Array> {
  const session = await InferenceSession.create(from, { logSeverityLevel: 3 });
  const { y } = await session.run({ x: new Tensor('float32', new Float32Array(2 * WIDE).fill(2), [2, WIDE]) });
  await session.release();
  return y!.data as Float32Array;
}

it('a file is what its schema says, without what nothing needs', async () => {
  const bytes = await joined(onnxBytes(model({ metadata: { 'aaclip.classes': '["a"]' } })));
  const read = onnxModel.toObject(onnxModel.decode(bytes), { longs: Number, defaults: false });
  expect(read).toMatchObject({
    ir_version: 8,
    producer_name: 'test',
    producer_version: '1.2',
    opset_import: [{ version: 17 }],
    metadata_props: [{ key: 'aaclip.classes', value: '["a"]' }],
  });
  expect(read.graph.node.map((n: { op_type: string }) => n.op_type)).toEqual(['Add', 'Add', 'Add', 'Identity']);
  expect(read.graph.initializer.map((t: { name: string }) => t.name)).toEqual(['wide', 'last', 'scalar 0.5']);
  const [first] = read.graph.initializer;
  expect([first.dims, first.data_type, first.raw_data.length]).toEqual([[WIDE], 1, 4 * WIDE]);
  expect(read.graph.input[0].type.tensor_type.shape.dim).toEqual([{ dim_param: 'batch' }, { dim_value: WIDE }]);
});

it('constants that differ from what they announced are an error, not a broken file', async () => {
  const { graph, ...rest } = model();
  const constants = graph.constants.map((c) => ({ ...c, bytes: () => new Uint8Array(8) }));
  await expect(joined(onnxBytes({ ...rest, graph: { ...graph, constants } }))).rejects.toThrow(
    /^constant wide: wrong length: expected 80000 bytes for \[20000\], got 8$/,
  );
});

it('weights in a file of their own are found beside the model, at places that can be mapped', async () => {
  const { graph } = model();
  const plan = planExternal(graph, 'a.data');
  expect([...plan.offsets]).toEqual([
    ['wide', 0],
    ['last', 131_072],
  ]);
  const data = await joined(externalBytes(graph, plan));
  expect(data.length).toBe(131_072 + 4 * WIDE);
  expect(new Float32Array(data.buffer, 0, WIDE)).toEqual(wide);

  const path = join(dir, 'sums.onnx');
  let told = 0;
  const { files, bytes } = await writeOnnx(path, model(), { external: true, onProgress: (n) => (told = n) });
  expect(readdirSync(dir).sort()).toEqual(files.map((f) => f.slice(dir.length + 1)).sort());
  expect([told, bytes]).toEqual([bytes, files.reduce((sum, f) => sum + readFileSync(f).length, 0)]);
  expect(readFileSync(path).length).toBeLessThan(1000);
  const y = await run(path);
  expect([y[0], y[WIDE - 1], y[2 * WIDE - 1]]).toEqual([2.5, WIDE + 1.5, WIDE + 1.5]);
});

it('a model appears whole or not at all, and takes the weights of the one before it away', async () => {
  const path = join(dir, 'sums.onnx');
  const before = readdirSync(dir).sort();
  const [model1, data1] = [readFileSync(path), before.find((name) => name.endsWith('.data'))!];
  writeFileSync(join(dir, 'sums.other.data'), 'of the user');
  for (const external of [true, false]) {
    const broken = writeOnnx(path, model({ fails: true, metadata: { a: 'b' } }), { external });
    await expect(broken).rejects.toThrow('weights.pt: cannot read: the disk failed; check it');
    expect(readdirSync(dir).sort()).toEqual([...before, 'sums.other.data'].sort());
    expect(readFileSync(path)).toEqual(model1);
  }
  const { files } = await writeOnnx(path, model({ metadata: { a: 'c' } }), { external: true });
  expect(files[1]).not.toContain(data1);
  expect(readdirSync(dir).sort()).toEqual(['sums.onnx', 'sums.other.data', files[1]!.slice(dir.length + 1)].sort());
  await writeOnnx(path, model());
  expect(readdirSync(dir).sort()).toEqual(['sums.onnx', 'sums.other.data']);
  expect((await run(path))[WIDE - 1]).toBe(WIDE + 1.5);
});
