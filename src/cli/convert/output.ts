/** What `convert` prints. */
import type { TensorInfo } from '../../io/tensor_file.js';

/** The paths, and the tensors that were written. */
export interface Converted {
  readonly in: string;
  readonly out: string;
  readonly tensors: readonly TensorInfo[];
}

export function printConverted({ in: from, out, tensors }: Converted, json: boolean): void {
  const bytes = tensors.reduce((sum, t) => sum + t.byteLength, 0);
  process.stdout.write(
    json
      ? `${JSON.stringify({ in: from, out, tensors: tensors.length, bytes })}\n`
      : `${out}: ${tensors.length} tensors, ${(bytes / 2 ** 20).toFixed(1)} MiB\n`,
  );
}
