/** The pictures that the model is to learn from: chosen, labelled and marked. */
import type { TaughtPicture } from '#src/web/train_messages';
import { byId, make } from './elements.js';
import { onLanguage, text } from './language.js';
import { MaskEditor } from './mask_editor.js';
import { type Given, onPicked } from './picture_input.js';
import { fileOf, SAMPLES } from './samples.js';
import { type Entry, isMarked } from './teach_entry.js';
import { byStem, isMask, labelsByFolder, openMask, pictureOf } from './teach_masks.js';
import { TeachRow } from './teach_row.js';

const SAMPLE_OBJECTS: readonly string[] = ['tile', 'fabric'];

const object = byId('teach-object', HTMLInputElement);
const list = byId('teach-list', HTMLUListElement);
const problems = byId('teach-problems', HTMLElement);

export class TeachPictures {
  readonly #changed: () => void;
  readonly #rows = new Map<Entry, TeachRow>();
  readonly #editor: MaskEditor;
  /** Masks whose pictures have not been given yet. */
  #waiting: Given[] = [];
  #problems: string[] = [];
  /** What was given is taken in one after another. */
  #work: Promise<void> = Promise.resolve();

  /** @param changed called after every change of pictures, labels or masks */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#editor = new MaskEditor(() => this.#refresh());
    for (const id of ['teach-pick', 'teach-folder']) onPicked(byId(id, HTMLInputElement), (given) => this.take(given));
    onPicked(byId('teach-masks', HTMLInputElement), (masks) => this.#then(() => this.#addMasks(masks)));
    byId('teach-samples', HTMLButtonElement).addEventListener('click', () => this.#then(() => this.#addSamples()));
    const named = (): void => {
      for (const entry of this.#rows.keys()) entry.className ||= object.value.trim();
      this.#refresh();
    };
    // A name that is typed once more is no change.
    for (const kind of ['change', 'blur']) object.addEventListener(kind, named);
    onLanguage(() => this.#refresh());
    this.#refresh();
  }

  /** Adds pictures, and the masks among them. */
  take(given: readonly Given[]): void {
    this.#then(async () => {
      if (given.length === 0) this.#problems.push(text('folderEmpty'));
      const pictures = given.filter((one) => !isMask(one));
      const labels = labelsByFolder(pictures);
      for (const [i, one] of pictures.entries()) await this.#add(one, object.value.trim(), labels[i] ?? 0);
      await this.#addMasks(given.filter(isMask));
    });
  }

  /** What the model is to learn from. Masks go in the size in which they were drawn: larger ones say no more. */
  samples(): TaughtPicture[] {
    return [...this.#rows.keys()].map((entry) => {
      const { name, file: picture, className, label, mask } = entry;
      const sample = { name, picture, className, label };
      if (label === 0 || !mask?.marked) return sample;
      return { ...sample, mask: { width: mask.width, height: mask.height, data: mask.data } };
    });
  }

  /** What is needed before training, in the page's language. */
  missing(): string | undefined {
    const entries = [...this.#rows.keys()];
    const unmarked = entries.find((entry) => entry.label === 1 && !isMarked(entry));
    if (!entries.some(({ label }) => label === 0)) return text('teachNeedsGood');
    if (!entries.some(({ label }) => label === 1)) return text('teachNeedsFaulty');
    if (unmarked) return text('teachNeedsMask', { name: unmarked.name });
    return entries.some(({ className }) => className === '') ? text('teachNeedsObject') : undefined;
  }

  /** Does a job after those before it; what goes wrong in it is said in place of what was said before. */
  #then(job: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      this.#problems = [];
      try {
        await job();
      } catch (error) {
        this.#problems.push(error instanceof Error ? error.message : String(error));
      }
      this.#refresh();
    });
  }

  async #add(given: Given, className: string, label: 0 | 1): Promise<void> {
    let picture: ImageBitmap;
    try {
      picture = await createImageBitmap(given.file);
    } catch {
      this.#problems.push(text('teachBroken', { name: given.name }));
      return;
    }
    const entry: Entry = { ...given, className, label, width: picture.width, height: picture.height };
    const row = new TeachRow(entry, picture, {
      label: (chosen) => {
        entry.label = chosen;
        if (chosen === 1) this.#editor.open(entry);
        this.#refresh();
      },
      mark: () => {
        this.#editor.open(entry);
        this.#editor.focus();
        this.#refresh();
      },
      remove: () => this.#remove(entry),
    });
    picture.close();
    this.#rows.set(entry, row);
    list.append(row.element);
    this.#refresh();
  }

  /** Gives masks to their pictures, those too that came before their pictures. */
  async #addMasks(masks: readonly Given[]): Promise<void> {
    const all = [...this.#waiting, ...masks];
    this.#waiting = [];
    const pictures = byStem([...this.#rows.keys()]);
    for (const mask of all) {
      const entry = pictureOf(mask, pictures);
      if (!entry) {
        this.#waiting.push(mask);
        continue;
      }
      const problem = await openMask(mask, entry);
      if (problem) this.#problems.push(problem);
    }
    const alone = masks.filter((mask) => this.#waiting.includes(mask)).map(({ name }) => name);
    if (alone.length > 0) this.#problems.push(text('teachMaskAlone', { names: alone.join(', ') }));
  }

  async #addSamples(): Promise<void> {
    for (const sample of SAMPLES) {
      if (!SAMPLE_OBJECTS.includes(sample.object) || sample.kind === 'sampleMissed') continue;
      const given = await fileOf(sample);
      if ([...this.#rows.keys()].some(({ name }) => name === given.name)) continue;
      await this.#add(given, sample.object, sample.kind === 'sampleFaulty' ? 1 : 0);
    }
  }

  #remove(entry: Entry): void {
    const entries = [...this.#rows.keys()];
    const next = entries[entries.indexOf(entry) + 1] ?? entries[entries.indexOf(entry) - 1];
    this.#rows.get(entry)?.element.remove();
    this.#rows.delete(entry);
    const row = next && this.#rows.get(next);
    if (row) row.focus();
    else byId('teach-pick', HTMLInputElement).focus();
    this.#refresh();
  }

  #refresh(): void {
    const entries = [...this.#rows.keys()];
    const faulty = entries.filter(({ label }) => label === 1);
    const { edited } = this.#editor;
    if (!edited || !faulty.includes(edited)) this.#editor.open(faulty.find((entry) => !isMarked(entry)) ?? faulty[0]);
    else this.#editor.refresh();
    for (const [entry, row] of this.#rows) row.refresh(entry === this.#editor.edited);
    const counts = { good: entries.length - faulty.length, faulty: faulty.length };
    byId('teach-count', HTMLElement).textContent =
      entries.length === 0
        ? text('teachNone')
        : text('teachCount', { ...counts, marked: faulty.filter(isMarked).length });
    const said = [...problems.children].map(({ textContent }) => textContent).join();
    // Written anew, they would be read out anew.
    if (said !== this.#problems.join()) problems.replaceChildren(...this.#problems.map((line) => make('p', {}, line)));
    this.#changed();
  }
}
