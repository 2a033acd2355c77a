/** The part of a page on one class: histograms, and the pictures that were decided worst and best. */
import type { LabelCurves } from '../../eval/curve_points.js';
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

export interface RankedPicture extends KeptPicture {
  /** Place in the class. */
  readonly place: number;
  /** Whether the threshold decides it wrongly; undefined without a threshold. */
  readonly wrong: boolean | undefined;
}

/**
 * Pictures by how far the threshold is from deciding them rightly, worst first. Without a threshold (a class of one label)
 * 0.5 stands in for the order.
 */
export function ranked({ behind, imageF1 }: ReportedClass): RankedPicture[] {
  const threshold = imageF1?.threshold;
  const gap = ({ label, score }: KeptPicture): number => (label !== 0 ? 1 : -1) * (score - (threshold ?? 0.5));
  const rows = (behind?.pictures ?? []).map((picture, place) => {
    // Scores are kept with the digits that tell two float32 apart.
    const found = threshold !== undefined && Math.fround(picture.score) >= threshold;
    return { ...picture, place, wrong: threshold === undefined ? undefined : found !== (picture.label !== 0) };
  });
  return rows.sort((a, b) => gap(a) - gap(b));
}

/** The worst and the best pictures, none of them twice; the best are abnormal ones where there are any. */
export function worstAndBest(
  all: readonly RankedPicture[],
  most: number,
): { readonly worst: readonly RankedPicture[]; readonly best: readonly RankedPicture[] } {
  const worst = all.slice(0, most);
  const others = all.slice(most).reverse();
  const abnormal = others.filter(({ label }) => label !== 0);
  return { worst, best: (abnormal.length > 0 ? abnormal : others).slice(0, most) };
}

const verdict = ({ wrong, label }: RankedPicture): string => {
  if (wrong === undefined) return NONE;
  if (wrong) return label !== 0 ? 'missed' : 'false alarm';
  return label !== 0 ? 'found' : 'passed';
};

/** Draws a picture; undefined where it was not drawn. */
export type Drawn = (place: number) => Promise<Markup | undefined>;

const labelOf = ({ label }: RankedPicture): string => (label !== 0 ? 'abnormal' : 'normal');

function pictureTable(caption: string, rows: readonly RankedPicture[]): Markup {
  const body = rows.map(
    (row) =>
      html`<tr><th scope="row" class="path">${row.path}</th><td class="word">${labelOf(row)}</td><td>${row.score.toFixed(4)}</td><td>${row.peak.toFixed(4)}</td><td class="word${row.wrong && ' wrong'}">${verdict(row)}</td></tr>`,
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
        html`<li>${picture}<p class="path">${row.path}</p><p>${labelOf(row)}, score ${row.score.toFixed(4)}, <span${row.wrong && html` class="wrong"`}>${verdict(row)}</span></p></li>`,
      );
  }
  if (cards.length === 0) return pictureTable(caption, rows);
  return html`<h5>${caption}</h5><ul class="gallery">${cards}</ul>
${others.length > 0 && pictureTable(`${caption}, not drawn`, others)}`;
}

/** The names of the histograms' colours. */
export const HISTOGRAM_LEGEND = html`<ul class="legend"><li><span class="swatch normal"></span>normal</li><li><span class="swatch abnormal"></span>abnormal</li></ul>`;
