/** The flags of `reproduce`: those of a training, which part of the protocol is run, and which epoch is tested. */
import { type Command, InvalidArgumentError } from 'commander';
import { PROTOCOL, PUBLISHED_EPOCH } from '../../data/published_figures.js';
import { count } from '../options.js';
import { type TrainCommandFlags, trainingOptions } from '../train/flags.js';
import { seedsOption } from '../train/seed_flags.js';

export interface ReproduceFlags extends Omit<TrainCommandFlags, 'dataset' | 'test' | 'test_data' | 'test_epoch'> {
  readonly only?: readonly string[];
  readonly epoch?: number;
}

/** Reads `--only`: training sets of the protocol, separated by commas. */
function partNames(text: string): string[] {
  const known = PROTOCOL.map(({ train }) => train);
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined) throw new InvalidArgumentError(`expected some of ${known.join(', ')}.`);
  return names;
}

export function reproduceOptions(command: Command): Command {
  const named = command.option(
    '--only <names>',
    'parts of the protocol, by the data set they train on: VisA, MVTec (default: both)',
    partNames,
  );
  return seedsOption(trainingOptions(named, { mode: 'full_shot', savePath: 'ckpt/reproduce' })).option(
    '--epoch <n>',
    `epoch of stage two that is tested (default: ${PUBLISHED_EPOCH} after a full-shot training, as the authors report, else the last)`,
    count(1),
  );
}
