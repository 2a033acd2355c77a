/** Runs the command line, or a script beside it, in a child process with a limit of time. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface ChildResult {
  /** Exit code; null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether it was ended because its time was up. */
  readonly late: boolean;
  readonly seconds: number;
}

/** The built command line: this module may be source under test, but only built code can be started. */
export const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface ChildOptions {
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Called with each line of its output as it comes. */
  readonly onLine?: (line: string) => void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a program, and ends it after `seconds`, or when this process is ended. It never throws: a program that cannot be started
 * has a null code.
 */
export function runChild(
  program: string,
  args: readonly string[],
  seconds: number,
  { env, onLine }: ChildOptions = {},
): Promise<ChildResult> {
  const started = performance.now();
  return new Promise((resolve) => {
    // A group of its own, so that its own children end with it.
    const detached = process.platform !== 'win32';
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: env ?? process.env, detached });
    const kill = (): void => {
      try {
        if (detached && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
        else child.kill('SIGKILL');
      } catch {
        // It has ended by itself.
      }
    };
    process.once('exit', kill);
    // Before what ends this process on a signal. Where nothing listens, a signal ends it without asking anyone.
    const heard = SIGNALS.filter((signal) => process.listenerCount(signal) > 0);
    for (const signal of heard) process.prependListener(signal, kill);
    let [stdout, stderr, late] = ['', '', false];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    if (onLine) createInterface({ input: child.stdout }).on('line', onLine);
    const timer = setTimeout(() => {
      late = true;
      kill();
    }, 1000 * seconds);
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      process.off('exit', kill);
      for (const signal of heard) process.off(signal, kill);
      resolve({ code, signal, stdout, stderr, late, seconds: (performance.now() - started) / 1000 });
    };
    child.on('error', (error) => {
      stderr += error.message;
      end(null, null);
    });
    child.on('close', end);
  });
}

/** Runs the command line with these arguments. */
export function runSelf(args: readonly string[], seconds: number, env?: NodeJS.ProcessEnv): Promise<ChildResult> {
  return runChild(process.execPath, [MAIN, ...args], seconds, { env });
}

/** Why a child did not succeed, in one line; undefined where it did. */
export function failureOf({ code, signal, stderr, late, seconds }: ChildResult): string | undefined {
  if (late) return `still running after ${seconds.toFixed(0)} s: stopped`;
  if (code === 0) return undefined;
  const said = stderr
    .trim()
    .split('\n')
    .filter((line) => !/^(?:Warning|note):|^\s*at /.test(line))
    .at(-1);
  const how = signal === null ? `exit code ${code ?? 'none'}` : `ended by ${signal}`;
  return said ? `${how}: ${said}` : how;
}
