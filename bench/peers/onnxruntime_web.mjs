/** onnxruntime-web, its build for WebGPU. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Graph } from './onnx.mjs';
import { installWebGpu, versionOf } from './webgpu.mjs';

const require = createRequire(import.meta.url);

export async function open({ adapter }) {
  installWebGpu(adapter);
  const ort = await import('onnxruntime-web/webgpu');
  const wasm = readFileSync(require.resolve('onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm'));
  ort.env.wasm.wasmBinary = wasm.buffer.slice(wasm.byteOffset, wasm.byteOffset + wasm.byteLength);
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = 'error';
  /** A session of the graph that `build` makes of its one input. */
  const session = async (data, shape, build, outShape) => {
    const graph = new Graph();
    const model = graph.model(build(graph, graph.input('x', shape)), outShape);
    const run = await ort.InferenceSession.create(model, { executionProviders: ['webgpu'] });
    const feeds = { x: new ort.Tensor('float32', data, shape) };
    return async () => {
      const [y] = Object.values(await run.run(feeds));
      return y.data;
    };
  };
  const linear = (g, x, { w, b, k, n }) =>
    g.op('Add', [g.op('MatMul', [x, g.constant(w, [k, n])]), g.constant(b, [n])]);
  const norm = (g, x, d, { w, b }) =>
    g.op('LayerNormalization', [x, g.constant(w, [d]), g.constant(b, [d])], { axis: -1, epsilon: 1e-5 });
  const attend = (g, qkv, t, d, heads) => {
    const parts = g
      .op('Split', [qkv], { axis: -1, num_outputs: 3 }, 3)
      .map((part) => g.reshape(part, [t, heads, d / heads]));
    const [q, k, v] = [
      [1, 0, 2],
      [1, 2, 0],
      [1, 0, 2],
    ].map((perm, i) => g.op('Transpose', [parts[i]], { perm }));
    const scale = g.constant(Float32Array.of((d / heads) ** -0.5), []);
    const weights = g.op('Softmax', [g.op('Mul', [g.op('MatMul', [q, k]), scale])], { axis: -1 });
    return g.reshape(g.op('Transpose', [g.op('MatMul', [weights, v])], { perm: [1, 0, 2] }), [t, d]);
  };
  const product = ({ x, w, t, d, n }) =>
    session(x, [t, d], (g, input) => g.op('MatMul', [input, g.constant(w, [d, n])]), [t, n]);
  return {
    version: versionOf('onnxruntime-web'),
    matmul: product,
    'matmul wide': product,
    attention: ({ qkv, t, d, heads }) => session(qkv, [t, 3 * d], (g, x) => attend(g, x, t, d, heads), [t, d]),
    layernorm: (p) => session(p.x, [p.t, p.d], (g, x) => norm(g, x, p.d, p), [p.t, p.d]),
    block: (p) =>
      session(
        p.x,
        [p.t, p.d],
        (g, x) => {
          const seen = attend(g, linear(g, norm(g, x, p.d, p.ln1), p.qkv), p.t, p.d, p.heads);
          const y = g.op('Add', [linear(g, seen, p.out), x]);
          const h = g.op('Gelu', [linear(g, norm(g, y, p.d, p.ln2), p.fc)], { approximate: 'none' });
          return g.op('Add', [linear(g, h, p.proj), y]);
        },
        [p.t, p.d],
      ),
  };
}
