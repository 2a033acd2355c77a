/** `aaclip registry`: what is known of data sets, in the form that `--registry` reads. */
import type { Command } from 'commander';
import { registryText } from '../../data/registry_file.js';
import { openRegistry, type RegistryFlags, registryOptions } from '../../node/registry_source.js';

export function registryCommand(program: Command): void {
  registryOptions(
    program
      .command('registry')
      .description('Print the known data sets, classes and prompt names as JSON, with those of --registry added.'),
  )
    .option('--debug', 'show where an error came from')
    .addHelpText(
      'after',
      `
A file of your own needs what it adds only:
  {"datasets": {"Parts": {"domain": "Industrial", "folder": "parts", "layout": "folder",
                          "classes": {"nut": "hexagonal steel nut"}}}}
The folder is looked for below AACLIP_DATA; prompts call each class by the name beside it. A data set may have
normalStates, abnormalStates and templates of its own.`,
    )
    .action(async (flags: RegistryFlags) => {
      process.stdout.write(registryText(await openRegistry(flags)));
    });
}
