/** Constant tensors. */
import type { Gpu } from '../gpu/gpu.js';
import type { Shape } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

const cell = new DataView(new ArrayBuffer(4));

/** A tensor whose elements are all `value`. */
export function full(gpu: Gpu, shape: Shape, value: number): Tensor {
  const y = empty(gpu, shape);
  cell.setFloat32(0, value);
  gpu.dispatch({
    kernel: 'fill',
    params: { size: y.size, word: cell.getUint32(0) },
    buffers: { y },
    threads: y.size,
    traffic: y.bytes,
  });
  return y;
}

export function zeros(gpu: Gpu, shape: Shape): Tensor {
  return full(gpu, shape, 0);
}
