/** Flags for several seeds, and for tests of their adapters. */
import { type Command, InvalidArgumentError } from 'commander';
import { count } from '../options.js';

/**
 * Reads `--seeds`: a count N stands for 0 to N - 1; several numbers are the seeds themselves, and a comma behind a single one
 * makes it a seed.
 */
export function seedList(text: string): number[] {
  const words = text.split(',').map((word) => word.trim());
  const single = words.length === 2 && words[1] === '';
  const numbers = (single ? words.slice(0, 1) : words).map((word) => (/^\d+$/.test(word) ? Number(word) : Number.NaN));
  if (numbers.some((n) => !Number.isSafeInteger(n)))
    throw new InvalidArgumentError('expected a number of seeds, or seeds separated by commas: 5, or 1,2,3.');
  const [count] = numbers;
  if (words.length === 1 && (count! < 1 || count! > MOST_SEEDS))
    throw new InvalidArgumentError(
      `expected 1 to ${MOST_SEEDS} seeds; for the seed ${count} alone, write "${count},".`,
    );
  const seeds = words.length === 1 ? [...Array(count).keys()] : numbers;
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (twice !== undefined) throw new InvalidArgumentError(`seed ${twice} is given twice.`);
  return seeds;
}

/** More seeds than anyone trains: a seed that was taken for a count. */
const MOST_SEEDS = 100;

/** Adds `--seeds`. */
export function seedsOption(command: Command): Command {
  return command.option(
    '--seeds <list>',
    'train once for each seed instead of --seed, in folders of their own: a count (5 means 0 to 4), or seeds as 1,2,3',
    seedList,
  );
}

/** Several seeds, and tests of their adapters. */
export function sweepOptions(command: Command): Command {
  return seedsOption(command)
    .option('--test <names>', 'test the adapters of each seed on these data sets, separated by commas, or "all"')
    .option('--test_data <dir>', 'where the data sets of --test are (default: --data)')
    .option('--test_epoch <n>', 'epoch of stage two that is tested (default: the last)', count(1));
}
