/** The flags of `serve`. */
import { type Command, InvalidArgumentError } from 'commander';
import { type JudgeFlags, judgeOptions } from '../open_judge.js';
import { count, number, positive } from '../options.js';

export interface ServeFlags extends JudgeFlags {
  readonly class: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly token?: string;
  readonly queue: number;
  readonly gather: number;
  readonly max_bytes: number;
  readonly timeout: number;
  readonly page: boolean;
}

/** The variable that holds the token where `--token` does not: command lines are seen by all users of a machine. */
export const TOKEN_VARIABLE = 'AACLIP_TOKEN';

const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

function port(text: string): number {
  const n = count(0)(text);
  if (n > 65_535) throw new InvalidArgumentError('expected a port, 0 to 65535.');
  return n;
}

function milliseconds(text: string): number {
  const n = number(text);
  if (n < 0 || n > 10_000) throw new InvalidArgumentError('expected milliseconds, 0 to 10000.');
  return n;
}

/** Adds the flags. */
export function serveOptions(command: Command): Command {
  return judgeOptions(
    command
      .requiredOption('--class <name>', 'what pictures may show; may be given several times', several)
      .option('--host <address>', 'address to listen on; any other than this machine itself needs a token', '127.0.0.1')
      .option('--port <n>', 'port to listen on; 0 for a free one', port, 8080)
      .option('--token <secret>', `what clients must send as "Authorization: Bearer" (or set ${TOKEN_VARIABLE})`)
      .option('--queue <n>', 'most pictures that wait; further requests are answered 429', count(1), 256)
      .option(
        '--gather <ms>',
        'how long a picture waits for others, to be scored together; longer only while the device is busy anyway',
        milliseconds,
        5,
      )
      .option('--max_bytes <n>', 'largest body accepted, in bytes', count(1), 32 << 20)
      .option('--no-page', 'do not answer with the page for browsers at /')
      .option('--timeout <seconds>', 'time for a body to come, and for its answer after that', positive, 30),
  );
}
