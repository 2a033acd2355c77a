/** Measures the ways on drawn pictures of several classes. */
import type { Detector } from '#src/detect/detector';
import { planDataset, type Setup } from '../pictures/index.js';
import { drawPictures, SIZE } from '../tiny/held_out.js';
import { type Areas, areasOf, judgePictures, WAYS, type Way } from './ways.js';

/** Pictures of a class. */
export interface Counts {
  readonly references: number;
  readonly good: number;
  readonly faulty: number;
}

export interface Draw extends Counts {
  readonly classes: readonly string[];
  readonly setup: Setup;
  readonly seed: number;
}

export interface ClassAreas {
  readonly className: string;
  readonly ways: Readonly<Record<Way, Areas>>;
}

/** The areas of every class of a draw. @param onClass called after each class with the number of classes done */
export async function measureClasses(
  detector: Detector,
  { classes, setup, seed, references, good, faulty }: Draw,
  onClass: (done: number) => void,
): Promise<ClassAreas[]> {
  const counts = { train: references, normal: good, anomalous: faulty };
  const planned = planDataset({ classes, setup, seed, size: SIZE, ...counts });
  const pictures = await drawPictures(planned);
  const each = references + good + faulty;
  const found: ClassAreas[] = [];
  for (const [i, className] of classes.entries()) {
    // A class's references come first in the plan.
    const own = pictures.slice(each * i, each * (i + 1));
    const judged = await judgePictures(detector, className, own.slice(0, references), own.slice(references), SIZE);
    const ways = Object.fromEntries(WAYS.map((way) => [way, areasOf(judged, way)])) as Record<Way, Areas>;
    found.push({ className, ways });
    onClass(found.length);
  }
  return found;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** Sample deviation; 0 of a single value. */
function deviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, values.length - 1));
}

/** Mean over the classes of each seed: their mean, and their deviation between seeds. */
export interface Spread {
  readonly mean: number;
  readonly deviation: number;
}

export interface TableRow {
  readonly setup: Setup;
  readonly way: Way;
  readonly pixel: Spread;
  readonly image: Spread;
}

/** A row for each way of a setup. @param seeds the classes of each seed */
export function tableRows(setup: Setup, seeds: readonly (readonly ClassAreas[])[]): TableRow[] {
  return WAYS.map((way) => {
    const spread = (kind: keyof Areas): Spread => {
      const means = seeds.map((classes) => mean(classes.map(({ ways }) => ways[way][kind])));
      return { mean: mean(means), deviation: deviation(means) };
    };
    return { setup, way, pixel: spread('pixel'), image: spread('image') };
  });
}
