/**
 * `npm run kills:watch`: drops 2,000 pictures into a folder that `aaclip watch` watches, kills it ten times, at random moments,
 * and checks that each picture has one line and is where its line says. Exits with 1 where anything is wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { CLI, ROOT } from '../child.js';
import { runCommand } from '../command.js';
import { runWatchTrial } from './watch_trial.js';

await runCommand(async () => {
  const number = (preset: string): { type: 'string'; default: string } => ({ type: 'string', default: preset });
  const { values } = parseArgs({ options: { pictures: number('2000'), kills: number('10') } });
  const scratch = mkdtempSync(join(tmpdir(), 'aaclip-kills-'));
  try {
    const model = ['--weights', 'synthetic:tiny', '--adapters', 'synthetic', '--img_size', '28', '--class', 'part'];
    const started = performance.now();
    const { wrong, lines, atKills } = await runWatchTrial({
      scratch,
      command: (folder, log, sorted) => [
        ...[join(ROOT, CLI), 'watch', folder, '--log', log, '--sort', sorted, '--threshold', '0.4'],
        ...[...model, '--poll', '0.1'],
      ],
      pictures: Number(values.pictures),
      kills: Number(values.kills),
      lives: 3000,
      arriving: 40_000,
      limit: 600,
    });
    for (const line of wrong) process.stdout.write(`${line}\n`);
    const seconds = Math.round((performance.now() - started) / 1000);
    process.stdout.write(
      `${lines} lines after ${atKills.length} kills (${atKills.join(', ')} at the kills), ${seconds} s: ${wrong.length === 0 ? 'as it should be' : `${wrong.length} faults`}\n`,
    );
    if (wrong.length > 0) process.exitCode = 1;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
