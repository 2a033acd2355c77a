/** Tensors in the format of the embedded model's files. */
import { packF16, type TensorToWrite, toWrite } from '#src/node/node';

/** A tensor rounded to f16, to be written. */
export function halfPrecision(name: string, shape: readonly number[], values: Float32Array): TensorToWrite {
  return toWrite(name, { dtype: 'F16', shape, bytes: new Uint8Array(packF16(values).buffer) });
}
