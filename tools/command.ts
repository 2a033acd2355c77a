/** How every command of the tools ends: one line on stderr and exit code 1 when it fails. */
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
