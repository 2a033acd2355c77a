/** A hash of the values of tensors, the same for every file that holds them. */
import { dtypeSize } from './dtype.js';
import { sha256 } from './sha256.js';
import type { TensorView } from './tensor_view.js';

/**
 * A hash of names, types, shapes and values.
 * @param which names of the tensors that count
 * @param most bytes of a tensor that is read; of a larger one, name, type and shape count alone
 */
export async function contentOf(
  tensors: TensorView,
  which: RegExp = /./,
  most: number = Number.POSITIVE_INFINITY,
): Promise<string> {
  const parts: string[] = [];
  for (const name of [...tensors.names].sort()) {
    if (!which.test(name)) continue;
    const [dtype, shape] = [tensors.dtype(name), tensors.shape(name)];
    const small = shape.reduce((a, b) => a * b, dtypeSize(dtype)) <= most;
    const values = small ? await sha256((await tensors.read(name)).bytes) : '';
    parts.push(`${name} ${dtype} ${shape.join()} ${values}`);
  }
  return sha256(new TextEncoder().encode(parts.join('\n')));
}
