/** How a page looks: on wide and narrow screens, light and dark, and on paper. */

/**
 * Lines 0 to 3 and 4 to 7 can be told apart, within their group, with every kind of colour blindness; the two groups differ in
 * their dashes. All colours have a contrast of 4.5 or more with the paper, those of surfaces 3.
 */
const COLOURS = `
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1b1f24; --quiet: #57606a; --rule: #d0d7de; --band: #f4f6f8; --link: #0550ae; --mark: #e8f1fb;
  --normal: #2f6fb3; --abnormal: #d1570a; --wrong: #a63d00;
  --line0: #0068a8; --line1: #c24e00; --line2: #00795a; --line3: #a8407f; --line4: #8a6500; --line5: #4b4fc4; --line6: #7a1220; --line7: #4d5561;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #12161c; --ink: #e6edf3; --quiet: #9aa5b1; --rule: #343c46; --band: #1b2129; --link: #79b8ff; --mark: #1a2b3f;
    --normal: #6cb0f2; --abnormal: #ff9a4d; --wrong: #ffab6b;
    --line0: #58b4f0; --line1: #ff9a4d; --line2: #3fcf9f; --line3: #f09acb; --line4: #e6c04a; --line5: #8f93ff; --line6: #ff8078; --line7: #dfe5ec;
  }
}`;

const TEXT = `
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 78rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
h1, h2, h3, h4, h5 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.9rem; margin: 0 0 .4rem; }
h2 { font-size: 1.35rem; margin: 2.75rem 0 .6rem; padding-top: 1.1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1.1rem; margin: 1.75rem 0 .5rem; }
h4 { font-size: 1rem; margin: 0; }
h5 { font-size: .95rem; margin: 1.25rem 0 .5rem; }
p { margin: .5rem 0; max-width: 48rem; }
a { color: var(--link); }
.quiet, caption { color: var(--quiet); }
.quiet { font-size: .92rem; }
.notes { padding-left: 1.2rem; margin: .5rem 0; max-width: 48rem; overflow-wrap: anywhere; }
.terms { max-width: 48rem; }
.terms dt { font-weight: 600; margin-top: .7rem; }
.terms dd { margin: 0; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }`;

const HEAD = `
.facts, nav ul { display: flex; flex-wrap: wrap; list-style: none; margin: 0; padding: 0; }
.facts { color: var(--quiet); }
.facts li { overflow-wrap: anywhere; }
.facts li:not(:last-child)::after { content: '\\00b7'; margin: 0 .5rem; }
nav { margin: 1.25rem 0 0; }
nav ul { gap: .4rem; }
nav a { display: block; padding: .25rem .75rem; border: 1px solid var(--rule); border-radius: 1rem; text-decoration: none; overflow-wrap: anywhere; }
nav a:hover { background: var(--band); }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(12rem, 45%), 1fr)); gap: .75rem; margin: 1.25rem 0 .6rem; }
.tiles div { background: var(--band); border: 1px solid var(--rule); border-radius: .5rem; padding: .7rem .9rem; }
.tiles dt { color: var(--quiet); font-size: .9rem; }
.tiles dd { margin: 0; font-size: 1.6rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles small { font-size: .9rem; font-weight: 400; color: var(--quiet); }`;

const TABLES = `
.wide {
  overflow-x: auto; margin: .75rem 0;
  /* A shadow at the right where there is more to scroll to. */
  background: linear-gradient(var(--paper), var(--paper)) right / 1.25rem 100% no-repeat local, linear-gradient(to left, var(--rule), transparent) right / .9rem 100% no-repeat scroll;
}
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; padding: 0 0 .4rem; font-size: .875rem; }
th, td { padding: .4rem .7rem; text-align: right; border-bottom: 1px solid var(--rule); vertical-align: top; }
thead th { vertical-align: bottom; font-weight: 600; }
tbody th { font-weight: 500; min-width: 8.75rem; max-width: 16rem; overflow-wrap: anywhere; }
@media (min-width: 60rem) { tbody th { min-width: 10rem; } }
tfoot th, tfoot td { font-weight: 600; border-bottom: 0; }
tfoot tr:first-child > *, tbody + tbody tr:first-child > * { border-top: 2px solid var(--rule); }
th:first-child:not(.run) { text-align: left; position: sticky; left: 0; background: var(--paper); }
.marked > *, .marked th:first-child { background: var(--mark); font-weight: 600; }
.tag { font-size: .8rem; padding: .05rem .45rem; border-radius: 1rem; border: 1px solid currentColor; margin-left: .35rem; }
th.run, .word, table.settings td, .pictures .path { text-align: left; }
table.settings td { overflow-wrap: anywhere; }
th button { all: unset; cursor: pointer; font: inherit; }
th button:hover { text-decoration: underline; }
th button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
th[aria-sort=descending] button::after { content: ' \\2193'; }
th[aria-sort=ascending] button::after { content: ' \\2191'; }
.pictures .path { min-width: 9rem; }
.path { font-family: ui-monospace, monospace; font-size: .85rem; overflow-wrap: anywhere; }`;

const CHARTS = `
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; margin: .75rem 0; }
figure { margin: 0; }
figure svg { display: block; width: 100%; max-width: 30rem; height: auto; }
figure svg text { white-space: pre; }
figcaption { font-size: .95rem; font-weight: 600; margin-bottom: .25rem; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; margin: .5rem 0; font-size: .9rem; }
.legend li { display: flex; gap: .45rem; align-items: center; overflow-wrap: anywhere; }
.legend svg { flex: none; }
.swatch { opacity: .75; width: .9rem; height: .9rem; border-radius: .15rem; }
.swatch.normal { background: var(--normal); }
.swatch.abnormal { background: var(--abnormal); }`;

const CLASSES = `
details { border: 1px solid var(--rule); border-radius: .5rem; margin: .6rem 0; padding: 0 1rem; }
details[open] { padding-bottom: 1rem; }
summary { cursor: pointer; padding: .65rem 0; }
summary :is(h3, h4) { display: inline; margin: 0; }
summary span { color: var(--quiet); margin-left: .75rem; font-variant-numeric: tabular-nums; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 26rem), 1fr)); gap: 1rem; list-style: none; padding: 0; margin: .5rem 0; }
.gallery li { background: var(--band); border: 1px solid var(--rule); border-radius: .5rem; padding: .6rem; }
.gallery p { margin: .35rem 0 0; }
.drawn { display: grid; grid-template-columns: repeat(3, 1fr); gap: 3px; align-items: start; }
.drawn img { width: 100%; height: auto; border-radius: 3px; }
.wrong { color: var(--wrong); font-weight: 600; }`;

/** On paper nothing is hidden, cut off or scrolled. */
const PRINT = `
@media print {
  :root { font-size: 68%; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  details::details-content { display: block; content-visibility: visible; block-size: auto; }
  .wide { overflow: visible; }
  th, td { padding: .2rem .35rem; }
  tbody th { min-width: 7rem; }
  figure, .gallery li, tr, .tiles { break-inside: avoid; }
  h2, h3, h4, h5, summary, caption { break-after: avoid; }
  th:first-child:not(.run) { position: static; }
}`;

export const STYLE = [COLOURS, TEXT, HEAD, TABLES, CHARTS, CLASSES, PRINT].join('').trim();
