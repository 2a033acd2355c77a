/**
 * `npm run kills -- --count 100`: kills every command that writes files, before, in the middle of and after its writes, starts
 * it again, and compares what it leaves with an undisturbed run. Prints a table; exits with 1 where anything is wrong.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { tableLines } from '#src/eval/text_table';
import { runCommand } from '../command.js';
import { allJobs, drawData, trainJob } from './jobs.js';
import { killPoints } from './points.js';
import { Trial } from './trial.js';

await runCommand(async () => {
  const { values } = parseArgs({ options: { count: { type: 'string', default: '100' }, only: { type: 'string' } } });
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1) throw new Error(`--count: expected a whole number, got ${values.count}`);
  const scratch = mkdtempSync(join(tmpdir(), 'aaclip-kills-'));
  try {
    const data = join(scratch, 'data');
    drawData(data);
    mkdirSync(join(data, 'empty'));
    const trained = join(scratch, 'train-safetensors-0');
    await new Trial(trainJob(data, 'safetensors'), scratch).undisturbed();
    const jobs = allJobs(data, trained).filter((job) => values.only === undefined || job.name.startsWith(values.only));
    const rows: string[][] = [];
    for (const [j, job] of jobs.entries()) {
      const trial = new Trial(job, join(scratch, `job-${j}`));
      const whole = await trial.undisturbed();
      const share = Math.floor(count / jobs.length) + (j < count % jobs.length ? 1 : 0);
      let wrong = 0;
      for (const point of killPoints(whole.calls, share)) {
        const faults = await trial.killed(point, whole);
        if (faults.length > 0) wrong++;
        const call = whole.calls[point.call]!;
        const where = `${point.signal} ${point.moment} call ${point.call + 1} of ${whole.calls.length}, ${call.name} ${call.file}`;
        process.stdout.write(`${job.name}: ${where}: ${faults.length === 0 ? 'as undisturbed' : faults.join('; ')}\n`);
        if (faults.length > 0) process.exitCode = 1;
      }
      rows.push([job.name, String(whole.calls.length), String(share), String(share - wrong), String(wrong)]);
    }
    const head = ['command', 'calls that change files', 'kills', 'as undisturbed', 'wrong'];
    process.stdout.write(`\n${tableLines(head, rows, ['left', 'right']).join('\n')}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
