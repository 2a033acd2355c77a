/**
 * Tensors: a shape, an element type and a buffer on the device, owned by the innermost `tidy`.
 *
 * Tensors are values: every op writes a fresh buffer, with one exception, Adam, which updates weights and moments in
 * place. Views share the buffer; it goes back to the pool when the last tensor over it is gone.
 */
import type { Gpu } from '../gpu/gpu.js';
import type { Storage } from '../gpu/pool.js';
import { type Binding, OFFSET_STEP } from '../gpu/stream.js';
import { type Shape, sameShape, show, sizeOf } from './shape.js';

/** Elements are four bytes wide: floats, integers, or `packed` words whose meaning the op knows (two f16, four u8). */
export type DType = 'f32' | 'u32' | 'i32' | 'packed';

interface Block {
  readonly gpu: Gpu;
  readonly storage: Storage;
  owners: number;
}

let scope: Set<Tensor> | undefined;

const live = new WeakMap<Gpu, number>();

/** Tensors of a device that are alive now; every test ends with as many as it began with. */
export function liveTensors(gpu: Gpu): number {
  return live.get(gpu) ?? 0;
}

export class Tensor implements Binding, Disposable {
  readonly gpu: Gpu;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Where it begins in its buffer, in bytes. */
  readonly offset: number;
  readonly #block: Block;
  /** The scope that releases it, when there is one. */
  #scope: Set<Tensor> | undefined;
  #owned = true;
  /** Further owners: the tape. */
  #holds = 0;

  /** @internal Use `empty`, `upload`, `view` or `part`. */
  constructor(block: Block, shape: Shape, dtype: DType, offset = 0) {
    this.#block = block;
    this.offset = offset;
    this.gpu = block.gpu;
    this.shape = shape;
    this.dtype = dtype;
    block.owners++;
    live.set(this.gpu, liveTensors(this.gpu) + 1);
    this.enter(scope);
  }

  /** Number of elements. */
  get size(): number {
    return sizeOf(this.shape);
  }

  get bytes(): number {
    return 4 * this.size;
  }

  get rank(): number {
    return this.shape.length;
  }

  /** The dimension at `axis`; negative counts from the end. */
  dim(axis: number): number {
    const d = this.shape.at(axis);
    if (d === undefined) throw new Error(`tensor: axis ${axis} of ${show(this.shape)} does not exist`);
    return d;
  }

  get storage(): Storage {
    if (this.released) throw new Error(`tensor ${show(this.shape)}: used after it was released`);
    return this.#block.storage;
  }

  get released(): boolean {
    return !this.#owned && this.#holds === 0;
  }

  /** @internal The same elements under another shape, unseen by the tape: user code calls the op `reshape`. */
  view(shape: Shape): Tensor {
    if (sizeOf(shape) !== this.size) {
      throw new Error(`reshape: expected a shape of ${this.size} elements, got ${show(shape)} for ${show(this.shape)}`);
    }
    void this.storage;
    return new Tensor(this.#block, shape, this.dtype, this.offset);
  }

  /**
   * @internal A run of the elements in the same memory, unseen by the tape: user code calls the op `slice`.
   * @returns undefined where no binding can begin at its first element
   */
  part(first: number, shape: Shape): Tensor | undefined {
    const offset = this.offset + 4 * first;
    if (first < 0 || first + sizeOf(shape) > this.size) {
      throw new Error(`part: ${show(shape)} from element ${first} leaves ${show(this.shape)}`);
    }
    void this.storage;
    return offset % OFFSET_STEP === 0 ? new Tensor(this.#block, shape, this.dtype, offset) : undefined;
  }

  /** @internal Makes `to` the scope that releases this tensor; undefined leaves it to its owner. */
  enter(to: Set<Tensor> | undefined): void {
    this.#scope?.delete(this);
    this.#scope = to;
    to?.add(this);
  }

  /** @internal Keeps the tensor alive past its owner's release. */
  hold(): void {
    void this.storage;
    this.#holds++;
  }

  /** @internal Undoes one `hold`. */
  unhold(): void {
    this.#holds--;
    if (this.released) this.#free();
  }

  /** @internal Turns one `hold` into ownership by the innermost scope. */
  adopt(): void {
    this.#holds--;
    this.#owned = true;
    this.enter(scope);
  }

  /** Gives up ownership; the buffer is recycled as soon as nothing holds it. A second call does nothing. */
  release(): void {
    if (!this.#owned) return;
    this.#owned = false;
    this.enter(undefined);
    if (this.released) this.#free();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #free(): void {
    live.set(this.gpu, liveTensors(this.gpu) - 1);
    this.#block.owners--;
    if (this.#block.owners === 0) this.gpu.pool.release(this.#block.storage);
  }
}

/** A tensor of undefined content. */
export function empty(gpu: Gpu, shape: Shape, dtype: DType = 'f32'): Tensor {
  if (shape.some((d) => !Number.isInteger(d) || d < 0))
    throw new Error(`tensor: bad shape: expected whole numbers of at least 0, got ${show(shape)}`);
  return new Tensor({ gpu, storage: gpu.pool.take(4 * sizeOf(shape)), owners: 0 }, shape, dtype);
}

/** Copies host data to the device. `data` has 4-byte elements, as many as the shape says. */
export function upload(gpu: Gpu, data: Float32Array | Uint32Array | Int32Array, shape: Shape, dtype?: DType): Tensor {
  if (data.length !== sizeOf(shape)) {
    throw new Error(`upload: expected ${sizeOf(shape)} elements for ${show(shape)}, got ${data.length}`);
  }
  const kind = dtype ?? (data instanceof Float32Array ? 'f32' : data instanceof Int32Array ? 'i32' : 'u32');
  return new Tensor({ gpu, storage: gpu.upload(data), owners: 0 }, shape, kind);
}

/** Reads a tensor back as floats. @throws for other element types. */
export async function read(t: Tensor): Promise<Float32Array> {
  if (t.dtype !== 'f32') throw new Error(`read: expected f32, got ${t.dtype}`);
  return new Float32Array(await t.gpu.read(t.storage, t.bytes, t.offset));
}

/** Reads a tensor of any element type back as 32-bit words. */
export async function readWords(t: Tensor): Promise<Uint32Array> {
  return new Uint32Array(await t.gpu.read(t.storage, t.bytes, t.offset));
}

/** Tensors found in a value: itself, or those inside arrays, maps and plain objects. */
function tensorsIn(value: unknown, found: Set<Tensor> = new Set()): Set<Tensor> {
  if (value instanceof Tensor) found.add(value);
  else if (Array.isArray(value)) for (const v of value) tensorsIn(v, found);
  else if (value instanceof Map) for (const v of value.values()) tensorsIn(v, found);
  else if (value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    for (const v of Object.values(value)) tensorsIn(v, found);
  }
  return found;
}

/**
 * Runs `body` and releases every tensor made inside it except those in its result, which pass to the enclosing scope.
 * @throws when `body` returns a Promise: scopes do not outlive a turn of the event loop.
 */
export function tidy<T>(body: () => T): T {
  const outer = scope;
  const inner = new Set<Tensor>();
  scope = inner;
  let result: T;
  try {
    result = body();
    if (result instanceof Promise) throw new Error('tidy: expected a plain result, got a Promise');
  } catch (error) {
    scope = outer;
    for (const t of [...inner]) t.release();
    throw error;
  }
  scope = outer;
  const kept = tensorsIn(result);
  for (const t of [...inner]) {
    if (kept.has(t)) t.enter(outer);
    else t.release();
  }
  return result;
}

/** Takes a tensor out of the innermost scope: its owner releases it (weights, optimizer state). */
export function persist<T extends Tensor>(t: T): T {
  t.enter(undefined);
  return t;
}

/** @throws unless two tensors have the same shape. */
export function expectSameShape(op: string, a: Tensor, b: Tensor): void {
  if (!sameShape(a.shape, b.shape)) throw new Error(`${op}: expected shape ${show(a.shape)}, got ${show(b.shape)}`);
}
