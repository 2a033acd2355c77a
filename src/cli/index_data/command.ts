/** `aaclip index`: lists one's own pictures, or a data set as it is downloaded, for training and testing. */
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { findDataset } from '../../data/class_prompts.js';
import { metadataText, type SampleRow } from '../../data/index_folder.js';
import { LAYOUTS, type Layout } from '../../data/index_layouts.js';
import { drawShots } from '../../data/shots.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { fileError } from '../../node/file_error.js';
import { openRegistry, type RegistryFlags, registryOptions } from '../../node/registry_source.js';
import { scanFolder } from '../../node/scan_folder.js';
import { count } from '../options.js';

interface IndexFlags extends RegistryFlags {
  readonly dataset?: string;
  readonly layout?: Layout;
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

async function run(root: string, flags: IndexFlags): Promise<void> {
  const info = flags.dataset === undefined ? undefined : findDataset(flags.dataset, await openRegistry(flags));
  const known = Object.keys(info?.classes ?? {});
  const className = flags.class ?? (known.length === 1 ? known[0]! : basename(resolve(root)));
  const index = await scanFolder(root, flags.layout ?? info?.layout ?? 'folder', className);
  const notes = [...index.notes];
  const foreign = new Set(index.rows.map((r) => r.className).filter((c) => info && !known.includes(c)));
  if (foreign.size > 0)
    notes.push(`${flags.dataset} knows no ${[...foreign].join(', ')}: prompts use those names as they are`);
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
  registryOptions(
    program
      .command('index')
      .description('List the pictures of a folder as samples for training and testing (full-shot.jsonl).')
      .argument('<root>', "the data set's folder; the lists name files relative to it")
      .option('--dataset <name>', 'a known data set: its layout is taken, and classes it does not know are named')
      .addOption(
        new Option(
          '--layout <kind>',
          "how the folder is laid out, see below (default: the data set's, else folder)",
        ).choices(Object.keys(LAYOUTS)),
      )
      .requiredOption('--out <dir>', 'folder to write the lists to')
      .option('--class <name>', "class of pictures that lie in no class folder (default: the folder's name)")
      .option('--shots <count>', 'also COUNT-shot.jsonl: of each class half normal, half abnormal', count(2))
      .option('--seed <number>', 'draws the few-shot samples', count(0), 111),
  )
    .option('--json', 'machine-readable output')
    .option('--debug', 'show where an error came from')
    .addHelpText('after', `\nLayouts:\n${layoutHelp}`)
    .action(run);
}
