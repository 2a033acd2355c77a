/** TensorFlow.js on its WebGPU backend. */
import { createRequire } from 'node:module';
import { installWebGpu } from './webgpu.mjs';

const require = createRequire(import.meta.url);

export async function open({ adapter }) {
  // The backend registers itself only where WebGPU is there already.
  installWebGpu(adapter);
  const tf = require('@tensorflow/tfjs-core');
  require('@tensorflow/tfjs-backend-webgpu');
  // Small tensors on the device too, as all others have them.
  tf.env().set('WEBGPU_CPU_FORWARD', false);
  if (!(await tf.setBackend('webgpu'))) throw new Error('tfjs: its WebGPU backend does not start');
  const read = async (make) => {
    const y = tf.tidy(make);
    const data = await y.data();
    y.dispose();
    return data;
  };
  const norm = (x, { w, b }) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), w), b);
  };
  const attend = (qkv, t, d, heads) => {
    const [q, k, v] = tf
      .split(qkv, 3, -1)
      .map((part) => tf.transpose(tf.reshape(part, [t, heads, d / heads]), [1, 0, 2]));
    const weights = tf.softmax(tf.mul(tf.matMul(q, k, false, true), (d / heads) ** -0.5));
    return tf.reshape(tf.transpose(tf.matMul(weights, v), [1, 0, 2]), [t, d]);
  };
  const gelu = (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
  const linear = ({ w, b, k, n }) => ({ w: tf.tensor(w, [k, n]), b: tf.tensor(b, [n]) });
  const product = ({ x, w, t, d, n }) => {
    const [a, b] = [tf.tensor(x, [t, d]), tf.tensor(w, [d, n])];
    return () => read(() => tf.matMul(a, b));
  };
  return {
    version: tf.version_core,
    matmul: product,
    'matmul wide': product,
    attention({ qkv, t, d, heads }) {
      const x = tf.tensor(qkv, [t, 3 * d]);
      return () => read(() => attend(x, t, d, heads));
    },
    layernorm({ x, w, b, t, d }) {
      const [tx, p] = [tf.tensor(x, [t, d]), { w: tf.tensor(w, [d]), b: tf.tensor(b, [d]) }];
      return () => read(() => norm(tx, p));
    },
    block(p) {
      const { t, d, heads } = p;
      const pair = ({ w, b }) => ({ w: tf.tensor(w, [d]), b: tf.tensor(b, [d]) });
      const [ln1, ln2] = [pair(p.ln1), pair(p.ln2)];
      const [qkv, out, fc, proj] = [linear(p.qkv), linear(p.out), linear(p.fc), linear(p.proj)];
      const x = tf.tensor(p.x, [t, d]);
      const apply = (l, y) => tf.add(tf.matMul(y, l.w), l.b);
      return () =>
        read(() => {
          const y = tf.add(apply(out, attend(apply(qkv, norm(x, ln1)), t, d, heads)), x);
          return tf.add(apply(proj, gelu(apply(fc, norm(y, ln2)))), y);
        });
    },
  };
}
