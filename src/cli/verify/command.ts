/** `aaclip verify`: recomputes a folder of expected values. */
import type { Command } from 'commander';
import { goldenFolder } from '../../node/golden_folder.js';
import { packagedFile } from '../../node/packaged_file.js';
import { verify } from '../../verify/verify.js';
import { openDevice } from '../options.js';
import { progress } from '../progress.js';
import { type VerifyFlags, verifyOptions } from './flags.js';
import { printVerified } from './output.js';

export function verifyCommand(program: Command): void {
  verifyOptions(
    program
      .command('verify')
      .description('Recompute every case of a folder of expected values, and show how far off each tensor is.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip verify test/goldens
  $ aaclip verify test/goldens --only "op.*,model.tiny" --json`,
    )
    .action(runVerify);
}

async function runVerify(path: string, flags: VerifyFlags): Promise<void> {
  const folder = goldenFolder(path);
  const gpu = await openDevice(flags);
  const bar = progress('verify', 1, flags.json ?? false);
  const started = performance.now();
  const result = await verify(gpu, folder, {
    only: flags.only?.split(',').map((g) => g.trim()) ?? [],
    all: flags.all ?? false,
    precision: flags.precision,
    packaged: packagedFile,
    onCase: (name, index, count) => bar.update(index / count, name),
  });
  bar.finish();
  printVerified(gpu, result, (performance.now() - started) / 1000, flags.json ?? false);
  if (!result.pass) process.exitCode = 1;
}
