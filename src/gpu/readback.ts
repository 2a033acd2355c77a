/** Reading results back: one of the three places where the engine waits. */
import { bucketOf, type Storage } from './pool.js';
import type { CommandStream } from './stream.js';

export type Wait = <T>(promise: Promise<T>) => Promise<T>;

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
    await this.#wait(this.#device.queue.onSubmittedWorkDone());
  }

  async read(storage: Storage, bytes: number, offset = 0): Promise<ArrayBuffer> {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const staging = this.#take(size);
    try {
      this.#stream.copy(storage, offset, staging, 0, size);
      this.#stream.flush();
      await this.#wait(staging.mapAsync(GPUMapMode.READ, 0, size));
      // Copied before unmap: the mapped range dies with it.
      const data = staging.getMappedRange(0, size).slice(0, bytes);
      staging.unmap();
      this.#keep(staging);
      return data;
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
    return this.#device.createBuffer({ label: 'readback', size: bucketOf(size), usage });
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
