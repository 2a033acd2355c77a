/** What the figures of a page mean, for readers who do not know them. */
import { html } from './markup.js';
import type { Part } from './page.js';

const TERMS: readonly (readonly [term: string, meaning: string])[] = [
  [
    'Image AUROC',
    'The chance that an abnormal image has a higher score than a normal one: 100 is perfect, 50 is guessing. It is the area under the ROC curve.',
  ],
  [
    'Image AP',
    'Average precision: as the threshold falls and more of the abnormal images are found, how many of the alarms are right on average. It is the area under the curve of precision and recall.',
  ],
  ['Pixel AUROC, pixel AP', 'The same for single pixels: the map is compared with the mask.'],
  [
    'Pixel AUPRO',
    'How much of each fault the map covers while only few normal pixels are marked. Every fault counts the same, small or large.',
  ],
  [
    'F1-max',
    'The best F1 over all thresholds. F1 is high only where both hold: most faults are found, and most alarms are right.',
  ],
  [
    'Threshold',
    'The one that gives F1-max: in the unit of the maps for pixels, and of the image scores, 0 to 1, for images.',
  ],
];

export const TERMS_PART: Part = {
  id: 'terms',
  name: 'Terms',
  body: html`<h2>Terms</h2><dl class="terms">${TERMS.map(([term, meaning]) => html`<dt>${term}</dt><dd>${meaning}</dd>`)}</dl>`,
};
