#!/usr/bin/env node
/** The command line. Errors are one line and a non-zero exit; `--debug` adds where they came from. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { benchCommand } from './bench/command.js';
import { convertCommand } from './convert/command.js';
import { indexCommand } from './index_data/command.js';
import { infoCommand } from './info/command.js';
import { predictCommand } from './predict/command.js';
import { registryCommand } from './registry/command.js';
import { testCommand } from './test_adapters/command.js';
import { trainCommand } from './train/command.js';
import { verifyCommand } from './verify/command.js';

/** Flags are known with `_` and with `-`: `--img-size` is `--img_size`. */
export function normaliseFlags(argv: readonly string[], program: Command): string[] {
  const known = new Set(program.commands.flatMap((c) => c.options.flatMap((o) => (o.long ? [o.long] : []))));
  return argv.map((arg) => {
    const m = /^(--[\w-]+)(=.*)?$/.exec(arg);
    if (!m || known.has(m[1]!)) return arg;
    const plain = m[1]!.slice(2).replaceAll(/[-_]/g, '');
    const flag = [...known].find((k) => k.slice(2).replaceAll(/[-_]/g, '') === plain);
    return flag ? flag + (m[2] ?? '') : arg;
  });
}

/** Gives flags their names with underscores, as the published program has them. */
export function createProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const program = new Command('aaclip')
    .description(
      'Zero-shot visual anomaly detection on WebGPU: a picture and a name in, whether and where something is wrong out.',
    )
    .version(version)
    .showHelpAfterError('(aaclip <command> --help explains every option)');
  predictCommand(program);
  trainCommand(program);
  testCommand(program);
  indexCommand(program);
  registryCommand(program);
  verifyCommand(program);
  infoCommand(program);
  convertCommand(program);
  benchCommand(program);
  return program;
}

/** Writes out what is buffered before the process ends: the device's binding would keep it alive. */
async function leave(code: number): Promise<never> {
  await Promise.all([process.stdout, process.stderr].map((s) => new Promise((done) => s.write('', done))));
  process.exit(code);
}

async function main(): Promise<void> {
  const program = createProgram();
  const argv = normaliseFlags(process.argv, program);
  try {
    await program.parseAsync(argv);
    await leave(Number(process.exitCode ?? 0));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`aaclip: ${message.split('\n')[0]}\n`);
    if (argv.includes('--debug') && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    await leave(1);
  }
}

await main();
