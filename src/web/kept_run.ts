/** The checkpoints of a training in the page: in memory for a device that is lost, and in private storage for a tab that is closed. */
import type { SavedCheckpoint } from '../train/training_options.js';
import { type KeptFiles, StorageError } from './kept_files.js';
import type { KeptRun } from './train_messages.js';

const DESCRIPTION = 'run.json';

/** What a run must share with the one it continues. */
export interface RunDescription extends Omit<KeptRun, 'stage' | 'epoch' | 'batch' | 'saved'> {
  /** Fingerprint of the pictures, masks and labels, in their order. */
  readonly samples: string;
}

type Stored = RunDescription & Omit<KeptRun, keyof RunDescription>;

export class RunFiles {
  readonly #files: KeptFiles;
  readonly #memory = new Map<string, Blob>();
  /** Why the browser keeps no checkpoints; undefined while it does. */
  problem: string | undefined;

  constructor(files: KeptFiles) {
    this.#files = files;
  }

  /** What an earlier run has left; undefined where it left nothing. */
  async kept(): Promise<Stored | undefined> {
    const names = await this.#files.list().catch(() => []);
    if (!names.some(({ name }) => name === DESCRIPTION)) return undefined;
    const text = await (await this.#files.open(DESCRIPTION)).text();
    try {
      return JSON.parse(text) as Stored;
    } catch {
      return undefined;
    }
  }

  /** Takes the checkpoints of the run that was kept. */
  async reopen(): Promise<void> {
    for (const { name } of await this.#files.list()) {
      if (name !== DESCRIPTION) this.#memory.set(name, await this.#files.open(name));
    }
  }

  /** The latest checkpoints of each stage. */
  get checkpoints(): { readonly text?: Blob | undefined; readonly image?: Blob | undefined } {
    return { text: this.#memory.get('text_adapter.safetensors'), image: this.#memory.get('image_adapter.safetensors') };
  }

  async save(checkpoint: SavedCheckpoint, description: RunDescription): Promise<void> {
    const { name, stage, epoch, batch, bytes } = checkpoint;
    const file = new Blob([bytes]);
    this.#memory.set(name, file);
    if (this.problem !== undefined) return;
    const saved = new Date().toISOString();
    const state = JSON.stringify({ ...description, stage, epoch, batch, saved } satisfies Stored);
    try {
      await this.#keep(name, file);
      await this.#keep(DESCRIPTION, new Blob([state]));
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      this.problem = error.message;
    }
  }

  /** Forgets the run; the next one tries anew to keep its checkpoints. */
  async drop(): Promise<void> {
    this.#memory.clear();
    this.problem = undefined;
    // The description goes first: without it nothing is there to be continued.
    const names = (await this.#files.list().catch(() => [])).map(({ name }) => name);
    for (const name of [DESCRIPTION, ...names]) await this.#files.forget(name).catch(() => undefined);
  }

  async #keep(name: string, file: Blob): Promise<void> {
    await this.#files.keep(name, file, () => undefined, new AbortController().signal);
  }
}
