/** The files of a training in the store: its checkpoints while it goes on, and what it leaves in the end. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { lineOf } from '../endings.js';
import { programVersion } from '../program.js';
import { hashOf } from '../queue/file_refs.js';
import { noteLine } from '../queue/queue_flags.js';
import type { Store } from '../queue/store.js';

/** What `aaclip train` leaves in a folder, apart from the page, which is drawn from the rest. */
const NAME =
  /^(?:(?:text|image)_adapter(?:_\d{1,6})?\.(?:safetensors|pth)|train\.log|metrics\.jsonl|loss\.svg|training\.json)$/;

const STATE = z.strictObject({
  files: z.array(z.strictObject({ name: z.string().regex(NAME), hash: z.string().regex(/^[0-9a-f]{64}$/) })).max(1e4),
});

/** The files of a training at one time. */
export type KeptState = z.infer<typeof STATE>;

export const encodeState = (state: KeptState): Uint8Array => Buffer.from(JSON.stringify(state));

/** @throws where the bytes are damaged */
export const decodeState = (bytes: Uint8Array): KeptState =>
  STATE.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));

/** Undefined where the bytes are damaged. */
function readState(bytes: Uint8Array): KeptState | undefined {
  try {
    return decodeState(bytes);
  } catch {
    return undefined;
  }
}

/** Each file lies under the hash of its bytes, and a small file names those that belong together: it is written last. */
export class KeptTraining {
  readonly #store: Store;
  readonly #place: string;
  /** The state that this process wrote or read last. */
  #last: KeptState = { files: [] };

  /**
   * @param fingerprint of the training's plan; with the program's version it names the place, as it does with tasks: no version goes on
   *   from checkpoints of another
   */
  constructor(store: Store, fingerprint: string) {
    this.#store = store;
    this.#place = `trainings/${programVersion()}/${fingerprint}`;
  }

  /** Keeps what a folder holds now, and lets go of files that this process kept before and that have changed since. */
  async keep(folder: string): Promise<KeptState> {
    const files: KeptState['files'] = [];
    for (const name of (await readdir(folder)).filter((entry) => NAME.test(entry)).sort()) {
      const path = join(folder, name);
      const hash = await hashOf(path);
      files.push({ name, hash });
      if (!(await this.#store.has(this.#nameOf(hash)))) await this.#store.putFile(this.#nameOf(hash), path);
    }
    const state = { files };
    await this.#store.put(this.#latest, encodeState(state));
    const now = new Set(files.map(({ hash }) => hash));
    for (const { hash } of this.#last.files) if (!now.has(hash)) await this.#store.remove(this.#nameOf(hash));
    this.#last = state;
    return state;
  }

  /**
   * Copies the state that was kept last into an empty folder. Where there is none, or a part of it is missing or damaged, the
   * folder stays empty, and the training begins again.
   * @returns whether there was one
   * @throws one line when the folder cannot be written, or the store cannot be read
   */
  async resume(folder: string): Promise<boolean> {
    const bytes = await this.#store.get(this.#latest);
    if (!bytes) return false;
    const state = readState(bytes);
    try {
      if (!state) throw new Error(`store ${this.#store.where}: ${this.#latest} is damaged`);
      await this.copy(state, folder);
      this.#last = state;
      return true;
    } catch (error) {
      if (state && (await this.has(state))) throw error;
      noteLine(`${lineOf(error).split(';')[0]}: the training begins again`);
      for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true });
      return false;
    }
  }

  /** Whether the store has all files of a state. */
  async has({ files }: KeptState): Promise<boolean> {
    for (const { hash } of files) if (!(await this.#store.has(this.#nameOf(hash)))) return false;
    return true;
  }

  /** Copies the files of a state into a folder. @throws one line when one is missing or damaged, or cannot be written */
  async copy({ files }: KeptState, folder: string): Promise<void> {
    for (const { name, hash } of files) {
      const path = join(folder, name);
      await this.#store.getFile(this.#nameOf(hash), path);
      if ((await hashOf(path)) === hash) continue;
      await this.#store.remove(this.#nameOf(hash));
      await rm(path);
      throw new Error(
        `store ${this.#store.where}: ${name} of a training is damaged; check the disk of the store, and run the command that queued it again`,
      );
    }
  }

  /** Removes all of the training from the store. */
  async remove(): Promise<void> {
    await this.#store.remove(this.#latest);
    for await (const name of this.#store.list(`${this.#place}/`)) await this.#store.remove(name);
  }

  get #latest(): string {
    return `${this.#place}/latest`;
  }

  #nameOf(hash: string): string {
    return `${this.#place}/${hash}`;
  }
}
