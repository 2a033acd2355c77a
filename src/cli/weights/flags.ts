/** The flags of `weights fetch`. */
import { type Command, InvalidArgumentError } from 'commander';
import { RELEASED_FILES } from '../../data/released_weights.js';
import { type OutputFlags, outputOptions } from '../options.js';

export interface FetchFlags extends OutputFlags {
  readonly url?: readonly string[];
  readonly again?: boolean;
}

function address(text: string, before: readonly string[] = []): string[] {
  if (!/^https?:\/\/./.test(text))
    throw new InvalidArgumentError('expected an address that begins with http:// or https://.');
  return [...before, text];
}

export function fetchOptions(command: Command): Command {
  return outputOptions(
    command
      .argument('[name]', `one of ${RELEASED_FILES.map((r) => r.name).join(', ')}`, RELEASED_FILES[0]!.name)
      .option(
        '--url <address>',
        'fetch from here, such as a mirror of your own; may be repeated (default: as released)',
        address,
      )
      .option('--again', 'fetch even if it is there'),
  );
}
