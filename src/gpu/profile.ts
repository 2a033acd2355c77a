/** Time a kernel takes, by label, from timestamp queries around every dispatch. */
import { mappedBytes, newBuffer } from './new_buffer.js';
import type { Wait } from './readback.js';
import type { CommandStream } from './stream.js';

export interface ProfileRow {
  readonly label: string;
  readonly calls: number;
  /** Milliseconds on the device, all calls together. */
  readonly ms: number;
  readonly flops: number;
  readonly traffic: number;
}

const MAX_QUERIES = 4096;

export class Profile {
  /** Whether the adapter can time its dispatches. */
  readonly available: boolean;
  readonly #device: GPUDevice;
  readonly #stream: CommandStream;
  readonly #wait: Wait;
  #labels: string[] = [];
  #work = new Map<string, { calls: number; flops: number; traffic: number }>();
  #on = false;

  constructor(device: GPUDevice, stream: CommandStream, wait: Wait) {
    this.#device = device;
    this.#stream = stream;
    this.#wait = wait;
    this.available = device.features.has('timestamp-query');
  }

  /** Counts a dispatch's declared work while a profile runs. */
  note(label: string, flops: number, traffic: number): void {
    if (!this.#on) return;
    const row = this.#work.get(label) ?? { calls: 0, flops: 0, traffic: 0 };
    row.calls++;
    row.flops += flops;
    row.traffic += traffic;
    this.#work.set(label, row);
  }

  /**
   * Runs `body` with every dispatch timed (at most 2048 of them) and returns one row a kernel, slowest first.
   * @throws when the adapter has no timestamp queries.
   */
  async run(body: () => void): Promise<ProfileRow[]> {
    if (!this.available) throw new Error('profile: this adapter has no timestamp queries');
    this.#stream.flush();
    const set = this.#device.createQuerySet({ type: 'timestamp', count: MAX_QUERIES });
    const resolved = newBuffer(this.#device, {
      size: MAX_QUERIES * 8,
      usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    });
    const readable = newBuffer(this.#device, {
      size: MAX_QUERIES * 8,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.#labels = [];
    this.#work.clear();
    this.#on = true;
    this.#stream.timer = (label) => {
      const at = 2 * this.#labels.length;
      if (at + 2 > MAX_QUERIES) return undefined;
      this.#labels.push(label);
      return { querySet: set, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 };
    };
    try {
      body();
      const count = 2 * this.#labels.length;
      if (count === 0) return [];
      // The stream may have submitted the last dispatches already, so the times get a submit of their own.
      this.#stream.flush();
      const encoder = this.#device.createCommandEncoder();
      encoder.resolveQuerySet(set, 0, count, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, readable, 0, count * 8);
      this.#device.queue.submit([encoder.finish()]);
      return this.#rows(new BigUint64Array(await this.#wait('reading times', mappedBytes(readable, count * 8))));
    } finally {
      this.#on = false;
      this.#stream.timer = undefined;
      set.destroy();
      resolved.destroy();
      readable.destroy();
    }
  }

  #rows(times: BigUint64Array): ProfileRow[] {
    const ms = new Map<string, number>();
    this.#labels.forEach((label, i) => {
      ms.set(label, (ms.get(label) ?? 0) + Number(times[2 * i + 1]! - times[2 * i]!) / 1e6);
    });
    return [...ms].map(([label, time]) => ({ label, ms: time, ...this.#work.get(label)! })).sort((a, b) => b.ms - a.ms);
  }
}
