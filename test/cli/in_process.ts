/** Runs a command in this process: no start of Node, and a device only where the command gets that far. */
import { vi } from 'vitest';
import { COMMANDS } from '../../src/cli/commands.js';
import { createProgram, normaliseFlags } from '../../src/cli/program.js';

export interface InProcess {
  readonly stdout: string;
  readonly stderr: string;
  /** The line of the error that ended it. */
  readonly failed: string | undefined;
}

export async function runHere(...args: string[]): Promise<InProcess> {
  const program = createProgram(COMMANDS);
  for (const command of [program, ...program.commands])
    command.exitOverride().configureOutput({ writeErr: () => undefined });
  const caught = (stream: NodeJS.WriteStream): (() => string) => {
    const spy = vi.spyOn(stream, 'write').mockReturnValue(true);
    return () => {
      const text = spy.mock.calls.map(([chunk]) => String(chunk)).join('');
      spy.mockRestore();
      return text;
    };
  };
  const [stdout, stderr] = [caught(process.stdout), caught(process.stderr)];
  const before = process.exitCode;
  const failed = await program.parseAsync(normaliseFlags(['node', 'aaclip', ...args], program)).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  process.exitCode = before;
  return { stdout: stdout(), stderr: stderr(), failed };
}
