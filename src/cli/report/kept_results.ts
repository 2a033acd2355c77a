/** What `results.json` keeps for the page of a test, beside the figures: curves, histograms, and a row for each picture. */
import type { Sample } from '../../data/metadata.js';
import type { ClassDetails } from '../../eval/class_details.js';
import type { LabelCurves } from '../../eval/curve_points.js';
import type { Figures } from '../../eval/metrics.js';
import type { AverageIntervals, ClassResult } from '../../eval/report.js';

export interface KeptPicture {
  readonly path: string;
  /** 0 normal, 1 abnormal. */
  readonly label: number;
  /** The score that the figures of images use, 0 to 1. */
  readonly score: number;
  /** The map's highest value, in the unit of the maps. */
  readonly peak: number;
}

/** What lies behind the figures of a class. */
export interface KeptClass {
  readonly pixels?: LabelCurves;
  readonly images: LabelCurves;
  readonly pictures: readonly KeptPicture[];
  /** The sheet of a class that was drawn; its pictures lie beside it. */
  readonly sheet?: string;
}

export type ReportedClass = ClassResult & { readonly behind?: KeptClass };

/** A data set at an epoch, as `results.json` holds it. */
export interface ReportedRun {
  readonly dataset: string;
  readonly epoch: number | string;
  readonly domain: string;
  readonly images: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
  /** Present where pictures were drawn. */
  readonly drawingSeconds?: number;
  readonly imagesPerSecondWithoutDrawing?: number;
  readonly classes: readonly ReportedClass[];
  readonly average: Figures;
  readonly averageIntervals?: AverageIntervals;
  readonly missing?: readonly string[];
}

/** Where and when something was run. */
export interface Origin {
  readonly aaclip: string;
  readonly node: string;
  readonly adapter?: string;
  /** ISO 8601. */
  readonly started: string;
  readonly ended?: string;
}

/** The digits that tell two float32 apart. */
const float32 = (v: number): number => Number(v.toPrecision(9));

/** @param sheet the sheet of the class, if it was drawn */
export function keptClass(
  { pixels, images, results }: ClassDetails,
  samples: readonly Sample[],
  sheet: string | undefined,
): KeptClass {
  return {
    ...(pixels ? { pixels } : {}),
    images,
    pictures: results.map(({ label, score, peak }, i) => ({
      path: samples[i]!.imagePath,
      label,
      score: float32(score),
      peak: float32(peak),
    })),
    ...(sheet === undefined ? {} : { sheet }),
  };
}

/** JSON with a level of indentation a line, and lists of numbers and rows of pictures on one line each. */
export function keptJson(value: unknown): string {
  const text = JSON.stringify(value, null, 1);
  // A text in JSON holds no line end, so these patterns cannot match inside one.
  return `${text
    .replaceAll(/\[\n[\s\d.,eE+-]+\]/g, (list) => list.replaceAll(/\s+/g, ''))
    .replaceAll(/\{\n *("path": .*)\n *(.*)\n *(.*)\n *(.*)\n *\}/g, '{ $1 $2 $3 $4 }')}\n`;
}
