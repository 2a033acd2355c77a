/** Constants that stay on the device: small tables uploaded once, however often a kernel reads them. */
import type { Gpu } from '../gpu/gpu.js';
import type { Binding } from '../gpu/stream.js';
import { type Shape, show, sizeOf } from './shape.js';
import { Tensor } from './tensor.js';

const kept = new WeakMap<Gpu, WeakMap<object, Binding>>();

/** Releases the buffer of a copy whose host object is gone. */
const forgotten = new FinalizationRegistry<() => void>((release) => release());

/**
 * The device copy of an immutable host object. It stays as long as the object does, so callers keep the object and
 * pass the same one again; meant for tables of a few kilobytes.
 * @param words what to upload, called on first use only
 */
export function resident(gpu: Gpu, of: object, words: () => Uint32Array | Float32Array | Int32Array): Binding {
  let here = kept.get(gpu);
  if (!here) {
    here = new WeakMap();
    kept.set(gpu, here);
  }
  let binding = here.get(of);
  if (!binding) {
    const data = words();
    const storage = gpu.upload(data);
    binding = { storage, bytes: data.byteLength };
    // A dry run copies nothing to the device: the first run that computes does.
    if (gpu.dry) return binding;
    here.set(of, binding);
    const device = new WeakRef(gpu);
    forgotten.register(of, () => device.deref()?.pool.release(storage));
  }
  return binding;
}

/**
 * Constant values as a tensor of the current scope. Every call gives a tensor over the one device copy of the array.
 * @param values never changed; the caller keeps the array and passes the same one again
 * @throws when the number of values does not fit the shape
 */
export function constant(gpu: Gpu, values: Float32Array, shape: Shape): Tensor {
  if (values.length !== sizeOf(shape)) {
    throw new Error(`constant: expected ${sizeOf(shape)} elements for ${show(shape)}, got ${values.length}`);
  }
  const { storage } = resident(gpu, values, () => values);
  // A permanent owner: releasing these tensors does not release the buffer.
  return new Tensor({ gpu, storage, owners: 1 }, shape, 'f32');
}
