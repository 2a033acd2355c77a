/** A histogram of good and faulty pictures, with the threshold as a line through it. */
import { text } from './language.js';

interface Valued {
  readonly value: number;
}

const [WIDTH, HEIGHT, FLOOR, BINS] = [640, 200, 170, 24];

function part(tag: string, attributes: Readonly<Record<string, string | number>>, words = ''): Element {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.textContent = words;
  return element;
}

/** Draws peaks of the evidence; what the drawing shows is also said in words. */
export function drawHistogram(
  place: HTMLElement,
  good: readonly Valued[],
  bad: readonly Valued[],
  threshold: number,
): void {
  const values = [...good, ...bad].map(({ value }) => value);
  const [low, high] = [Math.min(...values, threshold), Math.max(...values, threshold)];
  // Room on both sides, so that no bar lies on the edge.
  const span = Math.max(high - low, 1e-6) * 1.1;
  const from = (low + high - span) / 2;
  const at = (value: number): number => ((value - from) / span) * WIDTH;
  const counts = [good, bad].map((list) => {
    const bins = new Array<number>(BINS).fill(0);
    for (const { value } of list) bins[Math.min(BINS - 1, Math.floor((at(value) / WIDTH) * BINS))]!++;
    return bins;
  });
  const most = Math.max(...counts.flat(), 1);
  const bar = WIDTH / BINS / 2;
  const bars = counts.flatMap((bins, kind) =>
    bins.flatMap((count, i) => {
      const height = (count / most) * (FLOOR - 30);
      const shape = { x: (2 * i + kind) * bar + 1, y: FLOOR - height, width: bar - 2, height };
      return count > 0 ? [part('rect', { class: kind === 0 ? 'good' : 'faulty', ...shape })] : [];
    }),
  );
  const x = at(threshold);
  const anchor = x > WIDTH / 2 ? 'end' : 'start';
  const drawing = part('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' });
  drawing.append(
    ...bars,
    part('line', { x1: 0, x2: WIDTH, y1: FLOOR, y2: FLOOR }),
    part('line', { class: 'threshold', x1: x, x2: x, y1: 0, y2: FLOOR }),
    part('text', { x: x + (anchor === 'end' ? -6 : 6), y: 20, 'text-anchor': anchor }, text('threshold')),
    part('text', { x: WIDTH, y: HEIGHT - 8, 'text-anchor': 'end' }, `${text('decideChartAxis')} →`),
  );
  place.replaceChildren(drawing);
  const above = (list: readonly Valued[]): number => list.filter(({ value }) => value >= threshold).length;
  const words = { good: good.length, bad: bad.length, above: above(good), found: above(bad) };
  place.setAttribute('aria-label', text('decideChart', words));
}
