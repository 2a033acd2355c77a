/** A picture that the model is to learn from, as the page holds it. */
import { text } from './language.js';
import { MaskEdit } from './mask_edit.js';
import type { Given } from './picture_input.js';

/** Pictures with a longer side are marked at this one, in pixels. */
const EDITED_SIDE = 2048;

export interface Entry extends Given {
  className: string;
  label: 0 | 1;
  /** Pixels of the picture, upright. */
  readonly width: number;
  readonly height: number;
  /** Made when the picture is first marked. */
  mask?: MaskEdit;
}

/** The mask of a picture, at most 2048 pixels a side. */
export function maskOf(entry: Entry): MaskEdit {
  if (!entry.mask) {
    const scale = Math.min(1, EDITED_SIDE / Math.max(entry.width, entry.height));
    const scaled = (side: number): number => Math.max(1, Math.round(side * scale));
    entry.mask = new MaskEdit(scaled(entry.width), scaled(entry.height));
  }
  return entry.mask;
}

export const isMarked = ({ mask }: Entry): boolean => mask !== undefined && mask.marked > 0;

/** How much of a picture is marked, in percent, with two digits. */
export function shareMarked({ mask }: Entry): number {
  return mask ? Number(((100 * mask.marked) / mask.data.length).toPrecision(2)) : 0;
}

/** What a row of the list says of the mask. */
export function markWords(entry: Entry): string {
  if (entry.label === 0) return '';
  return isMarked(entry) ? text('teachMarked', { share: shareMarked(entry) }) : text('teachUnmarked');
}
