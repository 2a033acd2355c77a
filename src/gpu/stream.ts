/**
 * The one open command stream: dispatches and copies are recorded at once and submitted by `flush`.
 *
 * Parameters travel in one uniform buffer with dynamic offsets. They are collected on the host and written just before
 * the submit, so a slot is never overwritten while a recorded dispatch still needs it.
 */
import { newBuffer } from './new_buffer.js';
import type { Kernel } from './pipeline.js';
import type { Storage } from './pool.js';
import { encodeParams } from './shader.js';
import type { SubmitPace } from './submit_pace.js';

/** A buffer as a dispatch sees it: `bytes` of a storage, from its start or from an offset. */
export interface Binding {
  readonly storage: Storage;
  readonly bytes: number;
  /** A multiple of `OFFSET_STEP`. */
  readonly offset?: number;
}

/** Offsets of bindings are multiples of this on every adapter. */
export const OFFSET_STEP = 256;

const UNIFORM_BYTES = 1 << 18;
/** Uploads recorded before the stream submits by itself. */
const MAX_STAGED_BYTES = 1 << 28;

/** How much work is submitted at a time: a fixed number of operations, or by measured time. */
export type Pace = Pick<SubmitPace, 'workPerSubmit'> & Partial<Pick<SubmitPace, 'submitted'>>;

export class CommandStream {
  /** Dispatches recorded since the device was opened. */
  dispatches = 0;
  submits = 0;
  /** Called with the encoder and label of a dispatch; returns the timestamp writes of its pass, if it is timed. */
  timer: ((label: string) => GPUComputePassTimestampWrites | undefined) | undefined;

  readonly #device: GPUDevice;
  readonly #uniforms: GPUBuffer;
  readonly #staging = new Uint8Array(UNIFORM_BYTES);
  readonly #view = new DataView(this.#staging.buffer);
  readonly #align: number;
  readonly #groups = new Map<string, GPUBindGroup>();
  #used = 0;
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #doomed: GPUBuffer[] = [];
  #stagedBytes = 0;
  /** Work recorded since the last submit, in multiply-adds and bytes as the ops declare them. */
  #pendingWork = 0;
  readonly #pace: Pace;

  constructor(device: GPUDevice, pace: Pace) {
    this.#device = device;
    this.#pace = pace;
    this.#align = Math.max(16, device.limits.minUniformBufferOffsetAlignment);
    this.#uniforms = newBuffer(device, {
      label: 'params',
      size: UNIFORM_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  dispatch(
    kernel: Kernel,
    params: Readonly<Record<string, number>>,
    buffers: Readonly<Record<string, Binding>>,
    grid: readonly [number, number, number],
    work: number,
  ): void {
    const size = Math.max(16, Math.ceil((4 * kernel.face.params.length) / 16) * 16);
    if (this.#used + size > UNIFORM_BYTES) this.flush();
    const offset = this.#used;
    encodeParams(kernel.label, kernel.face.params, params, this.#view, offset);
    this.#used = Math.ceil((offset + size) / this.#align) * this.#align;
    const limit = this.#device.limits.maxComputeWorkgroupsPerDimension;
    if (Math.max(...grid) > limit) {
      throw new Error(`${kernel.label}: grid ${grid.join('x')} is over this adapter's ${limit} workgroups a dimension`);
    }
    const group = this.#group(kernel, buffers, size);
    const writes = this.timer?.(kernel.label);
    if (writes) this.#endPass();
    const pass = this.#openPass(writes);
    pass.setPipeline(kernel.pipeline);
    pass.setBindGroup(0, group, [offset]);
    pass.dispatchWorkgroups(...grid);
    if (writes) this.#endPass();
    this.dispatches++;
    this.#pendingWork += work;
    if (this.#pendingWork > this.#pace.workPerSubmit) this.flush();
  }

  copy(from: Storage, fromOffset: number, to: GPUBuffer, toOffset: number, bytes: number): void {
    this.#endPass();
    this.#open().copyBufferToBuffer(from.buffer, fromOffset, to, toOffset, bytes);
  }

  /** Records a copy from a mapped buffer that is destroyed once the copy was submitted. */
  upload(staging: GPUBuffer, to: Storage, bytes: number): void {
    this.#endPass();
    this.#open().copyBufferToBuffer(staging, 0, to.buffer, 0, bytes);
    this.#doomed.push(staging);
    this.#stagedBytes += bytes;
    if (this.#stagedBytes > MAX_STAGED_BYTES) this.flush();
  }

  /** Destroys buffers once the commands recorded so far are submitted. */
  destroyLater(storages: readonly Storage[]): void {
    this.#doomed.push(...storages.map((s) => s.buffer));
    this.#groups.clear();
  }

  /** Submits what was recorded; returns at once. */
  flush(): void {
    this.#endPass();
    if (this.#encoder) {
      if (this.#used > 0) this.#device.queue.writeBuffer(this.#uniforms, 0, this.#staging, 0, this.#used);
      this.#device.queue.submit([this.#encoder.finish()]);
      this.submits++;
      this.#pace.submitted?.(this.#pendingWork, this.#device.queue);
      this.#encoder = undefined;
    }
    this.#used = 0;
    this.#pendingWork = 0;
    if (this.#doomed.length > 0) {
      for (const buffer of this.#doomed) buffer.destroy();
      this.#doomed = [];
      this.#stagedBytes = 0;
    }
  }

  #open(): GPUCommandEncoder {
    this.#encoder ??= this.#device.createCommandEncoder();
    return this.#encoder;
  }

  #openPass(writes?: GPUComputePassTimestampWrites): GPUComputePassEncoder {
    this.#pass ??= this.#open().beginComputePass(writes ? { timestampWrites: writes } : undefined);
    return this.#pass;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  #group(kernel: Kernel, buffers: Readonly<Record<string, Binding>>, paramBytes: number): GPUBindGroup {
    let key = kernel.label;
    for (const slot of kernel.face.slots) {
      if (slot.kind === 'uniform') continue;
      const b = buffers[slot.name];
      if (!b) throw new Error(`${kernel.label}: buffer ${slot.name} is missing`);
      key += `|${b.storage.id}:${b.bytes}:${b.offset ?? 0}`;
    }
    const known = this.#groups.get(key);
    if (known) return known;
    const limit = this.#device.limits.maxStorageBufferBindingSize;
    const entries = kernel.face.slots.map((slot): GPUBindGroupEntry => {
      if (slot.kind === 'uniform') {
        return { binding: slot.binding, resource: { buffer: this.#uniforms, offset: 0, size: paramBytes } };
      }
      const { storage, bytes, offset = 0 } = buffers[slot.name]!;
      if (bytes > limit) {
        throw new Error(
          `${kernel.label}: ${slot.name} takes ${bytes} bytes: this adapter binds at most ${limit}: use a smaller batch or smaller pictures`,
        );
      }
      // Where a kernel reads vec4, a binding of fewer bytes is refused; what it reads beyond the tensor, it does not use.
      const size = Math.min(Math.max(16, bytes), storage.capacity - offset);
      return { binding: slot.binding, resource: { buffer: storage.buffer, offset, size } };
    });
    const group = this.#device.createBindGroup({ label: kernel.label, layout: kernel.layout, entries });
    if (this.#groups.size > 4096) this.#groups.clear();
    this.#groups.set(key, group);
    return group;
  }
}
