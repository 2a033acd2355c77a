/** `aaclip methods`: the methods there are, with licences, released files and published figures. */
import type { Command } from 'commander';
import { methodsOptions } from './flags.js';
import { printMethods } from './output.js';

export function methodsCommand(program: Command): void {
  methodsOptions(
    program
      .command('methods')
      .description(
        'List the methods that are known: licence, what each needs, released checkpoints, published figures.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip methods
  $ aaclip methods --json
  $ aaclip weights fetch anomalyclip-visa
  $ aaclip test --dataset MVTec --data mvtec_ad --weights ViT-L-14-336 --save_path anomalyclip-visa

A checkpoint is named by the data set it was trained on. To be zero-shot, test it on another: anomalyclip-visa on MVTec AD,
anomalyclip-mvtec on VisA and all the rest. AnomalyCLIP's own folders are named the other way round, by what is tested.`,
    )
    .action(printMethods);
}
