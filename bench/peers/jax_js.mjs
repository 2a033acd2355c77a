/** jax-js: arrays are consumed by what they are passed to, so whatever is used again is passed as `.ref`. */
import { installWebGpu, versionOf } from './webgpu.mjs';

/** Helpers of iterators that Node has from version 22 on. */
function installIteratorHelpers() {
  const prototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  const helpers = {
    map: (items, f) => items.map((x, i) => f(x, i)).values(),
    filter: (items, f) => items.filter((x, i) => f(x, i)).values(),
    toArray: (items) => items,
    some: (items, f) => items.some((x, i) => f(x, i)),
    every: (items, f) => items.every((x, i) => f(x, i)),
    reduce: (items, ...rest) => items.reduce(...rest),
    forEach: (items, f) => {
      for (const [i, x] of items.entries()) f(x, i);
    },
  };
  for (const [name, run] of Object.entries(helpers)) {
    prototype[name] ??= function (...rest) {
      return run([...this], ...rest);
    };
  }
}

export async function open({ adapter }) {
  installIteratorHelpers();
  installWebGpu(adapter);
  const jax = await import('@jax-js/jax');
  const { numpy: np, nn, jit, tree } = jax;
  await jax.init('webgpu');
  jax.defaultDevice('webgpu');
  const array = (data, shape) => np.array(data, { shape });
  /** A compiled function on arrays that stay. */
  const call = (f, inputs) => {
    const run = jit(f);
    return () => run(tree.ref(inputs)).data();
  };
  const norm = (x, { w, b }) => nn.standardize(x, -1, { epsilon: 1e-5 }).mul(w).add(b);
  const attend = (qkv, t, d, heads) => {
    const [q, k, v] = np.split(qkv, 3, -1).map((part) => part.reshape([t, heads, d / heads]));
    return nn.dotProductAttention(q, k, v).reshape([t, d]);
  };
  const linear = ({ w, b, k, n }) => ({ w: array(w, [k, n]), b: array(b, [n]) });
  const product = ({ x, w, t, d, n }) => call((p) => np.matmul(p.x, p.w), { x: array(x, [t, d]), w: array(w, [d, n]) });
  return {
    version: versionOf('@jax-js/jax'),
    matmul: product,
    'matmul wide': product,
    attention: ({ qkv, t, d, heads }) => call((p) => attend(p.qkv, t, d, heads), { qkv: array(qkv, [t, 3 * d]) }),
    layernorm: ({ x, w, b, t, d }) =>
      call((p) => norm(p.x, p), { x: array(x, [t, d]), w: array(w, [d]), b: array(b, [d]) }),
    block({ x, t, d, heads, ln1, qkv, out, ln2, fc, proj }) {
      const pair = ({ w, b }) => ({ w: array(w, [d]), b: array(b, [d]) });
      const inputs = {
        ...{ x: array(x, [t, d]), ln1: pair(ln1), qkv: linear(qkv), out: linear(out) },
        ...{ ln2: pair(ln2), fc: linear(fc), proj: linear(proj) },
      };
      return call((p) => {
        const apply = (l, y) => np.matmul(y, l.w).add(l.b);
        const seen = attend(apply(p.qkv, norm(p.x.ref, p.ln1)), t, d, heads);
        const y = apply(p.out, seen).add(p.x);
        const h = nn.gelu(apply(p.fc, norm(y.ref, p.ln2)), { approximate: false });
        return apply(p.proj, h).add(y);
      }, inputs);
    },
  };
}
