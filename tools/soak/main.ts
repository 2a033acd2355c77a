/** `npm run soak`: whether memory and descriptors stay flat in long runs. */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runCommand } from '../command.js';
import { smallJudge, soakOpens, soakPredict, soakRequests } from './runs.js';
import { complaints, type Sample, sampleTable } from './samples.js';

const USAGE = `usage: npm run soak -- [--pictures N] [--opens N] [--requests N]

Measures memory and open descriptors while pictures pass through "aaclip predict" and "aaclip serve", and while devices are
opened and closed.
It fails where one of them grows: the last third of a run is compared with the third before.

  --pictures N   pictures to score (default 2000)
  --opens N      devices to open (default 500)
  --requests N   pictures to send over 64 connections (default 5000)
`;

function numberOf(flag: string, text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 24)
    throw new Error(`soak: --${flag}: expected a whole number of at least 24, got ${text}`);
  return n;
}

function tell(what: string, samples: readonly Sample[], seconds: number): boolean {
  const wrong = complaints(samples);
  const verdict = wrong.length === 0 ? 'flat' : wrong.join(', ');
  process.stdout.write(`${sampleTable(what, samples).join('\n')}\n${verdict}, in ${seconds.toFixed(0)} s\n\n`);
  return wrong.length === 0;
}

async function soakService(total: number): Promise<Sample[]> {
  const judge = smallJudge();
  try {
    return await soakRequests(total, judge);
  } finally {
    await judge.close();
  }
}

async function soak(): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ options: { pictures: text, opens: text, requests: text, help: { type: 'boolean' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const runs = [
    ['opens', numberOf('opens', values.opens ?? '500'), soakOpens],
    ['pictures', numberOf('pictures', values.pictures ?? '2000'), soakPredict],
    ['requests', numberOf('requests', values.requests ?? '5000'), soakService],
  ] as const;
  let flat = true;
  for (const [what, total, run] of runs) {
    const started = performance.now();
    const samples = await run(total);
    flat = tell(what, samples, (performance.now() - started) / 1000) && flat;
  }
  if (!flat) throw new Error('soak: something grows');
}

await runCommand(soak);
process.exit();
