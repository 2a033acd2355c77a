import type { Arr } from './arr.js';

const scalar = (v: number): Arr => ({ shape: [1], data: Float64Array.of(v) });

/** prob [B, 2, H, W], mask [B, 1, H, W]. */
export function focalLoss(prob: Arr, mask: Arr): Arr {
  const pixels = mask.data.length;
  const plane = pixels / prob.shape[0]!;
  let sum = 0;
  for (let i = 0; i < pixels; i++) {
    let pt = 1e-5;
    for (let c = 0; c < 2; c++) {
      const oneHot = Math.min(1 - 1e-5, Math.max(1e-5, mask.data[i] === c ? 1 : 0));
      pt += oneHot * prob.data[(Math.floor(i / plane) * 2 + c) * plane + (i % plane)]!;
    }
    sum -= (1 - pt) ** 2 * Math.log(pt);
  }
  return scalar(sum / pixels);
}

export function diceLoss(prob: Arr, target: Arr): Arr {
  const batch = prob.shape[0]!;
  const plane = prob.data.length / batch;
  let sum = 0;
  for (let b = 0; b < batch; b++) {
    const [p, t] = [prob, target].map((x) => x.data.subarray(b * plane, (b + 1) * plane)) as [
      Float64Array,
      Float64Array,
    ];
    const both = p.reduce((s, v, i) => s + v * t[i]!, 0);
    sum += (2 * both + 1) / (p.reduce((s, v) => s + v, 0) + t.reduce((s, v) => s + v, 0) + 1);
  }
  return scalar(1 - sum / batch);
}

export function crossEntropy(logits: Arr, labels: ArrayLike<number>): Arr {
  const [batch, classes] = logits.shape as [number, number];
  let sum = 0;
  for (let b = 0; b < batch; b++) {
    const row = logits.data.subarray(b * classes, (b + 1) * classes);
    const top = Math.max(...row);
    sum += top + Math.log(row.reduce((s, v) => s + Math.exp(v - top), 0)) - row[labels[b]!]!;
  }
  return scalar(sum / batch);
}
