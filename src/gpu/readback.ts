/** Reading results back: one of the three places where the engine waits. */
import type { Storage } from './pool.js';
import type { CommandStream } from './stream.js';

export type Wait = <T>(promise: Promise<T>) => Promise<T>;

export class Readback {
  readonly #device: GPUDevice;
  readonly #stream: CommandStream;
  readonly #wait: Wait;

  constructor(device: GPUDevice, stream: CommandStream, wait: Wait) {
    this.#device = device;
    this.#stream = stream;
    this.#wait = wait;
  }

  async idle(): Promise<void> {
    await this.#wait(this.#device.queue.onSubmittedWorkDone());
  }

  async read(storage: Storage, bytes: number): Promise<ArrayBuffer> {
    const size = Math.max(4, Math.ceil(bytes / 4) * 4);
    const staging = this.#device.createBuffer({
      label: 'readback',
      size,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    try {
      this.#stream.copy(storage, 0, staging, 0, size);
      this.#stream.flush();
      await this.#wait(staging.mapAsync(GPUMapMode.READ));
      // Copied before unmap: the mapped range dies with it.
      return staging.getMappedRange().slice(0, bytes);
    } finally {
      staging.destroy();
    }
  }
}
