/** `aaclip registry`: the known data sets, in the form that `--registry` reads. */
import type { Command } from 'commander';
import { openRegistry } from '../../node/registry_source.js';
import { type RegistryCommandFlags, registryCommandOptions } from './flags.js';
import { printRegistry } from './output.js';

export function registryCommand(program: Command): void {
  registryCommandOptions(
    program
      .command('registry')
      .description('Print the known data sets, classes and prompt names as JSON, including those of --registry.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip registry > known.json
  $ aaclip registry --registry mine.json

Your own file holds only what it adds:
  {"datasets": {"Parts": {"domain": "Industrial", "folder": "parts", "layout": "folder",
                          "classes": {"nut": "hexagonal steel nut"}}}}
The folder is looked for below AACLIP_DATA; prompts call each class by the name beside it. A data set may have its own
normalStates, abnormalStates and templates.`,
    )
    .action(async (flags: RegistryCommandFlags) => printRegistry(await openRegistry(flags)));
}
