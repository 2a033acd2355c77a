/** aaclip itself, measured as the others are: results read back. */
const root = new URL('../../dist/', import.meta.url);
const load = (file) => import(new URL(file, root).href);

export async function open({ adapter }) {
  const [
    { openGpu },
    { upload, tidy, read: values },
    { FrozenMatrix },
    { matmul },
    { attention },
    { layerNorm },
    { block },
  ] = await Promise.all(
    ['node/device.js', 'tensor/tensor.js', 'kernels/frozen_matrix.js', 'ops/matmul.js', 'ops/attention.js']
      .concat(['ops/layer_norm.js', 'nn/layers.js'])
      .map(load),
  );
  const gpu = await openGpu({ adapter });
  const read = async (make) => {
    const y = tidy(make);
    const data = await values(y);
    y.release();
    return data;
  };
  const product = ({ x, w, t, d, n }) => {
    const [a, b] = [upload(gpu, x, [t, d]), upload(gpu, w, [d, n])];
    return () => read(() => matmul(a, b));
  };
  const transposed = ({ k, n, w }) =>
    Float32Array.from({ length: k * n }, (_, i) => w[(i % k) * n + Math.floor(i / k)]);
  const wholeBlock = (half) => (p) => {
    const linear = (l) => ({
      weight: FrozenMatrix.pack(gpu, transposed(l), l.n, l.k, half),
      bias: upload(gpu, l.b, [l.n]),
    });
    const norm = ({ w, b }) => ({ weight: upload(gpu, w, [p.d]), bias: upload(gpu, b, [p.d]) });
    const weights = {
      ...{ ln1: norm(p.ln1), inProj: linear(p.qkv), outProj: linear(p.out) },
      ...{ ln2: norm(p.ln2), fc: linear(p.fc), proj: linear(p.proj) },
    };
    const x = upload(gpu, p.x, [1, p.t, p.d]);
    const options = { heads: p.heads, mode: 'full', activation: 'gelu' };
    return () => read(() => block({ x }, weights, options).x);
  };
  return {
    version: '',
    matmul: product,
    'matmul wide': product,
    attention({ qkv, t, d, heads }) {
      const x = upload(gpu, qkv, [1, t, 3 * d]);
      return () => read(() => attention(x, { heads, mode: 'full' }));
    },
    layernorm({ x, w, b, t, d }) {
      const [tx, tw, tb] = [upload(gpu, x, [t, d]), upload(gpu, w, [d]), upload(gpu, b, [d])];
      return () => read(() => layerNorm(tx, tw, tb));
    },
    block: wholeBlock(false),
    'block, weights in f16': wholeBlock(true),
  };
}
