import { type Arr, zerosLike } from './arr.js';

/** softmax(q kᵀ / sqrt(Dh)) v over packed [B, T, 3 D], or v alone, in float64, head by head and row by row. */
export function attention(
  qkv: Arr,
  heads: number,
  mode: 'full' | 'causal' | 'vv_token' | 'vv_batch' | 'vv_beside',
): Arr {
  const [batch, tokens, packed] = qkv.shape as [number, number, number];
  const alone = mode === 'vv_token' || mode === 'vv_batch';
  const d = alone ? packed : packed / 3;
  const values = alone ? 0 : 2 * d;
  const vv = mode.startsWith('vv');
  const head = d / heads;
  const [sequences, length] = mode === 'vv_batch' ? [tokens, batch] : [batch, tokens];
  const row = (z: number, t: number): number => (mode === 'vv_batch' ? t * tokens + z : z * tokens + t);
  const out = zerosLike([batch, tokens, d]);
  for (let z = 0; z < sequences; z++)
    for (let h = 0; h < heads; h++) {
      const q = (t: number): number => row(z, t) * packed + (vv ? values : 0) + h * head;
      const k = (t: number): number => row(z, t) * packed + (vv ? values : d) + h * head;
      const v = (t: number): number => row(z, t) * packed + values + h * head;
      for (let i = 0; i < length; i++) {
        const seen = mode === 'causal' ? i + 1 : length;
        const s = new Float64Array(seen);
        for (let j = 0; j < seen; j++) {
          for (let e = 0; e < head; e++) s[j]! += (qkv.data[q(i) + e]! * qkv.data[k(j) + e]!) / Math.sqrt(head);
        }
        const top = s.reduce((a, b) => Math.max(a, b));
        const weights = s.map((x) => Math.exp(x - top));
        const sum = weights.reduce((a, b) => a + b);
        const to = row(z, i) * d + h * head;
        for (let j = 0; j < seen; j++)
          for (let e = 0; e < head; e++) out.data[to + e]! += (weights[j]! / sum) * qkv.data[v(j) + e]!;
      }
    }
  return out;
}
