/** Pictures of the classes that the embedded adapters were not trained on. */
import { CLASSES, findClass, type PlannedPicture, planDataset, type SampleSpec } from '../pictures/index.js';
import { halves } from './halves.js';
import { inThreads } from './threads.js';

/** Side that pictures are drawn and tested at, in pixels. */
export const SIZE = 256;

export interface HeldOutPlan {
  /** Pictures per class. */
  readonly normal: number;
  readonly anomalous: number;
  readonly seed: number;
}

/** The pictures that the held-out classes are tested on. */
export const HELD_OUT: HeldOutPlan = { normal: 5, anomalous: 5, seed: 12 };

export interface TestPicture {
  readonly className: string;
  /** Name of the class in prompts. */
  readonly words: string;
  /** Bytes [SIZE, SIZE, 3]. */
  readonly rgb: Uint8Array;
  /** 1 where the defect is, [SIZE, SIZE]. */
  readonly mask: Uint8Array;
  readonly label: 0 | 1;
}

/** The input of sample_worker.ts. */
export interface SampleList {
  readonly specs: readonly SampleSpec[];
}

/** The replies of sample_worker.ts. */
export interface SampleDrawn {
  readonly index: number;
  readonly rgb: Uint8Array;
  readonly mask: Uint8Array;
}

/** The held-out classes' pictures, class by class. */
export function heldOutPictures(plan: HeldOutPlan = HELD_OUT): Promise<TestPicture[]> {
  return drawPictures(planDataset({ classes: halves(CLASSES).heldOut, train: 0, size: SIZE, ...plan }));
}

/** Planned pictures in their order, drawn by several threads. */
export async function drawPictures(planned: readonly PlannedPicture[]): Promise<TestPicture[]> {
  const pictures = new Array<TestPicture>(planned.length);
  const list: SampleList = { specs: planned.map((p) => p.sample) };
  await inThreads<SampleDrawn>('sample_worker', list, ({ index, rgb, mask }) => {
    const { sample, maskPath } = planned[index]!;
    const { className } = sample;
    pictures[index] = { className, words: findClass(className).words, rgb, mask, label: maskPath ? 1 : 0 };
  });
  return pictures;
}
