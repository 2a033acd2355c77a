/** Options about weights, adapters, sizes and speed: each is defined here once, for all commands that use it. */
import { type Command, Option } from 'commander';
import type { TileOptions } from '../detect/tiling.js';
import { count, number } from './options.js';

const WEIGHTS =
  'CLIP weights: OpenAI\'s .pt or a safetensors file; "ViT-L-14-336": what "aaclip weights fetch" fetched; "tiny": the small model that comes with the program ("./tiny": a file of that name); "synthetic": random weights, for trials and timing';

/** Adds `--weights`. */
export function weightsOption(command: Command, need: 'required' | 'optional' = 'required'): Command {
  return need === 'required'
    ? command.requiredOption('--weights <file>', WEIGHTS)
    : command.option('--weights <file>', WEIGHTS);
}

/** Adds `--img_size`; without a preset size, the size used in training applies. */
export function imageSizeOption(command: Command, preset?: number): Command {
  return preset === undefined
    ? command.option('--img_size <px>', 'resize pictures to this side (default: as trained, else 518)', count(14))
    : command.option('--img_size <px>', 'resize pictures to this side', count(14), preset);
}

/** Adds `--text_adapt_weight --image_adapt_weight`; without a preset share, the shares used in training apply. */
export function mixOptions(command: Command, preset?: number): Command {
  const share = (part: 'text' | 'image'): Option => {
    const after = preset === undefined ? ' (default: as trained, else 0.1)' : '';
    const option = new Option(
      `--${part}_adapt_weight <w>`,
      `share of ${part === 'text' ? 'a text' : 'an image'} adapter's output in its mix with the block's${after}`,
    ).argParser(number);
    return preset === undefined ? option : option.default(preset);
  };
  return command.addOption(share('text')).addOption(share('image'));
}

/** Adds `--activation`; without a preset, the activation used in training applies. */
export function activationOption(command: Command, preset?: 'gelu'): Command {
  const after = preset === undefined ? ' (default: as trained, else gelu)' : '';
  const option = new Option(
    '--activation <kind>',
    `CLIP's activation: gelu as published, or quickgelu, with which OpenAI's weights were trained${after}`,
  ).choices(['gelu', 'quickgelu']);
  return command.addOption(preset === undefined ? option : option.default(preset));
}

/**
 * Adds `--relu --text_adapt_until --image_adapt_until`.
 * @param use `choose` makes adapters of that shape, `check` compares with what a checkpoint holds
 */
export function adapterShapeOptions(command: Command, use: 'choose' | 'check'): Command {
  const checked = use === 'check' ? 'checked against the checkpoint: ' : '';
  const blocks = (part: 'text' | 'image', preset: number): Option => {
    const text = `${checked}number of ${part} blocks with an adapter`;
    const option = new Option(`--${part}_adapt_until <n>`, text).argParser(count(0));
    return use === 'choose' ? option.default(preset) : option;
  };
  return command
    .option('--relu', `${checked}LeakyReLU after the image projections`)
    .addOption(blocks('text', 3))
    .addOption(blocks('image', 6));
}

/** Adds `--domain`. */
export function domainOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--domain <kind>',
      'how maps are smoothed and pictures scored (default: the domain of the data set or class, else Industrial)',
    ).choices(['Industrial', 'Medical']),
  );
}

/** Adds `--batch_size`. */
export function batchSizeOption(command: Command): Command {
  return command.option(
    '--batch_size <n>',
    'pictures, or tiles, at a time (default: chosen to fit the adapter)',
    count(1),
  );
}

export interface TileFlags {
  /** `true` without a number. */
  readonly tile?: number | true;
  readonly overlap?: number;
}

/** Adds `--tile --overlap`. */
export function tileOptions(command: Command): Command {
  return command
    .option(
      '--tile [px]',
      'score pictures larger than this in tiles of so many pixels a side, each resized to --img_size, and blend their maps; without a number, tiles of --img_size pixels (default: pictures as a whole)',
      count(14),
    )
    .option('--overlap <px>', 'pixels that neighbouring tiles share (default: a quarter of --tile)', count(0));
}

/**
 * The tiles that the flags choose.
 * @throws one line when there is an overlap without tiles, or of a whole tile
 */
export function tileOf({ tile, overlap }: TileFlags): TileOptions | undefined {
  if (tile === undefined) {
    if (overlap === undefined) return undefined;
    throw new Error('--overlap: only tiles overlap: add --tile, or leave it out');
  }
  const size = tile === true ? undefined : tile;
  if (size !== undefined && overlap !== undefined && overlap >= size) {
    throw new Error(`--overlap: expected less than the ${size} pixels of --tile, got ${overlap}: give a smaller one`);
  }
  return { size, overlap };
}

/** Adds `--no-cache`. */
export function cacheOption(command: Command): Command {
  return command.option(
    '--no-cache',
    "neither use nor keep the anchors of classes in the user's cache folder (~/.cache/aaclip, or below XDG_CACHE_HOME)",
  );
}

/** Adds `--threads`, which the published program calls `--max_workers`: both spellings are one flag. */
export function threadsOption(command: Command): Command {
  return command.option(
    '--max_workers, --threads <n>',
    'decoding threads; 0 decodes without threads (default: all cores but one, 4 at most)',
    count(0),
  );
}

/** Adds `--model_name`, which no command reads. */
export function modelNameOption(command: Command): Command {
  return command.option(
    '--model_name <name>',
    'accepted for the published command line; sizes are read from the weights',
  );
}
