/** The part of a page on one class: histograms, and the pictures that were decided worst and best. */
import type { LabelCurves } from '../../eval/curve_points.js';
import { isWrong, type Judged, judged } from '../../eval/picture_error.js';
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

const labelOf = ({ label }: RankedPicture): string => (label !== 0 ? 'abnormal' : 'normal');

function pictureTable(caption: string, rows: readonly RankedPicture[]): Markup {
  const body = rows.map(
    (row) =>
      html`<tr><th scope="row" class="path">${row.path}</th><td class="word">${labelOf(row)}</td><td>${row.score.toFixed(4)}</td><td>${row.peak.toFixed(4)}</td><td class="word${isWrong(row) && ' wrong'}">${row.verdict ?? NONE}</td></tr>`,
  );
  return scrolled(
    caption,
    html`<table class="pictures"><caption>${caption}</caption>
<thead><tr><th scope="col" class="word">Path</th><th scope="col" class="word">Label</th><th scope="col">Score</th><th scope="col">Peak</th><th scope="col" class="word">Verdict</th></tr></thead>
<tbody>${body}</tbody></table>`,
  );
}

/** Images with their scores: those that were drawn with picture, mask and map, the others in a table. */
export async function pictureList(caption: string, rows: readonly RankedPicture[], drawn: Drawn): Promise<Markup> {
  const cards: Markup[] = [];
  const others: RankedPicture[] = [];
  for (const row of rows) {
    const picture = await drawn(row.place);
    if (picture === undefined) others.push(row);
    else
      cards.push(
        html`<li>${picture}<p class="path">${row.path}</p><p>${labelOf(row)}, score ${row.score.toFixed(4)}, <span${isWrong(row) && html` class="wrong"`}>${row.verdict ?? NONE}</span></p></li>`,
      );
  }
  if (cards.length === 0) return pictureTable(caption, rows);
  return html`<h5>${caption}</h5><ul class="gallery">${cards}</ul>
${others.length > 0 && pictureTable(`${caption}, not drawn`, others)}`;
}

/** The names of the histograms' colours. */
export const HISTOGRAM_LEGEND = html`<ul class="legend"><li><span class="swatch normal"></span>normal</li><li><span class="swatch abnormal"></span>abnormal</li></ul>`;
