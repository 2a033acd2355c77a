#!/usr/bin/env node
/** The command line. Errors are one line and a non-zero exit code; `--debug` adds the stack trace. */
import { benchCommand } from './bench/command.js';
import { convertCommand } from './convert/command.js';
import { indexCommand } from './index_data/command.js';
import { infoCommand } from './info/command.js';
import { predictCommand } from './predict/command.js';
import { type AddCommand, createProgram, normaliseFlags } from './program.js';
import { registryCommand } from './registry/command.js';
import { testCommand } from './test_adapters/command.js';
import { trainCommand } from './train/command.js';
import { verifyCommand } from './verify/command.js';
import { weightsCommand } from './weights/command.js';

/** All commands, in the order of the help. A new command is a folder (command.ts, flags.ts, output.ts) and a row here. */
const COMMANDS: readonly AddCommand[] = [
  predictCommand,
  trainCommand,
  testCommand,
  indexCommand,
  registryCommand,
  weightsCommand,
  verifyCommand,
  infoCommand,
  convertCommand,
  benchCommand,
];

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
  const program = createProgram(COMMANDS);
  const argv = normaliseFlags(process.argv, program);
  try {
    await program.parseAsync(argv);
    await leave(Number(process.exitCode ?? 0));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`aaclip: ${message.split('\n')[0]}\n`);
    if (argv.includes('--debug')) for (const stack of stacks(error)) process.stderr.write(`${stack}\n`);
    await leave(1);
  }
}

await main();
