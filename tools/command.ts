/** Runs the commands of the tools: a failure prints one line on stderr and exits with code 1. */
import process from 'node:process';

/** A child process failed and has already printed why. */
export class ChildError extends Error {}

/**
 * Runs the body of a command.
 * @param body what the command does
 * @param prefix printed before the message of an error
 */
export async function runCommand(body: () => void | Promise<void>, prefix = ''): Promise<void> {
  try {
    await body();
  } catch (error) {
    if (!(error instanceof ChildError)) {
      process.stderr.write(`${prefix}${error instanceof Error ? error.message : error}\n`);
    }
    process.exitCode = 1;
  }
}
