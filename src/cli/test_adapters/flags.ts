/** The flags of `test`, with the published program's names and defaults. */
import { type Command, Option } from 'commander';
import type { Domain } from '../../data/datasets.js';
import { type DataFlags, dataOptions } from '../../node/sample_lists.js';
import { type CommonOptions, count, number } from '../options.js';

export interface TestFlags extends CommonOptions, DataFlags {
  readonly class?: string;
  readonly domain?: Domain;
  readonly weights: string;
  readonly save_path: string;
  readonly results_dir?: string;
  readonly epoch?: number;
  readonly plain?: 'all' | 'text';
  readonly img_size?: number;
  readonly batch_size?: number;
  readonly visualize?: boolean;
  readonly relu?: boolean;
  readonly text_adapt_weight?: number;
  readonly image_adapt_weight?: number;
  readonly text_adapt_until?: number;
  readonly image_adapt_until?: number;
  readonly activation?: 'gelu' | 'quickgelu';
  readonly max_workers?: number;
}

export function testOptions(command: Command): Command {
  return dataOptions(
    command.option('--dataset <names>', 'data sets, separated by commas, or "all" that can be found', 'MVTec'),
  )
    .option('--class <names>', 'these classes only, separated by commas')
    .addOption(
      new Option(
        '--domain <kind>',
        "how maps are smoothed and scores made (default: the data set's own, else Industrial)",
      ).choices(['Industrial', 'Medical']),
    )
    .option('--shot <n>', 'accepted for the published command line; the full list is tested', count(0))
    .requiredOption(
      '--weights <file>',
      'CLIP weights: OpenAI\'s .pt, or safetensors; "tiny" for the small model of the package ("./tiny" for a file of that name), "synthetic" for one that knows nothing',
    )
    .option('--model_name <name>', 'accepted for the published command line; sizes are read from the weights')
    .option('--save_path <dir>', 'folder with the adapters', 'ckpt/baseline')
    .option('--results_dir <dir>', 'where test.log, results.json and pictures go (default: the folder of the adapters)')
    .option('--epoch <n>', 'test image_adapter_<n> only (default: all there are, in their order)', count(0))
    .addOption(
      new Option(
        '--plain [parts]',
        'plain CLIP without adapters; "text" leaves out those of the text tower only, as after training with --text_epoch 0',
      )
        .choices(['all', 'text'])
        .preset('all'),
    )
    .option('--img_size <px>', 'side pictures are resized to (default: that of the training, else 518)', count(14))
    .option('--batch_size <n>', 'pictures at a time (default: what the adapter holds well)', count(1))
    .option('--visualize', 'write picture, mask, heatmap and overlay of each picture, and a sheet of each class')
    .option('--relu', 'checked: the image projections end in a LeakyReLU')
    .option('--text_adapt_weight <w>', 'share of a text adapter in its mix (default: as trained, else 0.1)', number)
    .option('--image_adapt_weight <w>', 'share of an image adapter in its mix (default: as trained, else 0.1)', number)
    .option('--text_adapt_until <n>', 'checked: text blocks with an adapter', count(0))
    .option('--image_adapt_until <n>', 'checked: image blocks with an adapter', count(0))
    .addOption(
      new Option(
        '--activation <kind>',
        "gelu as published, or quickgelu as OpenAI's weights were trained (default: as the adapters were trained, else gelu)",
      ).choices(['gelu', 'quickgelu']),
    )
    .option('--max_workers <n>', 'decoding threads', count(0));
}
