/** Pieces of HTML. Values are escaped unless they are pieces themselves, so a name from a list cannot become markup. */
import { printable } from '../../data/printable.js';

export class Markup {
  readonly text: string;

  /** @param text HTML, as it stands */
  constructor(text: string) {
    this.text = text;
  }
}

/** `undefined` and `false` leave nothing behind. */
export type Piece = string | number | Markup | readonly Markup[] | undefined | false;

const NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function textOf(piece: Piece): string {
  if (piece === undefined || piece === false) return '';
  if (piece instanceof Markup) return piece.text;
  if (typeof piece === 'object') return piece.map((p) => p.text).join('\n');
  return printable(String(piece)).replaceAll(/[&<>"']/g, (c) => NAMES[c]!);
}

/** HTML from a template; every value in it is escaped. */
export function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(strings.map((text, i) => text + textOf(pieces[i])).join(''));
}
