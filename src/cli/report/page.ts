/** The frame of a page: one file that needs no network and, to be read, no script. */
import { createHash } from 'node:crypto';
import { html, Markup } from './markup.js';
import { STYLE } from './page_style.js';

/** Sorts a table by a column; without it, tables keep the order of the data set. */
const SCRIPT = `for (const table of document.querySelectorAll('table.sortable')) {
  const [body] = table.tBodies;
  for (const [n, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement('button');
    button.title = 'Sort';
    button.append(...head.childNodes);
    head.append(button);
    button.onclick = () => {
      const up = head.getAttribute('aria-sort') === 'descending';
      for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const text = (row) => row.cells[n].textContent.replaceAll(',', '');
      const number = (row) => (text(row) === '\\u2013' ? -Infinity : Number(text(row)));
      const words = [...body.rows].some((row) => Number.isNaN(number(row)));
      const order = (a, b) => (words ? text(a).localeCompare(text(b)) : number(a) - number(b));
      body.append(...[...body.rows].sort((a, b) => (up ? order(a, b) : order(b, a))));
    };
  }
}`;

export interface PageHead {
  readonly title: string;
  /** What sets it apart from other pages of the same title, in the window's title only. */
  readonly of?: string;
  /** Short facts below the title. */
  readonly facts: readonly string[];
  /** What a reader wants to know first. */
  readonly summary?: Markup | undefined;
}

export interface Part {
  readonly id: string;
  /** In the list of parts. */
  readonly name: string;
  readonly body: Markup;
}

/** A page of several parts. */
export function page({ title, of, facts, summary }: PageHead, parts: readonly Part[]): string {
  const links = parts.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`);
  const sections = parts.map(({ id, body }) => html`<section id="${id}">${body}</section>`);
  const digest = createHash('sha256').update(SCRIPT).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${digest}'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}${of !== undefined && `, ${of}`}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<ul class="facts">${facts.map((fact) => html`<li>${fact}</li>`)}</ul>
${summary}
<nav aria-label="Parts of this page"><ul>${links}</ul></nav>
</header>
<main>
${sections}
</main>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`.text;
}
