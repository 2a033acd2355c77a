/** The curve of the loss while the model learns. */
import uPlot from 'uplot';
import type { TrainStep } from '#src/web/train_messages';
import { text } from './language.js';

const HEIGHT = 220;
/** Milliseconds between two drawings: the steps of a fast device come quicker than eyes follow. */
const PAUSE = 250;

/** A colour of the page's theme. */
const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export class LossChart {
  readonly #place: HTMLElement;
  #plot: uPlot | undefined;
  #steps: number[] = [];
  #text: (number | null)[] = [];
  #image: (number | null)[] = [];
  #drawing = 0;

  constructor(place: HTMLElement) {
    this.#place = place;
    new ResizeObserver(() => this.#plot?.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.redraw());
  }

  clear(): void {
    [this.#steps, this.#text, this.#image] = [[], [], []];
    this.redraw();
  }

  /** Adds a step; one that was taken before, on a device that was lost, replaces it. */
  add({ step, stage, loss }: TrainStep): void {
    while (this.#steps.length > 0 && this.#steps.at(-1)! >= step) {
      for (const list of [this.#steps, this.#text, this.#image]) list.pop();
    }
    this.#steps.push(step);
    this.#text.push(stage === 'text' ? loss : null);
    this.#image.push(stage === 'image' ? loss : null);
    this.#drawing ||= window.setTimeout(() => {
      this.#drawing = 0;
      if (this.#plot) this.#plot.setData([this.#steps, this.#text, this.#image]);
      else this.redraw();
    }, PAUSE);
  }

  /** Draws all of it anew, in the colours and the language of now. */
  redraw(): void {
    this.#plot?.destroy();
    this.#plot = undefined;
    // Without steps it asks for no width, which would have the whole page laid out.
    if (this.#steps.length === 0 || this.#place.clientWidth === 0) return;
    const axis = { stroke: colour('--quiet'), grid: { stroke: colour('--rule'), width: 1 } };
    const series = (label: string, stroke: string) => ({ label, stroke, width: 2, points: { show: true, size: 5 } });
    this.#plot = new uPlot(
      {
        ...{ width: this.#place.clientWidth, height: HEIGHT },
        scales: { x: { time: false } },
        axes: [axis, axis],
        series: [
          { label: text('teachStep') },
          series(text('teachText'), colour('--link')),
          series(text('teachImage'), colour('--faulty')),
        ],
      },
      [this.#steps, this.#text, this.#image],
      this.#place,
    );
  }
}
