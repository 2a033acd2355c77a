#!/usr/bin/env node
/** The command line. Errors are one line and a non-zero exit code; `--debug` adds the stack trace. */
import { handleEndings, lineOf } from './endings.js';

/** Writes out what is buffered before the process ends: the device's binding would keep it alive. */
async function leave(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map((s) => new Promise((done) => s.write('', done))));
  process.exit(code);
}

/** Stack traces of an error and of the errors it was made from: the last one shows where it began. */
function stacks(error: unknown): string[] {
  const found: string[] = [];
  for (let e = error; e instanceof Error; e = e.cause) found.push(`${found.length > 0 ? 'caused by ' : ''}${e.stack}`);
  return found;
}

async function main(): Promise<void> {
  handleEndings();
  try {
    // Loaded only now: Node opens all modules at once, and fails where a process may not have that many files open.
    const [{ COMMANDS }, { createProgram, normaliseFlags }] = [
      await import('./commands.js'),
      await import('./program.js'),
    ];
    const program = createProgram(COMMANDS);
    await program.parseAsync(normaliseFlags(process.argv, program));
    await leave(Number(process.exitCode ?? 0));
  } catch (error) {
    process.stderr.write(`aaclip: ${lineOf(error)}\n`);
    if (process.argv.includes('--debug')) for (const stack of stacks(error)) process.stderr.write(`${stack}\n`);
    await leave(1);
  }
}

await main();
