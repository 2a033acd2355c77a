/** Flags of the commands that judge pictures for a long time, and the judge that they choose. */
import type { Command } from 'commander';
import { findClass } from '../data/class_prompts.js';
import { openRegistry } from '../node/registry_source.js';
import { calibrationOptions } from './calibration_choice.js';
import { registryOptions } from './data_options.js';
import { type DetectorFlags, detectorOptions, openDetector } from './detector_options.js';
import { DetectorJudge } from './judge.js';
import { readingOptions } from './look_options.js';
import { common, number } from './options.js';

export interface JudgeFlags extends DetectorFlags {
  readonly threshold?: number;
}

/** Adds the flags of model, device, decision and reading. */
export function judgeOptions(command: Command): Command {
  const named = calibrationOptions(detectorOptions(command))
    .option(
      '--threshold <score>',
      'pictures with this score or more are anomalous (default: as calibrated, else as training recorded, else a preset)',
      number,
    )
    .option('--dataset <name>', 'look up classes in this data set only; an error if it has no such class');
  return common(registryOptions(readingOptions(named)));
}

/**
 * Opens device and model.
 * @throws AaclipError, or one line that says which flag is wrong
 */
export async function openJudge(classes: readonly string[], flags: JudgeFlags): Promise<DetectorJudge> {
  const registry = await openRegistry(flags);
  if (flags.dataset !== undefined) for (const name of classes) findClass(flags.dataset, name, registry);
  const judge = new DetectorJudge(() => openDetector(classes, registry, flags), flags.threshold);
  await judge.detector();
  return judge;
}
