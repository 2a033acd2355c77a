/** How the process ends other than by itself: by a signal, because nobody reads its output any more, or by a bug. */
import { writeSync } from 'node:fs';
import { constants } from 'node:os';
import { printable } from '../data/printable.js';
import { fileError } from '../node/file_error.js';
import { removeOwn } from '../node/temporaries.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let words: (() => string) | undefined;

/** What a signal that ends the process says about the work: what is kept, and how to go on. */
export function whenStopped(say: () => string): void {
  words = say;
}

let finish: ((signal: string) => void) | undefined;

/** Lets the first signal end the work in order; the second one ends the process. */
export function finishAtSignal(work: (signal: string) => void): void {
  finish = work;
}

/** Writes to the error stream at once: the process is about to end. */
function tell(line: string): void {
  try {
    // A progress bar may stand in the line.
    writeSync(2, `${process.stderr.isTTY ? '\n' : ''}aaclip: ${line}\n`);
  } catch {
    // The terminal is gone.
  }
}

/** Ends the process by the signal it was sent, as a shell or a supervisor expects, but leaves no temporary file. */
function stop(signal: (typeof SIGNALS)[number]): void {
  if (finish) {
    const first = finish;
    finish = undefined;
    first(signal);
    return;
  }
  removeOwn();
  if (words) tell(`stopped by ${signal}: ${printable(words())}`);
  process.removeAllListeners(signal);
  try {
    process.kill(process.pid, signal);
  } catch {
    process.exit(128 + constants.signals[signal]);
  }
}

/** An output stream failed. Where its reader has ended, `head` for example, so does this process, as others do by SIGPIPE. */
function outputLost(name: string, error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EOF') process.exit(128 + 13);
  tell(fileError(name, 'write', error).message);
  process.exit(1);
}

/** The line of an error. */
export function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return printable(String(error));
  // Node's own error of a module it could not open.
  const { code, path } = error as NodeJS.ErrnoException;
  return printable(path !== undefined && code !== undefined ? fileError(path, 'read', error).message : error.message);
}

/** Installs all of it. */
export function handleEndings(): void {
  for (const signal of SIGNALS) process.on(signal, () => stop(signal));
  process.stdout.on('error', (error) => outputLost('standard output', error));
  process.stderr.on('error', (error) => outputLost('standard error', error));
  // What a promise or an event throws beside the work that is awaited.
  process.on('uncaughtException', (error) => {
    tell(lineOf(error));
    if (process.argv.includes('--debug')) tell(`${error.stack}`);
    process.exit(1);
  });
}
