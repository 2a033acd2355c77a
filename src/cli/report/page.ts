/** The frame of a page: one file that needs no network and, to be read, no script. */
import { createHash } from 'node:crypto';
import { html, Markup } from './markup.js';

/** Sorts a table by a column; without it, tables keep the order of the data set. */
const SCRIPT = `for (const table of document.querySelectorAll('table.sortable')) {
  const [body] = table.tBodies;
  for (const [n, head] of [...table.tHead.rows[0].cells].entries()) {
    const button = document.createElement('button');
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

const STYLE = `:root { color-scheme: light dark; --paper: #fff; --ink: #1b1f24; --quiet: #57606a; --rule: #d0d7de; --band: #f6f8fa; --link: #0550ae;
  --normal: #2f6fb3; --abnormal: #d1570a;
  --line0: #0068a8; --line1: #c24e00; --line2: #00795a; --line3: #a8407f; --line4: #8a6500; --line5: #4b4fc4; --line6: #b3261e; --line7: #4d5561; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e6edf3; --quiet: #9aa5b1; --rule: #343c46; --band: #1b2129; --link: #79b8ff;
  --normal: #6cb0f2; --abnormal: #ff9a4d;
  --line0: #58b4f0; --line1: #ff9a4d; --line2: #3fcf9f; --line3: #f09acb; --line4: #e6c04a; --line5: #a5a8ff; --line6: #ff8078; --line7: #b9c2cd; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 76rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, h3, h4 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; margin: 0 0 .5rem; } h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; } h4 { font-size: 1rem; margin: 0; display: inline; }
p { margin: .5rem 0; max-width: 46rem; } .quiet, caption { color: var(--quiet); } a { color: var(--link); }
nav ul, .notes { padding-left: 1.2rem; margin: .5rem 0; } nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; padding: 0; list-style: none; }
.wide { overflow-x: auto; margin: .75rem 0; } .wide:focus-visible, summary:focus-visible, button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; padding: 0 0 .4rem; font-size: .875rem; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid var(--rule); vertical-align: top; }
thead th { vertical-align: bottom; font-weight: 600; } tfoot th, tfoot td { font-weight: 600; border-top: 2px solid var(--rule); border-bottom: 0; }
th:first-child:not(.run) { text-align: left; position: sticky; left: 0; background: var(--paper); } tbody th { font-weight: 500; min-width: 7.5rem; max-width: 16rem; overflow-wrap: anywhere; } @media (min-width: 60rem) { tbody th { min-width: 9rem; } }
th.run, .word, table.settings td { text-align: left; } table.settings td { overflow-wrap: anywhere; } tbody + tbody tr:first-child > * { border-top: 2px solid var(--rule); }
th button { all: unset; cursor: pointer; font: inherit; } th[aria-sort=descending] button::after { content: ' \\2193'; } th[aria-sort=ascending] button::after { content: ' \\2191'; }
.pictures th { position: static; } .pictures td:first-child, .pictures th:first-child { padding-left: 0; } .pictures .path { text-align: left; min-width: 9rem; font-family: ui-monospace, monospace; font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1rem; margin: .75rem 0; }
figure { margin: 0; } figure svg { display: block; width: 100%; max-width: 30rem; height: auto; } figure svg text { white-space: pre; } figcaption { font-size: .95rem; font-weight: 600; margin-bottom: .25rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: .5rem 0; font-size: .9rem; } .legend li { display: flex; gap: .45rem; align-items: center; overflow-wrap: anywhere; } .legend svg { flex: none; }
.swatch { width: .9rem; height: .9rem; border-radius: .15rem; } .swatch.normal { background: var(--normal); } .swatch.abnormal { background: var(--abnormal); }
details { border: 1px solid var(--rule); border-radius: .4rem; margin: .6rem 0; padding: 0 1rem; } details[open] { padding-bottom: .75rem; } summary { cursor: pointer; padding: .6rem 0; }
summary span { color: var(--quiet); margin-left: .75rem; font-variant-numeric: tabular-nums; }
.drawn { display: flex; gap: 2px; } .drawn img { height: 6.5rem; width: auto; border-radius: 2px; } @media (max-width: 40rem) { .drawn img { height: 4.25rem; } }
footer { margin-top: 3rem; }
@media print { details > * { display: block; } body { max-width: none; } }`;

/** A page with a title and its parts. */
export function page(title: string, parts: readonly Markup[]): string {
  const digest = createHash('sha256').update(SCRIPT).digest('base64');
  const policy = `default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-${digest}'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<h1>${title}</h1>
<main>
${parts}
</main>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`.text;
}
