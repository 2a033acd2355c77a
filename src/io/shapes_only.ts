/** Weights of which only the shapes count: for a run that computes nothing. */
import type { Dtype } from './dtype.js';
import { rawF32 } from './tensor_file.js';
import type { TensorView } from './tensor_view.js';

/**
 * The tensors of a file with zeros in place of their values: none of the file's values is read.
 * @param options `dtype` in place of the file's own; `keep` are names whose values are read after all, `drop` those of which
 * not even zeros are needed: an empty array stands for them
 */
export function shapesOnly<View extends TensorView>(
  view: View,
  options: {
    readonly dtype?: Dtype | undefined;
    readonly keep?: readonly string[];
    readonly drop?: readonly string[];
  } = {},
): View {
  const { dtype, keep = [], drop = [] } = options;
  // One array serves all: every result is a part of it, which callers leave as it is.
  let zeros = new Float32Array(0);
  const readF32 = async (name: string): Promise<Float32Array> => {
    if (keep.includes(name)) return view.readF32(name);
    if (drop.includes(name)) return new Float32Array(0);
    const size = view.shape(name).reduce((a, b) => a * b, 1);
    if (zeros.length < size) zeros = new Float32Array(size);
    return zeros.subarray(0, size);
  };
  return {
    ...view,
    dtype: (name) => dtype ?? view.dtype(name),
    async read(name) {
      const values = await readF32(name);
      if ((dtype ?? view.dtype(name)) !== 'F16') return rawF32(view.shape(name), values);
      return { dtype: 'F16', shape: view.shape(name), bytes: new Uint8Array(values.buffer, 0, 2 * values.length) };
    },
    readF32,
  };
}

/** A CLIP of which only the shapes count; its token table stays on the host, so it takes no memory at all. */
export function clipShapes<View extends TensorView>(clip: View, dtype: Dtype | undefined): View {
  return shapesOnly(clip, { dtype, keep: ['token_ids'], drop: ['token_embedding.weight'] });
}
