/** The flags of `jobs`. */
import { Argument, type Command, InvalidArgumentError } from 'commander';
import { count, type OutputFlags, outputOptions } from '../options.js';
import { caOption } from '../queue/queue_flags.js';

export const ACTIONS = ['list', 'cancel', 'retry'] as const;

export type JobsAction = (typeof ACTIONS)[number];

export interface JobsFlags extends OutputFlags {
  readonly queue: string;
  readonly store?: string;
  readonly queue_ca?: string;
  readonly dashboard?: boolean;
  readonly host: string;
  readonly port: number;
}

function port(text: string): number {
  const n = count(0)(text);
  if (n > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535.');
  return n;
}

/** Adds the argument and the flags. */
export function jobsOptions(command: Command): Command {
  return outputOptions(
    caOption(
      command
        .addArgument(new Argument('[action]', 'what to do with the jobs').choices(ACTIONS).default('list'))
        .requiredOption('--queue <url>', 'the Redis server that carries jobs')
        .option(
          '--store <where>',
          'only jobs of commands with this store (default: all jobs of this program on the server)',
        )
        .option('--dashboard', 'show the jobs in a browser, until stopped; needs the package @bull-board/fastify')
        .option('--host <address>', 'address of the dashboard; it asks nobody for a password', '127.0.0.1')
        .option('--port <n>', 'port of the dashboard; 0 for a free one', port, 8090),
    ),
  );
}
