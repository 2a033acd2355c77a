/** The pictures that a calibration is made from: as they were given, and as they were judged. */
import { onScale } from '#src/detect/score_scale';
import type { CalibrateReport } from '#src/web/engine_messages';
import { make } from './elements.js';
import { text } from './language.js';
import { makeRow } from './long_table.js';
import type { Given } from './picture_input.js';

/** Lists pictures, each with a button that leaves it out. @param out called with the picture that is left out */
export function listGiven(place: HTMLElement, given: readonly Given[], out: (picture: Given) => void): void {
  const rows = given.map((picture) => {
    const label = `${text('decideOut')}: ${picture.name}`;
    const button = make('button', { type: 'button', ariaLabel: label, title: label }, '×');
    button.addEventListener('click', () => out(picture));
    return make('li', {}, make('span', {}, picture.name), button);
  });
  place.replaceChildren(...rows);
}

/** Fills the rows of a table with the pictures of a calibration, the highest score first. */
export function listJudged(place: HTMLElement, { pictures, scale }: CalibrateReport): void {
  const all = (['good', 'bad'] as const).flatMap((kind) => pictures[kind].map((picture) => ({ ...picture, kind })));
  const rows = all
    .sort((a, b) => b.value - a.value)
    .map(({ name, value, kind }) =>
      makeRow(
        name,
        make('td', {}, text(kind === 'good' ? 'decideIsGood' : 'decideIsBad')),
        make('td', { className: 'number' }, shown(onScale(value, scale))),
      ),
    );
  place.replaceChildren(...rows);
}

/** Rounded down: what lies below the threshold must not read as 0.50. */
const shown = (score: number): string => (Math.floor(100 * score) / 100).toFixed(2);
