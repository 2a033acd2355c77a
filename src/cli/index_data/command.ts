/** `aaclip index`: lists the user's own pictures, or a data set as it is downloaded, for training and testing. */
import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { findDataset } from '../../data/class_prompts.js';
import type { SampleRow } from '../../data/index_folder.js';
import { LAYOUTS } from '../../data/index_layouts.js';
import { drawShots } from '../../data/shots.js';
import { openRegistry } from '../../node/registry_source.js';
import { FULL } from '../../node/sample_lists.js';
import { scanFolder } from '../../node/scan_folder.js';
import { type IndexFlags, indexOptions } from './flags.js';
import { printIndex, writeLists } from './output.js';

export function indexCommand(program: Command): void {
  const layouts = Object.entries(LAYOUTS).map(([name, { expects }]) => `  ${name}: ${expects}`);
  indexOptions(
    program
      .command('index')
      .description(`List the pictures of a folder as samples for training and testing (${FULL}).`),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip index parts --out parts --shots 32
  $ aaclip index mvtec_ad --dataset MVTec --out mvtec_ad

Layouts:
${layouts.join('\n')}`,
    )
    .action(runIndex);
}

async function runIndex(root: string, flags: IndexFlags): Promise<void> {
  const info = flags.dataset === undefined ? undefined : findDataset(flags.dataset, await openRegistry(flags));
  const known = Object.keys(info?.classes ?? {});
  const className = flags.class ?? (known.length === 1 ? known[0]! : basename(resolve(root)));
  const { rows, notes } = await scanFolder(root, flags.layout ?? info?.layout ?? 'folder', className);
  const lists = new Map<string, readonly SampleRow[]>([[FULL, rows]]);
  const all = [...notes];
  const foreign = new Set(rows.map((r) => r.className).filter((c) => info && !known.includes(c)));
  if (foreign.size > 0)
    all.push(`${flags.dataset} does not know ${[...foreign].join(', ')}: prompts use these names as they are`);
  if (flags.shots !== undefined) {
    const few = drawShots(rows, flags.shots, flags.seed);
    lists.set(`${flags.shots}-shot.jsonl`, few.rows);
    all.push(...few.notes);
  }
  printIndex({ root, files: await writeLists(flags.out, lists), rows, notes: all }, flags.json ?? false);
}
