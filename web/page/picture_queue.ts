/** The pictures of the page: scored one after another, each with what came of it. */
import type { Failure, ModelChoice, ScoreReport, Stage } from '#src/web/engine_messages';
import { type EngineClient, failureOf } from './engine_client.js';

/** How a picture is to be scored. */
export interface ScoreUse {
  readonly className: string;
  readonly imageSize: number | undefined;
  readonly orient: boolean;
}

export interface Entry extends ScoreUse {
  readonly file: Blob;
  readonly name: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'stopped';
  /** What it was scored with. */
  model?: ModelChoice;
  /** Its figures. */
  report?: Omit<ScoreReport, 'map' | 'preview'>;
  /** Its pixels; older ones are dropped, and made again when they are looked at. */
  drawn?: Pick<ScoreReport, 'map' | 'preview'>;
  failure?: Failure;
}

/** Pictures whose pixels are kept. */
const MOST_DRAWN = 40;

export class PictureQueue {
  readonly entries: Entry[] = [];
  /** The picture that is shown. */
  selected: Entry | undefined;
  /** The model that pictures are scored with. */
  model: ModelChoice = { kind: 'packaged' };
  readonly #engine: EngineClient;
  readonly #changed: () => void;
  readonly #staged: (entry: Entry, stage: Stage, share: number | undefined) => void;
  #running: Promise<void> | undefined;
  #stop = new AbortController();
  /** Whether the user chose the picture that is shown: then new ones do not take its place. */
  #held = false;

  /**
   * @param changed called when an entry, or the one that is shown, has changed
   * @param staged called when a step of an entry begins or goes on
   */
  constructor(
    engine: EngineClient,
    changed: () => void,
    staged: (entry: Entry, stage: Stage, share: number | undefined) => void,
  ) {
    this.#engine = engine;
    this.#changed = changed;
    this.#staged = staged;
  }

  /** Adds pictures; the first of them is shown. */
  add(files: readonly { readonly file: Blob; readonly name: string }[], use: ScoreUse): void {
    const added = files.map(({ file, name }): Entry => ({ file, name, ...use, state: 'waiting' }));
    this.entries.push(...added);
    this.#held = false;
    this.selected = added[0] ?? this.selected;
    this.#changed();
    this.#go();
  }

  /** Shows a picture; one whose pixels were dropped is scored again. */
  select(entry: Entry): void {
    this.#held = true;
    this.selected = entry;
    if (entry.state === 'stopped' || (entry.state === 'done' && !entry.drawn)) this.again(entry, entry);
    else this.#changed();
  }

  /** Scores a picture once more, in another way. */
  again(entry: Entry, use: ScoreUse): void {
    const { className, imageSize, orient } = use;
    const { file, name } = entry;
    const fresh: Entry = { file, name, className, imageSize, orient, state: 'waiting' };
    this.entries[this.entries.indexOf(entry)] = fresh;
    if (this.selected === entry) this.selected = fresh;
    this.#changed();
    this.#go();
  }

  /** Ends the picture that is being scored, and those that wait. */
  stop(): void {
    for (const entry of this.entries) if (entry.state === 'waiting') entry.state = 'stopped';
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#changed();
  }

  clear(): void {
    this.stop();
    this.entries.length = 0;
    this.selected = undefined;
    this.#changed();
  }

  get busy(): boolean {
    return this.entries.some(({ state }) => state === 'waiting' || state === 'running');
  }

  #go(): void {
    this.#running ??= this.#work().finally(() => {
      this.#running = undefined;
    });
  }

  async #work(): Promise<void> {
    for (;;) {
      const entry = this.entries.find(({ state }) => state === 'waiting');
      if (!entry) return;
      if (!this.#held) this.selected = entry;
      entry.state = 'running';
      this.#changed();
      await this.#score(entry);
      this.#changed();
    }
  }

  async #score(entry: Entry): Promise<void> {
    const { file, name, className, imageSize, orient } = entry;
    const { model } = this;
    entry.model = model;
    try {
      const { map, preview, ...report } = await this.#engine.ask(
        { kind: 'score', model, picture: file, name, className, imageSize, orient },
        { signal: this.#stop.signal, onStage: (stage, share) => this.#staged(entry, stage, share) },
      );
      entry.report = report;
      entry.drawn = { map, preview };
      entry.state = 'done';
      this.#dropOld();
    } catch (error) {
      entry.failure = failureOf(error);
      entry.state = entry.failure.code === 'aborted' ? 'stopped' : 'failed';
    }
  }

  #dropOld(): void {
    const drawn = this.entries.filter((entry) => entry.drawn && entry !== this.selected);
    for (const entry of drawn.slice(0, Math.max(0, drawn.length - MOST_DRAWN))) delete entry.drawn;
  }
}
