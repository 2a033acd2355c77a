/** `aaclip index`: lists the user's own pictures, or a data set as it is downloaded, for training and testing. */
import { basename, dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { findDataset } from '../../data/class_prompts.js';
import { LAYOUTS } from '../../data/index_layouts.js';
import { indexWarnings, type SampleRow } from '../../data/index_rows.js';
import { drawShots } from '../../data/shots.js';
import { convertList } from '../../node/convert_list.js';
import { uniteMasks } from '../../node/mask_files.js';
import { openRegistry } from '../../node/registry_source.js';
import { FULL } from '../../node/sample_lists.js';
import { type ScannedFolder, scanFolder } from '../../node/scan_folder.js';
import { type IndexFlags, indexOptions } from './flags.js';
import { printIndex, writeLists } from './output.js';

export function indexCommand(program: Command): void {
  const layouts = Object.entries(LAYOUTS).map(([name, expects]) => `  ${name}: ${expects}`);
  indexOptions(
    program
      .command('index')
      .description(`List the pictures of a folder as samples for training and testing (${FULL}).`),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip index parts --dry_run
  $ aaclip index parts --out parts --shots 32
  $ aaclip index parts --normal reference --masks marked --out parts
  $ aaclip index mvtec_ad --dataset MVTec --out mvtec_ad
  $ aaclip index mvtec_ad --from mvtec_ad/meta.json --out mvtec_ad

Layouts (docs/data.md shows what "folder" makes of many trees):
${layouts.join('\n')}`,
    )
    .action(runIndex);
}

/** The samples that the flags ask for, with what the user should know about them. */
async function findSamples(root: string, flags: IndexFlags): Promise<ScannedFolder> {
  const info = flags.dataset === undefined ? undefined : findDataset(flags.dataset, await openRegistry(flags));
  const known = Object.keys(info?.classes ?? {});
  const className = flags.class ?? (known.length === 1 ? known[0]! : basename(resolve(root)));
  const scanned =
    flags.from === undefined
      ? await scanFolder(root, flags.layout ?? info?.layout ?? 'folder', className, flags)
      : {
          ...(await convertList(flags.from, root, flags.split, className, flags.allowOutside)),
          parts: new Map(),
          folders: [],
        };
  const foreign = new Set(scanned.rows.map((r) => r.className).filter((c) => info && !known.includes(c)));
  if (foreign.size === 0) return scanned;
  const note = `${flags.dataset} does not know ${[...foreign].join(', ')}: prompts use these names as they are`;
  return { ...scanned, notes: [...scanned.notes, note] };
}

async function runIndex(given: string | undefined, flags: IndexFlags): Promise<void> {
  const { out, from, shots, dry_run: dry } = flags;
  const root = given ?? (from === undefined ? undefined : dirname(from));
  if (root === undefined) throw new Error('index: no folder: name the folder of the pictures');
  if (out === undefined && !dry) {
    throw new Error('index: no folder for the lists: give --out DIR, or --dry_run to look only');
  }
  if (flags.split !== undefined && from === undefined) {
    throw new Error('--split: chooses a part of a list: give the list with --from');
  }
  const { rows: found, parts, folders, notes: about } = await findSamples(root, flags);
  const warnings = indexWarnings(found, flags.normal !== undefined || flags.abnormal !== undefined);
  if (flags.strict && warnings.length > 0) throw new Error(`${root}: ${warnings.join('; ')}`);
  const rows = dry ? found : await uniteMasks(root, found, parts, out!);
  const lists = new Map<string, readonly SampleRow[]>([[FULL, rows]]);
  const notes = [...about];
  if (shots !== undefined) {
    const few = drawShots(rows, shots, flags.seed);
    lists.set(`${shots}-shot.jsonl`, few.rows);
    notes.push(...few.notes);
  }
  const files = dry ? [] : await writeLists(out!, lists);
  if (dry) notes.push('nothing was written (--dry_run)');
  printIndex({ root, files, rows, folders, notes, warnings }, flags.json ?? false);
}
