/** What `methods` prints. */
import { type MethodFigures, PUBLISHED_METHODS, type PublishedMethod } from '../../data/published_methods.js';
import { RELEASED_CHECKPOINTS } from '../../data/released_weights.js';
import { tableLines } from '../../eval/text_table.js';
import { fetchedBytes, fetchedFile } from '../../node/weights_folder.js';
import type { MethodsFlags } from './flags.js';

/** The released files of a method, and whether they are there. */
const filesOf = ({ checkpoints }: PublishedMethod) =>
  RELEASED_CHECKPOINTS.filter(({ name }) => checkpoints.includes(name)).map((row) => ({
    ...row,
    file: fetchedBytes(row) === undefined ? null : fetchedFile(row),
  }));

const figure = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1));

function figureCells(title: string, f: MethodFigures): string[] {
  const values = [f.pixelAuroc, f.pixelAupro, f.imageAuroc, f.imageAp].map(figure);
  return [title, f.trainedOn, f.testedOn, ...values, f.source];
}

/** The methods, their files and their figures as three tables, then what to know of each. */
function methodsText(): string {
  const methods = PUBLISHED_METHODS;
  const files = methods.flatMap((method) => filesOf(method));
  const notes = methods.flatMap(({ title, notes }) => notes.map((note) => `${title}: ${note}`));
  return [
    ...tableLines(
      ['method', 'name', 'licence', 'paper', 'repository', 'needs'],
      methods.map((m) => [m.title, m.name, m.licence, m.paper, m.repository, m.needs]),
      ['left'],
    ),
    '',
    'Released checkpoints, fetched with "aaclip weights fetch NAME":',
    ...tableLines(
      ['name', 'trained on', 'test it on', 'path in the repository', 'commit', 'Git blob', 'file'],
      files.map((f) => [
        f.name,
        f.trainedOn,
        f.testOn,
        f.path,
        f.commit.slice(0, 12),
        f.gitBlob,
        f.file ?? 'not fetched',
      ]),
      ['left'],
    ),
    '',
    'Published figures in per cent, zero-shot at 518 px:',
    ...tableLines(
      ['method', 'trained on', 'tested on', 'pixel AUROC', 'pixel AUPRO', 'image AUROC', 'image AP', 'source'],
      methods.flatMap((m) => m.figures.map((f) => figureCells(m.title, f))),
      ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'left'],
    ),
    '',
    ...notes,
  ].join('\n');
}

export function printMethods({ json }: MethodsFlags): void {
  const text = json ? JSON.stringify(PUBLISHED_METHODS.map((m) => ({ ...m, files: filesOf(m) }))) : methodsText();
  process.stdout.write(`${text}\n`);
}
