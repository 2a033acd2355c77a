/** Anchors kept between runs: with them, a model starts without its text tower. */
import type { Gpu } from '../gpu/gpu.js';
import { joinedChunks } from '../io/joined_chunks.js';
import { openSafetensors } from '../io/safetensors.js';
import { toWrite, writeSafetensors } from '../io/safetensors_writer.js';
import { sha256 } from '../io/sha256.js';
import { bytesSource } from '../io/source.js';
import { contentOf } from '../io/tensor_contents.js';
import { rawF32 } from '../io/tensor_file.js';
import type { TensorView } from '../io/tensor_view.js';
import type { Method } from '../model/methods/method.js';
import type { ClassTokens } from './class_tokens.js';

/** Where a host keeps anchors, a small file for each class. No method throws: without a file, anchors are computed. */
export interface AnchorStore {
  load(key: string): Promise<Uint8Array | undefined>;
  save(key: string, file: Uint8Array): Promise<void>;
  /**
   * Anchors that came with the program, [E, 2], asked for where none are kept. They were computed on another device, and differ
   * from those of this one by rounding.
   * @param key made from everything that anchors depend on but the device
   */
  ready?(key: string): Promise<Float32Array | undefined>;
}

/** What anchors depend on, besides the prompts of their class. */
export interface AnchorOrigin {
  readonly clip: TensorView;
  readonly method: Method;
  readonly text: TensorView | undefined;
  readonly textMix: number | undefined;
  readonly activation: string;
  readonly precision: string;
}

/** Raised when the same text tower gives other anchors, or the file has another form. */
const FORMAT = 2;

const TENSOR = 'anchors';

export class AnchorCache {
  readonly #store: AnchorStore;
  readonly #origin: object;
  readonly #device: object;

  private constructor(store: AnchorStore, origin: object, device: object) {
    this.#store = store;
    this.#origin = origin;
    this.#device = device;
  }

  /** @returns undefined where the weights' source cannot tell whether it has changed */
  static async open(store: AnchorStore, gpu: Gpu, of: AnchorOrigin): Promise<AnchorCache | undefined> {
    const weights = await of.clip.fingerprint?.();
    if (weights === undefined) return undefined;
    const { vendor, architecture, device, description } = gpu.description;
    const origin = {
      format: FORMAT,
      weights,
      method: of.method.name,
      adapters: of.text && (await contentOf(of.text, of.method.anchorTensors)),
      textMix: of.textMix ?? 'preset',
      activation: of.activation,
      precision: [of.precision, gpu.precision],
    };
    // Kernels and drivers differ in the last bits: a run gives the same with its cache and without.
    const kernels = Object.entries(gpu.preferred).sort();
    return new AnchorCache(store, origin, { device: [vendor, architecture, device, description], kernels });
  }

  /** Anchors of a class, E x 2 values; undefined where there are none, or their file is broken. */
  async find(of: ClassTokens, embed: number): Promise<Float32Array | undefined> {
    const values = (await this.#kept(of)) ?? (await this.#store.ready?.(await this.#key(of)));
    return values?.length === 2 * embed && values.every(Number.isFinite) ? values : undefined;
  }

  async #kept(of: ClassTokens): Promise<Float32Array | undefined> {
    const key = await this.#key(of, this.#device);
    const bytes = await this.#store.load(key);
    if (!bytes) return undefined;
    try {
      const file = await openSafetensors(bytesSource(key, bytes));
      const values = await file.readF32(TENSOR);
      const whole = file.metadata.get('key') === key && file.metadata.get('sum') === (await sumOf(values));
      return whole ? values : undefined;
    } catch {
      return undefined;
    }
  }

  /** Keeps the anchors of a class. */
  async keep(of: ClassTokens, values: Float32Array): Promise<void> {
    const key = await this.#key(of, this.#device);
    const tensor = toWrite(TENSOR, rawF32([1, values.length / 2, 2], values));
    const file = writeSafetensors([tensor], { key, sum: await sumOf(values) });
    await this.#store.save(key, await joinedChunks(file));
  }

  /** @param device where the anchors were computed; by default on any */
  #key({ normal, abnormal }: ClassTokens, device: object = {}): Promise<string> {
    const prompts = { normal: [...normal], abnormal: [...abnormal] };
    return sha256(new TextEncoder().encode(JSON.stringify([this.#origin, device, prompts])));
  }
}

const sumOf = (values: Float32Array): Promise<string> =>
  sha256(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
