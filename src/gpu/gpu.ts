/** The device as the rest of the engine sees it: buffers, one command stream, kernels by name, readback. */
import './platform_names.js';
import { countingDevice } from './counting_device.js';
import { type AdapterDescription, describeAdapter } from './description.js';
import type { Dispatch } from './dispatch.js';
import { gridOf } from './grid.js';
import { GpuError, Health } from './health.js';
import { filledBuffer } from './new_buffer.js';
import { NotedWork } from './noted_work.js';
import { openDevice } from './open_device.js';
import { PipelineCache } from './pipeline.js';
import { BufferPool, type Storage } from './pool.js';
import { Profile } from './profile.js';
import { Readback, type Wait } from './readback.js';
import type { ShaderTexts, Tiles } from './shader.js';
import { CommandStream } from './stream.js';
import { SubmitPace } from './submit_pace.js';
import { type Traits, traitsOf } from './traits.js';

export type { Dispatch } from './dispatch.js';
export { GpuError } from './health.js';

/** What a host supplies: the WebGPU entry point, the kernels' texts and how to wait without stealing the device's time. */
export interface GpuHost {
  readonly entry: GPU;
  readonly shaders: ShaderTexts;
  /** The part of an adapter's name that the entry point was made with, for the message where none has it. */
  readonly adapter?: string | undefined;
  /** What to do where there is no adapter, for the message; by default as in Node. */
  readonly noAdapter?: string | undefined;
  /** Milliseconds of measured work to submit at a time, for a device that also draws the screen; by default a fixed amount of work. */
  readonly submitMs?: number | undefined;
  /** Waits for a promise of the device; the default is to await it. */
  readonly wait?: <T>(promise: Promise<T>) => Promise<T>;
}

export interface GpuOptions {
  /**
   * Overrides the choice of kernels: the name of a kernel for an op, as `aaclip info` lists it. Where the named
   * kernel does not run, the next one in the list that does is taken.
   */
  readonly kernels?: Readonly<Record<string, string>> | undefined;
  /** `f16` lets kernels on matrix units round activations to f16; sums stay f32. `f32`, the default, does not. */
  readonly precision?: 'f32' | 'f16' | undefined;
  /** Tiles measured to be faster than the kernels' own (`kernels/tile_places.ts`). */
  readonly tiles?: Tiles | undefined;
}

export class Gpu implements Disposable {
  readonly traits: Traits;
  /** Kernel names that override the choice, by op. */
  readonly preferred: Readonly<Record<string, string>>;
  /** Whether kernels may round activations to f16. */
  readonly precision: 'f32' | 'f16';
  /** Whether it only counts (`counting`): nothing is computed, and host data is not copied. */
  readonly counts: boolean;
  /** Tiles that override the kernels' own; may be replaced at any time, but matrices packed before keep their layout. */
  tiles: Tiles;
  readonly pool: BufferPool;
  readonly kernels: PipelineCache;
  readonly profile: Profile;
  /** Where dispatches are noted instead of recorded, while there is one. */
  #dryRun: NotedWork | undefined;
  readonly #shaders: ShaderTexts;
  readonly #health: Health;
  readonly #waitFor: NonNullable<GpuHost['wait']>;
  readonly #device: GPUDevice;
  readonly #adapter: GPUAdapter;
  readonly #entry: GPU;
  readonly #stream: CommandStream;
  readonly #readback: Readback;

  private constructor(host: GpuHost, adapter: GPUAdapter, device: GPUDevice, options: GpuOptions, counted?: Traits) {
    // The binding crashes when its entry object is collected while the device lives: hold all three.
    this.#entry = host.entry;
    this.#adapter = adapter;
    this.#device = device;
    this.counts = counted !== undefined;
    this.traits = counted ?? traitsOf(adapter, device);
    this.#shaders = host.shaders;
    this.preferred = options.kernels ?? {};
    this.precision = options.precision ?? 'f32';
    this.tiles = options.tiles ?? {};
    this.pool = new BufferPool(device);
    this.kernels = new PipelineCache(device, host.shaders, this.traits.subgroupChoice !== undefined);
    this.#health = new Health(device, (label) => this.kernels.diagnose(label));
    const { workPerSubmit } = this.traits;
    const pace = host.submitMs === undefined ? { workPerSubmit } : new SubmitPace(host.submitMs, workPerSubmit);
    this.#stream = new CommandStream(device, pace);
    this.#waitFor = host.wait ?? (<T>(p: Promise<T>) => p);
    const wait: Wait = (what, promise) => this.#health.watch(what, this.#waitFor(promise));
    this.#readback = new Readback(device, this.#stream, wait);
    this.profile = new Profile(device, this.#stream, wait);
  }

  /**
   * Opens the best adapter the entry point offers.
   * @throws GpuError when there is no adapter or it gives no device; the message says what to do.
   */
  static async open(host: GpuHost, options: GpuOptions = {}): Promise<Gpu> {
    const { adapter, device } = await openDevice(host);
    return new Gpu(host, adapter, device, options);
  }

  /**
   * A stand-in for this device that makes the same buffers and the same errors of size, but computes nothing and takes no
   * memory: its `pool.peak` is what a program that runs on it needs. Results read from it are zero.
   * @param other traits and limits in place of this adapter's, to plan for another one
   */
  counting(other: { readonly traits?: Partial<Traits>; readonly limits?: Readonly<Record<string, number>> } = {}): Gpu {
    const device = countingDevice(this.#device, other.limits ?? {});
    const host = { entry: this.#entry, shaders: this.#shaders };
    const options = { kernels: this.preferred, precision: this.precision, tiles: this.tiles };
    return new Gpu(host, this.#adapter, device, options, { ...this.traits, ...other.traits });
  }

  /** Largest number of bytes one kernel argument may have. */
  get bindingLimit(): number {
    return this.#device.limits.maxStorageBufferBindingSize;
  }

  /** Adapter facts for `aaclip info` and reports. */
  get description(): AdapterDescription {
    return describeAdapter(this.#adapter);
  }

  get dispatches(): number {
    return this.#stream.dispatches;
  }

  get submits(): number {
    return this.#stream.submits;
  }

  /** Whether dispatches are noted instead of recorded: inside `dryRun` and `compileAhead`. */
  get dry(): boolean {
    return this.#dryRun !== undefined;
  }

  /**
   * Runs a body without computing anything: its dispatches are noted, and its tensors take no memory: they may not be
   * used afterwards. The notes tell which kernels it needs and the work it declares.
   * @throws when called inside another dry run
   */
  dryRun(body: () => void): NotedWork {
    if (this.#dryRun) throw new Error('dry run: called inside another one');
    const run = new NotedWork();
    this.#dryRun = run;
    this.pool.dry = true;
    try {
      body();
    } finally {
      this.#dryRun = undefined;
      this.pool.dry = false;
    }
    return run;
  }

  /**
   * Compiles the kernels that a dry run of `body` notes, all at once, instead of one by one as they are first needed.
   * @throws GpuError that shows line and message when a kernel does not compile
   */
  compileAhead(body: () => void): Promise<void> {
    const { noted } = this.dryRun(body);
    return this.#waitFor(this.kernels.prepare(noted)).catch(async (error: unknown) => {
      await this.#health.settle();
      throw new GpuError(`webgpu: ${error instanceof Error ? error.message : error}`);
    });
  }

  /** Records one dispatch on the open stream. */
  dispatch(d: Dispatch): void {
    if (this.#dryRun) {
      this.#dryRun.note(d);
      return;
    }
    const kernel = this.kernels.get(d.kernel, d.knobs ?? {});
    this.profile.note(kernel.label, d.flops ?? 0, d.traffic ?? 0);
    const grid = gridOf(d, kernel.face.workgroup);
    this.#stream.dispatch(kernel, d.params, d.buffers, grid, d.flops ?? d.traffic ?? 0);
  }

  /**
   * A storage that holds `data` for every command recorded from now on.
   *
   * The bytes pass through a mapped buffer and a recorded copy: writing to a recycled buffer at once would change what
   * dispatches already recorded read.
   */
  upload(data: ArrayBufferView): Storage {
    this.#health.check();
    const size = Math.max(4, Math.ceil(data.byteLength / 4) * 4);
    const storage = this.pool.take(size);
    if (this.counts || this.dry) return storage;
    this.#stream.upload(filledBuffer(this.#device, size, data), storage, size);
    return storage;
  }

  /** Records a copy between storages; offsets and length are multiples of 4. */
  copy(from: Storage, fromOffset: number, to: Storage, toOffset: number, bytes: number): void {
    if (!this.dry) this.#stream.copy(from, fromOffset, to.buffer, toOffset, bytes);
  }

  /** Submits what was recorded. @throws the first error the device reported, if any. */
  flush(): void {
    this.#health.check();
    this.#stream.flush();
  }

  /** Resolves when everything recorded so far has run. */
  async idle(): Promise<void> {
    if (this.#health.ok) {
      this.flush();
      await this.#readback.idle();
    }
    await this.#health.checkFully();
  }

  /** Reads `bytes` of a storage once everything before has run. */
  async read(storage: Storage, bytes: number, offset = 0): Promise<ArrayBuffer> {
    if (!this.#health.ok) await this.#health.checkFully();
    const data = await this.#readback.read(storage, bytes, offset);
    await this.#health.checkFully();
    return data;
  }

  /** Destroys free buffers; returns the bytes given back to the system. Never throws: it is called when things are closed. */
  trim(): number {
    this.#readback.trim();
    const gone = this.pool.trim();
    this.#stream.destroyLater(gone);
    if (this.#health.ok) this.flush();
    return gone.reduce((sum, s) => sum + s.capacity, 0);
  }

  [Symbol.dispose](): void {
    if (!this.#health.close()) return;
    this.#device.destroy();
    void this.#entry;
  }
}
