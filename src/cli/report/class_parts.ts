/** The part of a page on one class: histograms, and the pictures that were decided worst and best. */
import type { LabelCurves } from '../../eval/curve_points.js';
import { type Judged, judged } from '../../eval/picture_error.js';
import { type Bars, figureOf, histogramChart } from './charts.js';
import { NONE, scrolled } from './figure_tables.js';
import type { KeptPicture, ReportedClass } from './kept_results.js';
import { html, type Markup } from './markup.js';

const IMAGE_BINS = 20;

/** Counts of image scores, 0 to 1. */
function imageBars(pictures: readonly KeptPicture[]): Bars {
  const counts = (abnormal: boolean): number[] => {
    const bins = new Array<number>(IMAGE_BINS).fill(0);
    for (const { label, score } of pictures) {
      if ((label !== 0) !== abnormal) continue;
      bins[Math.min(IMAGE_BINS - 1, Math.max(0, Math.floor(score * IMAGE_BINS)))]! += 1;
    }
    return bins;
  };
  return { lo: 0, hi: 1, normal: counts(false), abnormal: counts(true) };
}

/** The histograms of a class. */
export function histograms({ className, behind, imageF1, pixelF1 }: ReportedClass): Markup[] {
  const pixels: LabelCurves['histogram'] = behind?.pixels?.histogram;
  const threshold = { image: imageF1?.threshold, pixel: pixelF1?.threshold };
  const charts: Markup[] = [];
  if (behind && behind.pictures.length > 0) {
    const options = { threshold: threshold.image };
    const chart = histogramChart(`Image scores of ${className}`, 'image score', imageBars(behind.pictures), options);
    charts.push(figureOf('Images by score', chart));
  }
  if (pixels) {
    const options = { threshold: threshold.pixel, log: true };
    const chart = histogramChart(`Pixel scores of ${className}`, 'map value', pixels, options);
    charts.push(figureOf('Pixels by map value', chart));
  }
  return charts;
}

export interface RankedPicture extends KeptPicture, Pick<Judged, 'place' | 'verdict'> {}

/** Pictures by the error of their decision at the threshold of F1-max, worst first. */
export function ranked({ behind, imageF1 }: ReportedClass): RankedPicture[] {
  const pictures = behind?.pictures ?? [];
  return judged(pictures, imageF1?.threshold).map((one) => ({ ...pictures[one.place]!, ...one }));
}

/** Draws a picture; undefined where it was not drawn. */
export type Drawn = (place: number) => Promise<Markup | undefined>;

/** A table of pictures; where some were drawn, they come first, so that a narrow screen shows them. */
export async function pictureTable(caption: string, rows: readonly RankedPicture[], drawn: Drawn): Promise<Markup> {
  const pictures: (Markup | undefined)[] = [];
  for (const { place } of rows) pictures.push(await drawn(place));
  const any = pictures.some((p) => p !== undefined);
  const body = rows.map(
    (row, i) =>
      html`<tr>${any && html`<td>${pictures[i] ?? NONE}</td>`}<th scope="row" class="path">${row.path}</th><td class="word">${row.label !== 0 ? 'abnormal' : 'normal'}</td><td>${row.score.toFixed(4)}</td><td>${row.peak.toFixed(4)}</td><td class="word">${row.verdict ?? NONE}</td></tr>`,
  );
  return scrolled(
    caption,
    html`<table class="pictures"><caption>${caption}</caption>
<thead><tr>${any && html`<th scope="col">Picture, mask, map</th>`}<th scope="col" class="word">Path</th><th scope="col" class="word">Label</th><th scope="col">Score</th><th scope="col">Peak</th><th scope="col" class="word">Verdict</th></tr></thead>
<tbody>${body}</tbody></table>`,
  );
}

/** The names of the histograms' colours. */
export const HISTOGRAM_LEGEND = html`<ul class="legend"><li><span class="swatch normal"></span>normal</li><li><span class="swatch abnormal"></span>abnormal</li></ul>`;
