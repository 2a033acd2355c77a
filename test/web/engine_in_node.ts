/** A page's side of an engine that runs in Node. */
import { afterAll } from 'vitest';
import type { LibraryHost } from '../../src/detect/sources.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { nodeHost } from '../../src/node/device.js';
import { NODE_LIBRARY } from '../../src/node/node_library.js';
import { Engine, type EngineFiles } from '../../src/web/engine.js';
import type { EngineRequest, EngineResults, Failure, FromEngine } from '../../src/web/engine_messages.js';
import type { TrainStep } from '../../src/web/train_messages.js';
import { device } from '../devices.js';
import { type Fault, faultyEntry } from '../faulty_entry.js';
import { NOTHING_KEPT } from './nothing_kept.js';

/** Every device that was opened, to be closed: an open one keeps Node running. */
const opened: Gpu[] = [];
afterAll(() => {
  for (const gpu of opened) gpu[Symbol.dispose]();
});

export class Page {
  readonly messages: FromEngine[] = [];
  onMessage: (message: FromEngine) => void = () => undefined;
  readonly handedOver: ArrayBufferLike[] = [];
  readonly #engine: Engine;
  #next = 1;

  /** @param faults of the devices that are opened one after the other; undefined for a sound one */
  constructor(faults: readonly (readonly [Fault, number] | undefined)[] = [], kept: EngineFiles = NOTHING_KEPT) {
    const left = [...faults];
    const openDevice = async (): Promise<Gpu> => {
      const fault = left.shift();
      // Kernels are compiled once for all tests; only a device that fails is closed.
      if (!fault) return device();
      const host = await nodeHost();
      const gpu = await Gpu.open({ ...host, entry: faultyEntry(host.entry, ...fault) });
      opened.push(gpu);
      return gpu;
    };
    const host: LibraryHost = { ...NODE_LIBRARY, openDevice, anchors: undefined };
    this.#engine = new Engine(host, kept, (message, handOver) => {
      this.messages.push(message);
      this.onMessage(message);
      this.handedOver.push(...handOver);
    });
  }

  start(request: EngineRequest): { id: number; over: Promise<void> } {
    const id = this.#next++;
    return { id, over: this.#engine.receive({ kind: 'job', id, request }) };
  }

  pause(id: number, paused: boolean): void {
    void this.#engine.receive({ kind: 'pause', id, paused });
  }

  /** The steps of trainings that were told of so far. */
  get steps(): TrainStep[] {
    return this.messages.flatMap((m) => (m.kind === 'step' ? [m.step] : []));
  }

  stop(id: number): void {
    void this.#engine.receive({ kind: 'stop', id });
  }

  async ask<K extends EngineRequest['kind']>(request: Extract<EngineRequest, { kind: K }>): Promise<EngineResults[K]> {
    const { id, over } = this.start(request);
    await over;
    const end = this.messages.find((m) => m.id === id && (m.kind === 'done' || m.kind === 'failed'));
    if (end?.kind !== 'done') throw new Error(JSON.stringify(end));
    return end.result as EngineResults[K];
  }

  async failure(request: EngineRequest): Promise<Failure> {
    const { id, over } = this.start(request);
    await over;
    const end = this.messages.find((m) => m.id === id && (m.kind === 'done' || m.kind === 'failed'));
    if (end?.kind !== 'failed') throw new Error(`job ${id}: expected it to fail`);
    return end.failure;
  }

  /** The steps that the last job told of, each once. */
  stages(): string[] {
    const id = Math.max(...this.messages.map((m) => m.id));
    const all = this.messages.flatMap((m) => (m.kind === 'progress' && m.id === id ? [m.stage] : []));
    return all.filter((stage, i) => stage !== all[i - 1]);
  }
}
