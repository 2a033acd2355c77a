/** A row of the list of pictures to learn from. */
import { make, show } from './elements.js';
import { text } from './language.js';
import { type Entry, markWords } from './teach_entry.js';

/** Side of the small picture, in pixels. */
const SMALL = 96;

export interface RowActions {
  label(label: 0 | 1): void;
  mark(): void;
  remove(): void;
}

let rows = 0;

export class TeachRow {
  readonly element: HTMLLIElement;
  readonly #entry: Entry;
  readonly #about = make('span', { className: 'quiet' });
  readonly #good: HTMLInputElement;
  readonly #faulty: HTMLInputElement;
  readonly #mark = make('button', { type: 'button' });
  readonly #remove = make('button', { type: 'button' }, '×');
  readonly #words = [make('span'), make('span')] as const;
  /** What it says now, in one string. */
  #shows = '';

  constructor(entry: Entry, picture: ImageBitmap, act: RowActions) {
    this.#entry = entry;
    const small = make('canvas', { width: SMALL, height: SMALL });
    small.setAttribute('aria-hidden', 'true');
    const scale = Math.max(SMALL / picture.width, SMALL / picture.height);
    const [w, h] = [picture.width * scale, picture.height * scale];
    small.getContext('2d')!.drawImage(picture, (SMALL - w) / 2, (SMALL - h) / 2, w, h);
    const name = `teach-label-${rows++}`;
    const choice = (label: 0 | 1): HTMLInputElement => {
      const input = make('input', { type: 'radio', name });
      input.addEventListener('change', () => act.label(label));
      return input;
    };
    this.#good = choice(0);
    this.#faulty = choice(1);
    const [good, faulty] = this.#words;
    const labels = make(
      'fieldset',
      { className: 'row' },
      make('legend', { className: 'hidden' }, entry.name),
      make('label', { className: 'check' }, this.#good, good),
      make('label', { className: 'check' }, this.#faulty, faulty),
    );
    this.#mark.addEventListener('click', () => act.mark());
    this.#remove.addEventListener('click', () => act.remove());
    const what = make(
      'div',
      { className: 'what' },
      make('span', { className: 'name', title: entry.name }, entry.name),
      this.#about,
    );
    this.element = make('li', {}, small, what, this.#remove, labels, this.#mark);
  }

  /** Brings the row up to date. @param edited whether its mask is in the editor */
  refresh(edited: boolean): void {
    const { name, className, label } = this.#entry;
    const words = [className || text('teachNoObject'), markWords(this.#entry)];
    const about = words.filter(Boolean).join(' · ');
    const shows = `${text('teachMark')} ${label} ${edited} ${about}`;
    if (shows === this.#shows) return;
    this.#shows = shows;
    this.#about.textContent = about;
    [this.#good.checked, this.#faulty.checked] = [label === 0, label === 1];
    this.#words[0].textContent = text('teachGood');
    this.#words[1].textContent = text('teachFaulty');
    this.#mark.textContent = text('teachMark');
    this.#mark.ariaLabel = text('teachMarkOf', { name });
    this.#mark.ariaPressed = String(edited);
    this.#remove.ariaLabel = text('teachRemove', { name });
    this.#remove.title = this.#remove.ariaLabel;
    show(this.#mark, label === 1);
  }

  /** Moves the focus to the button that removes the picture. */
  focus(): void {
    this.#remove.focus();
  }
}
