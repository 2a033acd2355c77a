/** The table of folders in docs/data.md: what `aaclip index` makes of each. */
import { indexFolder } from '#src/data/index_folder';
import { indexNotes, indexWarnings } from '#src/data/index_rows';
import { byClass } from '#src/data/metadata';
import { expand, TREES, type Tree } from './trees.js';

export const BEGIN = '<!-- made by npm run data-page from here on -->';
export const END = '<!-- to here -->';

/** Class of the pictures that are in no class folder; `index` takes the name of the folder it is given. */
const ROOT = 'FOLDER';

/** A tree's row of the table. */
export function treeRow({ title, files, flags = {} }: Tree): string {
  const found = indexFolder(files.flatMap(expand), { layout: 'folder', className: ROOT, ...flags });
  const { rows, folders, unsettled } = found;
  const classes = [...byClass(rows)].map(([name, own]) => {
    const abnormal = own.filter((r) => r.label === 1);
    const counts = [own.length - abnormal.length, abnormal.length, abnormal.filter((r) => r.maskPath).length];
    return unsettled ? `${name}: as the masks say` : `${name}: ${counts.join(', ')}`;
  });
  const ignored = folders.filter((f) => f.taken === 'ignored').map((f) => f.name);
  const notes = [
    ...(ignored.length > 0 ? [`says nothing: ${ignored.join(', ')}`] : []),
    ...(unsettled ? ['pictures whose mask is empty are normal'] : indexWarnings(rows)),
    // Without the names of files, which are in the row already.
    ...indexNotes(found).map((note) => note.replace(/ \([^)]*\)/, '').replace(/: such pictures can.*$/, '')),
  ];
  const flag = Object.entries(flags).map(([name, value]) => `\`--${name} ${value}\``);
  const cells = [
    [title, ...flag].join('<br>'),
    files.map((f) => `\`${f}\``).join('<br>'),
    classes.join('<br>'),
    notes.join('<br>'),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** The page with its table made anew. @throws when the marks of the table are missing */
export function withTable(page: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin)
    throw new Error(`docs/data.md: no place for the table: expected the lines ${BEGIN} and ${END}`);
  const table = [
    '| folder | files | class: normal, abnormal, masks | notes |',
    '| --- | --- | --- | --- |',
    ...TREES.map(treeRow),
  ];
  return `${page.slice(0, begin)}${BEGIN}\n\n${table.join('\n')}\n\n${page.slice(end)}`;
}
