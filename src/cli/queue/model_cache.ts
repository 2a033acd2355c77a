/** The models a worker keeps on its device: the ones used last, as far as their memory allows. */
import { AaclipError } from '../../detect/errors.js';

/** A loaded model and the memory it takes. */
export interface KeptModel<T extends Disposable> {
  readonly model: T;
  /** Bytes on the device, about; the size of its weights will do. */
  readonly bytes: number;
}

interface Entry {
  readonly loaded: Promise<KeptModel<Disposable>>;
  bytes: number;
  users: number;
  ready: boolean;
  /** Whether the cache has let go of it: the last user disposes of it. */
  dropped: boolean;
}

export class ModelCache implements Disposable {
  readonly #most: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();

  /** @param bytes what all models together may take; one that is larger alone is kept until another is needed */
  constructor(bytes: number) {
    this.#most = bytes;
  }

  /**
   * Gives a model to `work`; it is not disposed of meanwhile. Tasks that ask for the same key share one model. When `work`
   * meets a failure of the device, all models are let go of, so that the next task opens the device again.
   * @param key what tells models apart: fingerprints of the files and all settings that the model depends on
   * @param load opens device and model; called where the cache has none
   * @throws what `load` and `work` throw
   */
  async use<T extends Disposable, R>(
    key: string,
    load: () => Promise<KeptModel<T>>,
    work: (model: T) => Promise<R>,
  ): Promise<R> {
    let entry = this.#entries.get(key);
    if (entry) this.#entries.delete(key);
    else {
      // Room is made before there are two: the device may not hold both.
      entry = { loaded: this.#makeRoom().then(load), bytes: 0, users: 0, ready: false, dropped: false };
    }
    this.#entries.set(key, entry);
    entry.users++;
    try {
      const { model, bytes } = await entry.loaded;
      entry.bytes = bytes;
      entry.ready = true;
      return await work(model as T);
    } catch (error) {
      if (error instanceof AaclipError && error.code === 'device') this[Symbol.dispose]();
      throw error;
    } finally {
      entry.users--;
      if (!entry.ready) await this.#drop(key, entry);
      else if (entry.dropped) await this.#disposeOf(entry);
    }
  }

  /** Lets go of all models; those in use are disposed of by their last user. */
  [Symbol.dispose](): void {
    for (const [key, entry] of this.#entries) void this.#drop(key, entry);
  }

  /** Disposes of idle models, those used longest ago first, until one more of the largest kept size fits in. */
  async #makeRoom(): Promise<void> {
    const kept = [...this.#entries.values()];
    const expected = Math.max(0, ...kept.map(({ bytes }) => bytes));
    let sum = kept.reduce((all, { bytes }) => all + bytes, expected);
    for (const [key, entry] of this.#entries) {
      if (sum <= this.#most) return;
      if (entry.users > 0) continue;
      sum -= entry.bytes;
      await this.#drop(key, entry);
    }
  }

  async #drop(key: string, entry: Entry): Promise<void> {
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
    entry.dropped = true;
    if (entry.users === 0) await this.#disposeOf(entry);
  }

  async #disposeOf(entry: Entry): Promise<void> {
    if (entry.users > 0) return;
    (await entry.loaded.catch(() => undefined))?.model[Symbol.dispose]();
  }
}
