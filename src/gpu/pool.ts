/**
 * Buffers recycled by size.
 *
 * A released buffer may at once be the *destination* of a dispatch or copy on the open stream: the queue keeps order.
 * It may be destroyed only after the commands that use it were submitted, so `trim` hands back a list for the stream.
 */
import { newBuffer } from './new_buffer.js';

export interface Storage {
  readonly buffer: GPUBuffer;
  /** Size of the buffer, at least the size requested. */
  readonly capacity: number;
  /** Distinguishes buffers in the cache of bind groups. */
  readonly id: number;
}

/** Rounds a size up to one of 32 steps per octave, so that at most a thirty-second of a new buffer is unused. */
export function bucketOf(bytes: number): number {
  const step = 2 ** Math.max(8, Math.floor(Math.log2(bytes)) - 5);
  return Math.max(256, Math.ceil(bytes / step) * step);
}

/** A free buffer is used again for requests of at least this share of it: no weight stays in a buffer a third too large. */
const FILLED = 0.76;

/** Free buffers by size. */
class FreeList {
  readonly #bySize = new Map<number, Storage[]>();

  put(storage: Storage): void {
    const list = this.#bySize.get(storage.capacity);
    if (list) list.push(storage);
    else this.#bySize.set(storage.capacity, [storage]);
  }

  /** Takes the smallest buffer that holds `size` bytes, unless that would leave too much of it unused. */
  take(size: number): Storage | undefined {
    let best = Number.POSITIVE_INFINITY;
    for (const capacity of this.#bySize.keys()) {
      if (capacity >= size && capacity < best && size >= FILLED * capacity) best = capacity;
    }
    const list = this.#bySize.get(best);
    const storage = list?.pop();
    if (list?.length === 0) this.#bySize.delete(best);
    return storage;
  }

  get all(): Storage[] {
    return [...this.#bySize.values()].flat();
  }

  clear(): void {
    this.#bySize.clear();
  }
}

/** The storage of a tensor in a dry run: a size without a buffer. */
class DryStorage implements Storage {
  readonly id = 0;
  readonly capacity: number;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get buffer(): never {
    throw new Error('memory: a tensor of a dry run was used: it has no elements');
  }
}

export class BufferPool {
  /** Bytes of every buffer alive, free ones included. */
  allocated = 0;
  /** Largest value of `allocated` so far. */
  peak = 0;
  /** Whether buffers are only noted: nothing is allocated then. */
  dry = false;
  /** Called with every buffer handed out. */
  onTake: ((storage: Storage) => void) | undefined;
  readonly #device: GPUDevice;
  readonly #free = new FreeList();
  #nextId = 1;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Bytes of released buffers that wait to be used again. */
  get idle(): number {
    return this.#free.all.reduce((sum, { capacity }) => sum + capacity, 0);
  }

  /** A buffer of at least `bytes`; its content is undefined. */
  take(bytes: number): Storage {
    const size = bucketOf(bytes);
    if (this.dry) return new DryStorage(this.#checked(size));
    const storage = this.#free.take(size) ?? this.#create(size);
    this.onTake?.(storage);
    return storage;
  }

  /** Gives a buffer back; commands already recorded may still use it. */
  release(storage: Storage): void {
    if (!(storage instanceof DryStorage)) this.#free.put(storage);
  }

  /** Forgets all free buffers; the caller destroys them after the next submit. */
  trim(): Storage[] {
    const gone = this.#free.all;
    this.#free.clear();
    for (const s of gone) this.allocated -= s.capacity;
    return gone;
  }

  #checked(size: number): number {
    const limit = this.#device.limits.maxBufferSize;
    if (size <= limit) return size;
    throw new Error(
      `memory: a buffer of ${size} bytes is over this adapter's limit of ${limit}: use a smaller batch or smaller pictures`,
    );
  }

  #create(size: number): Storage {
    const buffer = newBuffer(this.#device, {
      size: this.#checked(size),
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.allocated += size;
    this.peak = Math.max(this.peak, this.allocated);
    return { buffer, capacity: size, id: this.#nextId++ };
  }
}
