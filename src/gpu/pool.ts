/**
 * Buffers recycled by size.
 *
 * A released buffer may at once be the *destination* of a dispatch or copy on the open stream: the queue keeps order.
 * It may be destroyed only after the commands that use it were submitted, so `trim` hands back a list for the stream.
 */
export interface Storage {
  readonly buffer: GPUBuffer;
  /** Size of the buffer, at least the size requested. */
  readonly capacity: number;
  /** Distinguishes buffers in the cache of bind groups. */
  readonly id: number;
}

/** Rounds a size up to one of four steps per octave, so that at most a fifth of a buffer is unused. */
export function bucketOf(bytes: number): number {
  if (bytes <= 256) return 256;
  const step = 2 ** Math.max(8, Math.floor(Math.log2(bytes)) - 2);
  return Math.ceil(bytes / step) * step;
}

export class BufferPool {
  /** Bytes of every buffer alive, free ones included. */
  allocated = 0;
  /** Largest value of `allocated` so far. */
  peak = 0;
  /** Called with every buffer handed out. */
  onTake: ((storage: Storage) => void) | undefined;
  readonly #device: GPUDevice;
  readonly #free = new Map<number, Storage[]>();
  #nextId = 1;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Bytes of released buffers that wait to be used again. */
  get idle(): number {
    let sum = 0;
    for (const [size, list] of this.#free) sum += size * list.length;
    return sum;
  }

  /** A buffer of at least `bytes`; its content is undefined. */
  take(bytes: number): Storage {
    const size = bucketOf(bytes);
    const again = this.#free.get(size)?.pop();
    const storage = again ?? this.#create(size);
    this.onTake?.(storage);
    return storage;
  }

  /** Gives a buffer back; commands already recorded may still use it. */
  release(storage: Storage): void {
    const list = this.#free.get(storage.capacity);
    if (list) list.push(storage);
    else this.#free.set(storage.capacity, [storage]);
  }

  /** Forgets all free buffers; the caller destroys them after the next submit. */
  trim(): Storage[] {
    const gone = [...this.#free.values()].flat();
    this.#free.clear();
    for (const s of gone) this.allocated -= s.capacity;
    return gone;
  }

  #create(size: number): Storage {
    const limit = this.#device.limits.maxBufferSize;
    if (size > limit) {
      throw new Error(
        `memory: a buffer of ${size} bytes is over this adapter's limit of ${limit}: use a smaller batch`,
      );
    }
    const buffer = this.#device.createBuffer({
      size,
      usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
    this.allocated += size;
    this.peak = Math.max(this.peak, this.allocated);
    return { buffer, capacity: size, id: this.#nextId++ };
  }
}
