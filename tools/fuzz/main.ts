/** `npm run fuzz`: damaged files for every reader, and what each reader says to them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { runCommand } from '../command.js';
import { type Failure, inputOf, tryInput } from './fuzz_target.js';
import type { FuzzWork } from './fuzz_worker.js';
import { type FuzzTarget, LIMITS } from './target.js';
import { TARGETS } from './targets.js';

const USAGE = `usage: npm run fuzz -- [options]

Damages files of every kind that is read, and checks that each reader takes them or refuses them as it should: with an
error that begins with the file's name and is one line, within ${LIMITS.cpu} s of a processor and bounded memory. The inputs follow
from the seed. Those on which a reader fails are saved.

  --seed S        seed; another seed gives other inputs (default 1)
  --count N       inputs, shared out among the targets (default 20000)
  --only a,b      targets: ${TARGETS.map((t) => t.name).join(', ')}
  --out DIR       folder of saved inputs (default out/fuzz)
  --repeat FILE   tries one saved input; needs --only with its target`;

/** Failures of one target after which it is left. */
const ENOUGH = 10;
/** How often the watchdog looks, in milliseconds. */
const LOOK = 250;
/** Heap of the thread, in MiB. */
const HEAP = 1024;

function wholeNumber(flag: string, text: string): number {
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Error(`--${flag}: bad number: expected a whole number of 0 or more, got "${text}"`);
}

function chosen(only: string | undefined): readonly FuzzTarget[] {
  return (only?.split(',') ?? TARGETS.map((t) => t.name)).map((name) => {
    const target = TARGETS.find((t) => t.name === name);
    if (target === undefined) {
      throw new Error(`--only: unknown target: expected ${TARGETS.map((t) => t.name).join(', ')}, got "${name}"`);
    }
    return target;
  });
}

/** Tries a run of inputs in a thread. @returns the number of the input at which the thread had to be ended, if any */
async function runThread(work: FuzzWork, onFailure: (failure: Failure) => boolean): Promise<number | undefined> {
  const { target, seed, place } = work;
  const worker = new Worker(new URL('./fuzz_worker.js', import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: HEAP },
  });
  let ended: string | undefined;
  let enough = false;
  let since = { index: -1, cpu: process.cpuUsage() };
  const watchdog = setInterval(() => {
    if (ended !== undefined) return;
    const index = Atomics.load(place, 0);
    if (index !== since.index) since = { index, cpu: process.cpuUsage() };
    const { user, system } = process.cpuUsage(since.cpu);
    if (user + system < 2 * LIMITS.cpu * 1e6) return;
    ended = `does not end within ${2 * LIMITS.cpu} s of a processor`;
    void worker.terminate();
  }, LOOK);
  worker.on('message', (failure: Failure) => {
    enough = onFailure(failure) || enough;
    if (enough) void worker.terminate();
  });
  worker.on('error', (error) => {
    ended = `ends the thread: ${error.message}`;
  });
  await new Promise((resolve) => worker.on('exit', resolve));
  clearInterval(watchdog);
  if (enough) return undefined;
  const index = Atomics.load(place, 0);
  if (ended !== undefined) onFailure({ target, seed, index, fault: ended });
  return ended === undefined ? undefined : index;
}

async function fuzz(target: FuzzTarget, seed: number, count: number, out: string): Promise<number> {
  const seeds = await target.seeds();
  const place = new Int32Array(new SharedArrayBuffer(4));
  const started = performance.now();
  let failures = 0;
  const report = ({ index, fault }: Failure): boolean => {
    failures++;
    mkdirSync(out, { recursive: true });
    const path = join(out, `${target.name}-${seed}-${index}`);
    writeFileSync(path, inputOf(target, seeds, seed, index));
    process.stdout.write(`${target.name}: seed ${seed}, input ${index}: ${fault}\n  saved: ${path}\n`);
    return failures >= ENOUGH;
  };
  let first: number | undefined = 0;
  while (first !== undefined && first < count && failures < ENOUGH) {
    const stopped = await runThread({ target: target.name, seed, first, count: count - first, place }, report);
    first = stopped === undefined ? undefined : stopped + 1;
  }
  const seconds = (performance.now() - started) / 1000;
  const left = failures >= ENOUGH ? ', left after so many' : '';
  process.stdout.write(`${target.name}: ${count} inputs, ${failures} failures${left}, ${seconds.toFixed(1)} s\n`);
  return failures;
}

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      count: { type: 'string', default: '20000' },
      only: { type: 'string' },
      out: { type: 'string', default: join('out', 'fuzz') },
      repeat: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const targets = chosen(values.only);
  if (values.repeat !== undefined) {
    if (targets.length !== 1) throw new Error('--repeat: expected --only with the target of the input');
    const fault = await tryInput(targets[0]!, new Uint8Array(readFileSync(values.repeat)));
    if (fault !== undefined) throw new Error(`${targets[0]!.name}: ${fault}`);
    process.stdout.write(`${targets[0]!.name}: as it should be\n`);
    return;
  }
  const seed = wholeNumber('seed', values.seed);
  const each = Math.ceil(wholeNumber('count', values.count) / targets.length);
  let failures = 0;
  for (const target of targets) failures += await fuzz(target, seed, each, values.out);
  if (failures > 0) throw new Error(`fuzz: ${failures} failures`);
});
