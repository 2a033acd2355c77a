/** The choice between the map of all levels and that of one; the levels of a picture are computed when they are first looked at. */
import type { LevelReport } from '#src/web/engine_messages';
import { byId, make } from './elements.js';
import { type EngineClient, failureOf } from './engine_client.js';
import { onLanguage, text } from './language.js';
import type { Entry, PictureQueue } from './picture_queue.js';
import { sayFailure } from './result_panel.js';
import { showLevel } from './viewer.js';

const select = byId('level', HTMLSelectElement);
const note = byId('level-note', HTMLElement);

export class LevelView {
  readonly #engine: EngineClient;
  readonly #queue: PictureQueue;
  /** The scored picture that is shown. */
  #entry: Entry | undefined;
  #levels: Promise<readonly LevelReport[]> | undefined;

  constructor(engine: EngineClient, queue: PictureQueue) {
    this.#engine = engine;
    this.#queue = queue;
    select.addEventListener('change', () => void this.#choose());
    onLanguage(() => this.#fill());
    this.#fill();
  }

  /** What to put into the names of files: the level that is shown. */
  get suffix(): string {
    return select.value === '' ? '' : `.level${Number(select.value) + 1}`;
  }

  /** Shows the choice for the picture that is selected. A picture that is new is shown with all its levels. */
  update(): void {
    const selected = this.#queue.selected;
    const entry = selected?.report && selected.drawn ? selected : undefined;
    if (entry === this.#entry) return;
    this.#entry = entry;
    this.#levels = undefined;
    select.value = '';
    note.textContent = '';
    this.#fill();
  }

  #fill(): void {
    const before = select.value;
    const blocks = this.#entry?.report?.model.blocks ?? [];
    select.replaceChildren(
      make('option', { value: '' }, text('levelAll')),
      ...blocks.map((block, i) => make('option', { value: String(i) }, text('levelOne', { n: i + 1, block }))),
    );
    select.value = before;
    select.disabled = blocks.length < 2;
    if (before !== '') note.textContent = text('levelWords');
  }

  async #choose(): Promise<void> {
    const entry = this.#entry;
    if (!entry) return;
    if (select.value === '') {
      note.textContent = '';
      showLevel(undefined);
      return;
    }
    note.textContent = text('levelWorking');
    this.#levels ??= this.#ask(entry);
    try {
      const levels = await this.#levels;
      // Another picture, or all levels, may have been chosen meanwhile.
      if (entry !== this.#entry || select.value === '') return;
      showLevel(levels[Number(select.value)]);
      note.textContent = text('levelWords');
    } catch (error) {
      if (entry !== this.#entry) return;
      this.#levels = undefined;
      select.value = '';
      showLevel(undefined);
      sayFailure(note, failureOf(error));
    }
  }

  #ask({
    file,
    name,
    className,
    imageSize,
    orient,
    model = this.#queue.model,
  }: Entry): Promise<readonly LevelReport[]> {
    return this.#engine.ask({ kind: 'levels', model, picture: file, name, className, imageSize, orient });
  }
}
