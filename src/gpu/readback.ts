/** Reading results back: one of the three places where the engine waits. */
import { mappedBytes, newBuffer } from './new_buffer.js';
import { bucketOf, type Storage } from './pool.js';
import type { CommandStream } from './stream.js';

/** Awaits what the device does; `what` is said in the message of an error. */
export type Wait = <T>(what: string, promise: Promise<T>) => Promise<T>;

export class Readback {
  readonly #device: GPUDevice;
  readonly #stream: CommandStream;
  readonly #wait: Wait;
  /** A staging buffer that is not in use: made once, replaced when something larger is read. */
  #spare: GPUBuffer | undefined;

  constructor(device: GPUDevice, stream: CommandStream, wait: Wait) {
    this.#device = device;
    this.#stream = stream;
    this.#wait = wait;
  }

  async idle(): Promise<void> {
    await this.#wait('waiting for the device', this.#device.queue.onSubmittedWorkDone());
  }

  async read(storage: Storage, bytes: number, offset = 0): Promise<ArrayBuffer> {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const staging = this.#take(size);
    try {
      this.#stream.copy(storage, offset, staging, 0, size);
      this.#stream.flush();
      const data = await this.#wait('reading results', mappedBytes(staging, size));
      this.#keep(staging);
      return bytes === size ? data : data.slice(0, bytes);
    } catch (error) {
      staging.destroy();
      throw error;
    }
  }

  /** The spare buffer where it is large enough, else a new one: two reads may be under way at once. */
  #take(size: number): GPUBuffer {
    const spare = this.#spare;
    if (spare && spare.size >= size) {
      this.#spare = undefined;
      return spare;
    }
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    return newBuffer(this.#device, { label: 'readback', size: bucketOf(size), usage });
  }

  #keep(staging: GPUBuffer): void {
    const [small, large] =
      this.#spare && this.#spare.size > staging.size ? [staging, this.#spare] : [this.#spare, staging];
    this.#spare = large;
    small?.destroy();
  }

  /** Gives the spare buffer back to the system. */
  trim(): void {
    this.#spare?.destroy();
    this.#spare = undefined;
  }
}
