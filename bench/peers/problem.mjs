/**
 * What every library is asked to compute, and what should come out: inputs that are functions of a seed, and rows of the
 * results in float64 by plain loops.
 */
import { synth } from '../../dist/io/synth.js';

/** ViT-L/14 at 518 px, and sizes that only show whether everything runs. */
export const SIZES = {
  full: { tokens: 1370, width: 1024, heads: 16 },
  quick: { tokens: 50, width: 64, heads: 2 },
};

/** Largest difference from float64 that counts as right; values are around 1. */
export const BOUND = 1e-4;

const EPS = 1e-5;

/** Multiples of 2^-13 below 1/4: exact in f16, so that both widths of weights are the same numbers. */
const exact = (x) => x.map((v) => Math.round(v * 8192) / 8192);

/** A matrix [K, N], as x W takes it, and a bias [N]. */
function linear(name, k, n) {
  return { k, n, w: exact(synth(1, `${name}.weight`, [k, n], k ** -0.5)), b: synth(1, `${name}.bias`, [n], 0.1) };
}

const norm = (name, n) => ({ w: synth(1, `${name}.weight`, [n], 0.1, 1), b: synth(1, `${name}.bias`, [n], 0.1) });

/** The ops by name: their inputs, the operations they take, and for the report their size. */
export function problem({ tokens: t, width: d, heads }) {
  const x = synth(1, 'x', [t, d], 1);
  const products = [
    ['matmul', d],
    ['matmul wide', 4 * d],
  ].map(([name, n]) => [name, { size: `${t}x${n}x${d}`, flops: 2 * t * n * d, x, ...linear(name, d, n), t, d }]);
  const attention = 4 * t * t * d;
  const block = {
    ln1: norm('ln1', d),
    qkv: linear('qkv', d, 3 * d),
    out: linear('out', d, d),
    ln2: norm('ln2', d),
    fc: linear('fc', d, 4 * d),
    proj: linear('proj', 4 * d, d),
  };
  return {
    ...Object.fromEntries(products),
    attention: {
      size: `${heads}x${t}x${d / heads}`,
      flops: attention,
      t,
      d,
      heads,
      qkv: synth(1, 'qkv', [t, 3 * d], 1),
    },
    layernorm: { size: `${t}x${d}`, flops: 0, t, d, x, ...norm('ln', d) },
    block: { size: `${t}x${d}`, flops: 24 * t * d * d + attention, t, d, heads, x, ...block },
  };
}

/** Rows that are compared: the ends, and some between. */
export const sampled = (t) => [0, 1, 7, t >> 2, t >> 1, t - 9, t - 2, t - 1];

/** Row `row` of x W + b. */
function linearRow(x, row, { k, n, w, b }, bias = true) {
  const y = bias ? Float64Array.from(b) : new Float64Array(n);
  for (let i = 0; i < k; i++) {
    const a = x[row * k + i];
    for (let j = 0, at = i * n; j < n; j++, at++) y[j] += a * w[at];
  }
  return y;
}

function normRow(x, row, d, { w, b }) {
  const v = Float64Array.from(x.subarray(row * d, (row + 1) * d));
  const mean = v.reduce((s, z) => s + z, 0) / d;
  const variance = v.reduce((s, z) => s + (z - mean) ** 2, 0) / d;
  return v.map((z, i) => ((z - mean) / Math.sqrt(variance + EPS)) * w[i] + b[i]);
}

/** Attention of one query row [D] over keys and values, each [T, D]. */
function attentionRow(q, k, v, t, d, heads) {
  const y = new Float64Array(d);
  const head = d / heads;
  for (let h = 0; h < heads; h++) {
    const s = new Float64Array(t);
    for (let j = 0; j < t; j++) {
      for (let e = h * head; e < (h + 1) * head; e++) s[j] += q[e] * k[j * d + e];
    }
    const scale = head ** -0.5;
    const top = s.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    const p = s.map((z) => Math.exp(scale * (z - top)));
    const sum = p.reduce((a, b) => a + b, 0);
    for (let j = 0; j < t; j++) {
      for (let e = h * head; e < (h + 1) * head; e++) y[e] += (p[j] / sum) * v[j * d + e];
    }
  }
  return y;
}

/** erf by its series below 3, and by the continued fraction of erfc above: to 1e-15. */
function erf(x) {
  const z = Math.abs(x);
  if (z > 6) return Math.sign(x);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; Math.abs(term) > 1e-18; n++) {
      term *= (-z * z) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let f = z;
  for (let n = 60; n > 0; n--) f = z + n / 2 / f;
  return Math.sign(x) * (1 - Math.exp(-z * z) / (f * Math.sqrt(Math.PI)));
}

/** Columns [from, from + d) of a matrix [T, width]. */
function columns(x, t, width, from, d) {
  const y = new Float64Array(t * d);
  for (let i = 0; i < t; i++) y.set(x.subarray(i * width + from, i * width + from + d), i * d);
  return y;
}

function blockRows({ t, d, heads, x, ln1, qkv, out, ln2, fc, proj }) {
  const all = new Float64Array(t * 3 * d);
  for (let i = 0; i < t; i++) all.set(linearRow(normRow(x, i, d, ln1), 0, qkv), i * 3 * d);
  const k = columns(all, t, 3 * d, d, d);
  const v = columns(all, t, 3 * d, 2 * d, d);
  return sampled(t).map((i) => {
    const seen = attentionRow(all.subarray(i * 3 * d, i * 3 * d + d), k, v, t, d, heads);
    const y = linearRow(seen, 0, out).map((z, j) => z + x[i * d + j]);
    const h = linearRow(normRow(y, 0, d, ln2), 0, fc).map((z) => 0.5 * z * (1 + erf(z * Math.SQRT1_2)));
    return linearRow(h, 0, proj).map((z, j) => z + y[j]);
  });
}

/** The sampled rows of every op, in float64. */
export function expectedRows(ops) {
  const { attention, layernorm, block } = ops;
  const { t, d, heads, qkv } = attention;
  const [k, v] = [columns(qkv, t, 3 * d, d, d), columns(qkv, t, 3 * d, 2 * d, d)];
  return {
    matmul: sampled(t).map((i) => linearRow(ops.matmul.x, i, ops.matmul, false)),
    'matmul wide': sampled(t).map((i) => linearRow(ops['matmul wide'].x, i, ops['matmul wide'], false)),
    attention: sampled(t).map((i) => attentionRow(qkv.subarray(i * 3 * d, i * 3 * d + d), k, v, t, d, heads)),
    layernorm: sampled(t).map((i) => normRow(layernorm.x, i, d, layernorm)),
    block: blockRows(block),
  };
}

/** Largest difference of a whole result from the expected rows; NaN where there is one. */
export function errorOf(result, rows, t) {
  let worst = 0;
  sampled(t).forEach((row, r) => {
    const width = rows[r].length;
    rows[r].forEach((want, j) => {
      const off = Math.abs(result[row * width + j] - want);
      if (!(off <= worst)) worst = off;
    });
  });
  return worst;
}
