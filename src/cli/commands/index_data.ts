/** `aaclip index`: lists one's own pictures, or a data set as it is downloaded, for training and testing. */
import { mkdir, readFile } from 'node:fs/promises';
import { basename, join, relative, resolve, sep } from 'node:path';
import { type Command, Option } from 'commander';
import { indexFolder, metadataText, type SampleRow } from '../../data/index_folder.js';
import { LAYOUTS, type Layout } from '../../data/index_layouts.js';
import { drawShots } from '../../data/shots.js';
import { writeAtomically } from '../atomic_write.js';
import { fileError } from '../file_error.js';
import { expandImages } from '../images.js';
import { count } from '../options.js';

interface IndexFlags {
  readonly layout: Layout;
  readonly out: string;
  readonly class?: string;
  readonly shots?: number;
  readonly seed: number;
  readonly json?: boolean;
}

interface ClassCounts {
  readonly className: string;
  readonly normal: number;
  readonly abnormal: number;
  readonly masks: number;
}

function countsOf(rows: readonly SampleRow[]): ClassCounts[] {
  return [...new Set(rows.map((r) => r.className))].map((className) => {
    const own = rows.filter((r) => r.className === className);
    const abnormal = own.reduce((sum, r) => sum + r.label, 0);
    return { className, normal: own.length - abnormal, abnormal, masks: own.filter((r) => r.maskPath).length };
  });
}

function table(counts: readonly ClassCounts[]): string {
  const cells = counts.map((c) => [c.className, ...[c.normal, c.abnormal, c.masks].map(String)]);
  const all = [['class', 'normal', 'abnormal', 'masks'], ...cells];
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)));
  return all
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n');
}

/** VisA's own split, where it lies where VisA has it. */
async function visaSplit(root: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, 'split_csv', '1cls.csv'), 'utf8');
  } catch {
    return undefined;
  }
}

async function run(root: string, flags: IndexFlags): Promise<void> {
  const paths = (await expandImages([root])).map((path) => relative(root, path).split(sep).join('/'));
  const className = flags.class ?? basename(resolve(root));
  const split = flags.layout === 'visa' ? await visaSplit(root) : undefined;
  const index = indexFolder(paths, { layout: flags.layout, className, visaSplit: split });
  const notes = [...index.notes];
  if (flags.layout === 'visa' && split === undefined) {
    notes.push('split_csv/1cls.csv is missing: all pictures are listed, where the published list has the test split');
  }
  const lists = new Map([['full-shot.jsonl', index.rows]]);
  if (flags.shots !== undefined) {
    const few = drawShots(index.rows, flags.shots, flags.seed);
    lists.set(`${flags.shots}-shot.jsonl`, few.rows);
    notes.push(...few.notes);
  }
  await mkdir(flags.out, { recursive: true }).catch((error: unknown) => {
    throw fileError(flags.out, 'write', error);
  });
  const files: { readonly file: string; readonly samples: number }[] = [];
  for (const [name, rows] of lists) {
    const file = join(flags.out, name);
    await writeAtomically(file, new TextEncoder().encode(metadataText(rows)));
    files.push({ file, samples: rows.length });
  }
  const classes = countsOf(index.rows);
  if (flags.json) {
    process.stdout.write(`${JSON.stringify({ root, files, classes, notes })}\n`);
    return;
  }
  process.stdout.write(`${table(classes)}\n\n`);
  for (const note of notes) process.stdout.write(`${note}\n`);
  for (const { file, samples } of files) process.stdout.write(`${file}: ${samples} samples\n`);
}

const layoutHelp = Object.entries(LAYOUTS)
  .map(([name, { expects }]) => `  ${name}: ${expects}`)
  .join('\n');

export function indexCommand(program: Command): void {
  program
    .command('index')
    .description('List the pictures of a folder as samples for training and testing (full-shot.jsonl).')
    .argument('<root>', "the data set's folder; the lists name files relative to it")
    .addOption(
      new Option('--layout <kind>', 'how the folder is laid out, see below')
        .choices(Object.keys(LAYOUTS))
        .default('folder'),
    )
    .requiredOption('--out <dir>', 'folder to write the lists to')
    .option('--class <name>', "class of pictures that lie in no class folder (default: the folder's name)")
    .option('--shots <count>', 'also COUNT-shot.jsonl: of each class half normal, half abnormal', count(2))
    .option('--seed <number>', 'draws the few-shot samples', count(0), 111)
    .option('--json', 'machine-readable output')
    .option('--debug', 'show where an error came from')
    .addHelpText('after', `\nLayouts:\n${layoutHelp}`)
    .action(run);
}
