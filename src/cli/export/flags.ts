/** The flags of `export`. */
import { type Command, Option } from 'commander';
import type { GraphInput } from '../../export/model_graph.js';
import { type CalibrationFlags, calibrationOptions } from '../calibration_choice.js';
import { registryOptions } from '../data_options.js';
import { type ModelFlags, modelOptions } from '../detector_options.js';
import { common } from '../options.js';

export interface ExportFlags extends ModelFlags, CalibrationFlags {
  readonly class: string;
  readonly out: string;
  readonly input: GraphInput;
  readonly external?: boolean;
  readonly reference?: boolean;
}

/** Adds the flags. */
export function exportOptions(command: Command): Command {
  const named = command
    .requiredOption('--class <names>', 'what pictures may show, separated by commas: "metal nut", "screw,hazelnut"')
    .option('--dataset <name>', 'look up the classes in this data set only; an error if it lacks one')
    .option('--out <file>', 'file to write; it appears whole or not at all', 'model.onnx')
    .addOption(
      new Option(
        '--input <kind>',
        'what the model takes: pictures, as bytes [B, H, W, 3] of any size; or floats [B, 3, S, S], resized and normalised before',
      )
        .choices(['pictures', 'floats'])
        .default('pictures'),
    )
    .option('--external', 'keep the weights in a file beside the model (default: only where it would exceed 2 GB)')
    .option('--reference', 'also write two pictures, and the scores and maps that this program finds in them');
  return common(registryOptions(calibrationOptions(modelOptions(named))));
}
