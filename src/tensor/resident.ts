/** Constants that stay on the device: small tables uploaded once, however often a kernel reads them. */
import type { Gpu } from '../gpu/gpu.js';
import type { Storage } from '../gpu/pool.js';
import type { Binding } from '../gpu/stream.js';
import { type Shape, show, sizeOf } from './shape.js';
import { Tensor } from './tensor.js';

/** The copies on one device: those in use by their host objects, and their buffers by number. */
class Copies {
  readonly bindings = new WeakMap<object, Binding>();
  readonly #storages = new Map<number, Storage>();

  keep(storage: Storage): void {
    this.#storages.set(storage.id, storage);
  }

  release(gpu: Gpu, id: number): void {
    const storage = this.#storages.get(id);
    this.#storages.delete(id);
    if (storage) gpu.pool.release(storage);
  }
}

const kept = new WeakMap<Gpu, Copies>();

/**
 * Releases the buffer of a copy whose host object is gone. It knows the buffer by number: an object that is never gone
 * must not keep a buffer, and with it a device, that is.
 */
const forgotten = new FinalizationRegistry<{ readonly device: WeakRef<Gpu>; readonly id: number }>(({ device, id }) => {
  const gpu = device.deref();
  if (gpu) kept.get(gpu)?.release(gpu, id);
});

/**
 * The device copy of an immutable host object. It stays as long as the object does, so callers keep the object and
 * pass the same one again; meant for tables of a few kilobytes.
 * @param words what to upload, called on first use only
 */
export function resident(gpu: Gpu, of: object, words: () => Uint32Array | Float32Array | Int32Array): Binding {
  const copies = kept.get(gpu) ?? new Copies();
  kept.set(gpu, copies);
  let binding = copies.bindings.get(of);
  if (!binding) {
    const data = words();
    const storage = gpu.upload(data);
    binding = { storage, bytes: data.byteLength };
    // A dry run copies nothing to the device: the first run that computes does.
    if (gpu.dry) return binding;
    copies.bindings.set(of, binding);
    copies.keep(storage);
    forgotten.register(of, { device: new WeakRef(gpu), id: storage.id });
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
