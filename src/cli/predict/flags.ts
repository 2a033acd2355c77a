/** The flags of `predict`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DATA_VARIABLE } from '../../node/data_roots.js';
import { calibrationOptions } from '../calibration_choice.js';
import { registryOptions } from '../data_options.js';
import { type DetectorFlags, detectorOptions } from '../detector_options.js';
import { pictureOptions } from '../look_options.js';
import { common, number } from '../options.js';
import { type OptionalQueueFlags, optionalQueueOptions } from '../queue/queue_flags.js';
import { RANGES, type RangeKind } from './colours.js';
import type { DrawOptions } from './drawn.js';

export interface PredictFlags extends DetectorFlags, OptionalQueueFlags {
  readonly class: string;
  readonly out: string;
  readonly raw?: 'npy' | 'safetensors';
  readonly map?: boolean;
  readonly heatmap: boolean;
  readonly range: RangeKind;
  readonly legend: boolean;
  readonly threshold?: number;
  readonly pixel_threshold?: number;
  /** The folder that workers share. */
  readonly data?: string;
}

/** What the flags draw. */
export function drawOptions(flags: PredictFlags): DrawOptions {
  const { heatmap, map: grey = false, raw, range, legend, pixel_threshold: pixelThreshold } = flags;
  return { heatmap, grey, raw, range, legend, pixelThreshold };
}

/** A kind of range; `fixed` is what `share` was called before there were others. */
function rangeKind(text: string): RangeKind {
  const kind = RANGES.find((r) => r === text || (text === 'fixed' && r === 'share'));
  if (kind) return kind;
  throw new InvalidArgumentError(`expected one of ${RANGES.join(', ')}.`);
}

/** Files and verdicts. */
function writingOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'where heatmaps and maps go; never searched for pictures', 'out')
    .addOption(
      new Option(
        '--raw <format>',
        'also write the map as numbers, and with a calibration the evidence that it decides by',
      ).choices(['npy', 'safetensors']),
    )
    .option('--map', 'also write the map as an 8-bit grey picture')
    .option('--no-heatmap', 'do not write heatmaps')
    .option('--no-legend', 'heatmaps without the strip that explains their colours: just as large as the picture')
    .addOption(
      new Option(
        '--range <kind>',
        'what the colours show: scale (0 like good pictures, 0.5 the threshold, 1 like faulty ones), share (0 to 1 of the map) or image (stretched to each picture, so that good ones light up too)',
      )
        .argParser(rangeKind)
        .default('scale'),
    )
    .option(
      '--threshold <score>',
      'pictures whose score (not the normalized one) is this or more are anomalous; by default the adapters decide',
      number,
    )
    .option(
      '--pixel_threshold <p>',
      'outline where the map has this value or more, write that area as a mask, and list its regions in --json',
      number,
    );
}

/** Adds the arguments and flags. */
export function predictOptions(command: Command): Command {
  const named = command
    .argument('<pictures...>', 'PNG, JPEG, BMP, TIFF or WebP files, folders of them, or patterns')
    .requiredOption('--class <name>', 'what the pictures show: "metal nut", a class of a known data set, or "object"')
    .option('--dataset <name>', 'look up the class in this data set only; an error if it has no such class');
  const queued = optionalQueueOptions(
    writingOptions(calibrationOptions(detectorOptions(pictureOptions(named)))),
  ).option(
    '--data <dir>',
    `with --queue: the folder of pictures that workers share, the one of their --data (default: ${DATA_VARIABLE})`,
  );
  return common(registryOptions(queued)).option(
    '--dry_run',
    'look at all pictures, say what is found, and score nothing',
  );
}
