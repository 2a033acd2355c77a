/** The fault in a picture, marked with a brush, an eraser or rectangles, by pointer or keyboard. */
import { byId, show } from './elements.js';
import { text } from './language.js';
import type { MaskEdit } from './mask_edit.js';
import { drawCursor, drawMask } from './mask_paint.js';
import { type Entry, maskOf, shareMarked } from './teach_entry.js';

/** Longer side of what is shown, in pixels. */
const SHOWN = 1024;
/** Steps of the arrow keys over the longer side, at most. */
const KEY_STEPS = 256;
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Takes the keys and the pointer; the canvases lie in it. */
const stage = byId('mask-stack', HTMLElement);
const canvas = byId('mask-canvas', HTMLCanvasElement);
const under = byId('mask-picture', HTMLCanvasElement);
const size = byId('mask-size', HTMLInputElement);
const words = byId('mask-words', HTMLElement);
const context = canvas.getContext('2d')!;

interface Point {
  readonly x: number;
  readonly y: number;
}

export class MaskEditor {
  readonly #changed: () => void;
  #entry: Entry | undefined;
  #cursor: Point = { x: 0, y: 0 };
  /** First corner of a rectangle. */
  #corner: Point | undefined;
  /** Whether a stroke goes on. */
  #drawing = false;
  #asked = 0;

  /** @param changed called after every change of a mask */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.#listen();
  }

  /** The picture whose mask is shown. */
  get edited(): Entry | undefined {
    return this.#entry;
  }

  /** Shows the mask of a picture; of none. */
  open(entry: Entry | undefined): void {
    if (entry === this.#entry) {
      this.refresh();
      return;
    }
    this.#cancel();
    this.#entry = entry;
    show(byId('mask-edit', HTMLElement), entry !== undefined);
    show(byId('mask-none', HTMLElement), entry === undefined);
    this.refresh();
    if (!entry) return;
    const { width, height } = maskOf(entry);
    this.#cursor = { x: Math.floor(width / 2) + 0.5, y: Math.floor(height / 2) + 0.5 };
    const scale = SHOWN / Math.max(width, height);
    for (const one of [canvas, under]) {
      one.width = Math.max(1, Math.round(width * scale));
      one.height = Math.max(1, Math.round(height * scale));
    }
    stage.style.setProperty('--ratio', String(width / height));
    createImageBitmap(entry.file).then(
      (picture) => {
        if (entry === this.#entry) under.getContext('2d')!.drawImage(picture, 0, 0, under.width, under.height);
        picture.close();
      },
      () => {
        // The file was changed or removed since.
        if (entry === this.#entry) words.textContent = text('teachBroken', { name: entry.name });
      },
    );
  }

  focus(): void {
    stage.focus();
  }

  /** Brings what is shown up to date. */
  refresh(): void {
    const entry = this.#entry;
    const title = byId('mask-name', HTMLElement);
    title.textContent = entry ? text('teachMarkOf', { name: entry.name }) : text('maskTitle');
    if (!entry) return;
    stage.ariaLabel = text('maskCanvas', { name: entry.name });
    words.textContent = text('maskWords', { share: shareMarked(entry) });
    this.#draw();
  }

  get #mask(): MaskEdit {
    return maskOf(this.#entry!);
  }

  #tool = (): string => document.querySelector<HTMLInputElement>('[name="mask-tool"]:checked')!.value;

  /** Radius of the brush in pixels of the mask; never so small that it falls between them. */
  get #radius(): number {
    return Math.max(0.75, (Number(size.value) / 200) * Math.max(this.#mask.width, this.#mask.height));
  }

  /** Draws at the next frame. */
  #draw(): void {
    if (this.#asked !== 0) return;
    this.#asked = requestAnimationFrame(() => {
      this.#asked = 0;
      if (!this.#entry) return;
      drawMask(context, this.#mask);
      const scale = canvas.width / this.#mask.width;
      const shown = document.activeElement === stage || stage.matches(':hover');
      const rectangle = this.#tool() === 'rectangle';
      if (shown) drawCursor(context, this.#cursor, scale, rectangle ? undefined : this.#radius, this.#corner);
    });
  }

  /** Paints or erases from the cursor to a point, and moves it there. */
  #moveTo(to: Point): void {
    const from = this.#cursor;
    this.#cursor = to;
    if (this.#drawing) this.#mask.stroke(from.x, from.y, to.x, to.y, this.#radius, this.#tool() === 'eraser' ? 0 : 1);
    this.#draw();
  }

  #begin(): void {
    if (this.#tool() === 'rectangle') this.#corner = this.#cursor;
    else {
      this.#drawing = true;
      this.#moveTo(this.#cursor);
    }
    this.#draw();
  }

  /** Ends a stroke or a rectangle as one step. */
  #end(): void {
    if (this.#corner) {
      const [a, b] = [this.#corner, this.#cursor];
      const [x, y] = [Math.floor(Math.min(a.x, b.x)), Math.floor(Math.min(a.y, b.y))];
      // Both corners' pixels belong to it.
      this.#mask.rectangle(x, y, Math.floor(Math.max(a.x, b.x)) + 1, Math.floor(Math.max(a.y, b.y)) + 1, 1);
    } else if (!this.#drawing) return;
    this.#corner = undefined;
    this.#drawing = false;
    this.#mask.commit();
    this.#changed();
  }

  #cancel(): void {
    this.#corner = undefined;
    if (this.#drawing) {
      this.#drawing = false;
      this.#mask.commit();
      this.#mask.undo();
    }
    this.#draw();
  }

  #act(change: (mask: MaskEdit) => void): void {
    if (!this.#entry) return;
    this.#cancel();
    change(this.#mask);
    this.#changed();
  }

  #at(event: PointerEvent): Point {
    const box = stage.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) / box.width) * this.#mask.width,
      y: ((event.clientY - box.top) / box.height) * this.#mask.height,
    };
  }

  #inside({ x, y }: Point): Point {
    const { width, height } = this.#mask;
    return { x: Math.min(width - 0.5, Math.max(0.5, x)), y: Math.min(height - 0.5, Math.max(0.5, y)) };
  }

  #onKey(event: KeyboardEvent): void {
    const arrow = ARROWS[event.key];
    const rectangle = this.#tool() === 'rectangle';
    if (arrow) {
      const { width, height } = this.#mask;
      const step = Math.max(1, Math.round(Math.max(width, height) / KEY_STEPS)) * (event.shiftKey ? 10 : 1);
      this.#moveTo(this.#inside({ x: this.#cursor.x + step * arrow[0], y: this.#cursor.y + step * arrow[1] }));
    } else if (event.key === ' ' && !rectangle) {
      if (!event.repeat) this.#begin();
    } else if (event.key === 'Enter' && rectangle) {
      if (this.#corner) this.#end();
      else this.#begin();
    } else if (event.key === 'Escape') this.#cancel();
    else return;
    event.preventDefault();
  }

  #listen(): void {
    stage.addEventListener('keydown', (event) => this.#onKey(event));
    stage.addEventListener('keyup', (event) => event.key === ' ' && this.#end());
    stage.addEventListener('pointerdown', (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      stage.setPointerCapture(event.pointerId);
      this.#cancel();
      this.#cursor = this.#at(event);
      this.#begin();
    });
    stage.addEventListener('pointermove', (event) => event.isPrimary && this.#moveTo(this.#at(event)));
    stage.addEventListener('pointerup', (event) => event.isPrimary && this.#end());
    stage.addEventListener('pointercancel', (event) => event.isPrimary && this.#cancel());
    for (const kind of ['pointerleave', 'focus']) stage.addEventListener(kind, () => this.#draw());
    stage.addEventListener('blur', () => this.#cancel());
    size.addEventListener('input', () => this.#draw());
    const on = (id: string, change: (mask: MaskEdit) => void): void =>
      byId(id, HTMLButtonElement).addEventListener('click', () => this.#act(change));
    on('mask-undo', (mask) => mask.undo());
    on('mask-redo', (mask) => mask.redo());
    on('mask-clear', (mask) => {
      mask.rectangle(0, 0, mask.width, mask.height, 0);
      mask.commit();
    });
    byId('teach-mask', HTMLElement).addEventListener('keydown', (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
      event.preventDefault();
      this.#act((mask) => (event.shiftKey ? mask.redo() : mask.undo()));
    });
    byId('mask-edit', HTMLElement).addEventListener('change', () => this.#entry && this.#cancel());
  }
}
