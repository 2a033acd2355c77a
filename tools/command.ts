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

/** The number that a flag gives. @throws when it is none, or below `least` */
export function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${flag}: bad number: expected a whole number of ${least} or more, got "${text}"`);
}
