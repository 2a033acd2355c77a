/** One step of Adam on a tensor and its moments, in place: the only kernel that changes its inputs. */
import { expectSameShape, type Tensor } from '../tensor/tensor.js';

export interface AdamOptions {
  readonly rate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

/**
 * Kingma and Ba's algorithm 1 with bias correction, without weight decay.
 * @param step 1 for the first step
 */
export function adamStep(w: Tensor, g: Tensor, m: Tensor, v: Tensor, step: number, o: AdamOptions): void {
  for (const t of [g, m, v]) expectSameShape('adam', w, t);
  w.gpu.dispatch({
    kernel: 'adam',
    params: {
      size: w.size,
      beta1: o.beta1,
      beta2: o.beta2,
      rest1: 1 - o.beta1,
      rest2: 1 - o.beta2,
      rate: o.rate / (1 - o.beta1 ** step),
      denominator: 1 / Math.sqrt(1 - o.beta2 ** step),
      eps: o.eps,
    },
    buffers: { g, w, m, v },
    threads: w.size,
    traffic: 28 * w.size,
  });
}
