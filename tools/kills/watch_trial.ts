/** Pictures arrive in a folder while the program that watches it is killed again and again: each must get exactly one line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import { encodePng } from '#src/node/encode_png';

export interface WatchTrial {
  /** A folder of its own. */
  readonly scratch: string;
  /** Arguments of Node that start the program. */
  command(folder: string, log: string, sorted: string): readonly string[];
  readonly pictures: number;
  readonly kills: number;
  /** Most milliseconds between the first line that the program writes and its kill. Every fourth kill comes while it starts. */
  readonly lives: number;
  /** Milliseconds within which all pictures arrive. */
  readonly arriving: number;
  /** Seconds that the rest may take after the last kill. */
  readonly limit: number;
}

export interface WatchResult {
  /** What is wrong, a line each; empty where all is as it should be. */
  readonly wrong: readonly string[];
  readonly lines: number;
  /** Lines that were there at each kill. */
  readonly atKills: readonly number[];
}

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Name and bytes of a picture. Some share a folder's name, and every seventh has the size and look of the one before. */
function drawn(n: number): { readonly image: string; readonly bytes: Uint8Array } {
  const side = 8 + (n % 5);
  const rgb = Uint8Array.from({ length: 3 * side * side }, (_, i) => (i * 31 + n * 7 + (n >> 5)) % 256);
  rgb.set([n % 256, n >> 8, 77]);
  return { image: `${n % 3 === 0 ? `line${n % 2}/` : ''}part ${n}.png`, bytes: encodePng(side, side, rgb) };
}

/** Puts a picture into the folder as programs do: at once, in two pieces, or under another name first. */
async function arrive(path: string, bytes: Uint8Array, n: number): Promise<void> {
  if (n % 5 === 1) {
    writeFileSync(path, bytes.subarray(0, bytes.length / 2));
    await pause(120);
    appendFileSync(path, bytes.subarray(bytes.length / 2));
  } else if (n % 5 === 2) {
    writeFileSync(`${path}.part`, bytes);
    renameSync(`${path}.part`, path);
  } else writeFileSync(path, bytes);
}

const linesOf = (log: string): number => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0);

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((e) => e.isFile());
  return entries.map((e) =>
    join(e.parentPath, e.name)
      .slice(folder.length + 1)
      .replaceAll('\\', '/'),
  );
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done();
    else child.once('exit', () => done());
  });
}

/** Runs a trial. */
export async function runWatchTrial(trial: WatchTrial): Promise<WatchResult> {
  const [folder, log, sorted] = ['in', 'log.jsonl', 'sorted'].map((name) => join(trial.scratch, name)) as [
    string,
    string,
    string,
  ];
  for (const name of ['', 'line0', 'line1']) mkdirSync(join(folder, name), { recursive: true });
  let stderr = '';
  const start = (): ChildProcess => {
    const child = spawn(process.execPath, trial.command(folder, log, sorted), { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    return child;
  };
  const pictures = Array.from({ length: trial.pictures }, (_, n) => drawn(n));
  // The last ones arrive when nothing is killed any more, so that the last start has something to do.
  const late = pictures.length - 20;
  const arriving = (async () => {
    const began = performance.now();
    for (const [n, { image, bytes }] of pictures.slice(0, late).entries()) {
      // In bursts, as fast as the clock allows.
      const due = (n / trial.pictures) * trial.arriving;
      if (performance.now() - began < due) await pause(20);
      void arrive(join(folder, image), bytes, n);
    }
    await pause(200);
  })();
  const atKills: number[] = [];
  const wrong: string[] = [];
  for (let k = 0; k < trial.kills; k++) {
    const child = start();
    const before = linesOf(log);
    const startsEnd = performance.now() + (k % 4 === 3 ? 1000 * Math.random() : 20_000);
    while (linesOf(log) === before && performance.now() < startsEnd) await pause(5);
    await pause(Math.random() * trial.lives);
    if (child.exitCode !== null) wrong.push(`ended by itself with exit code ${child.exitCode}: ${stderr.slice(-300)}`);
    child.kill('SIGKILL');
    await ended(child);
    atKills.push(linesOf(log));
  }
  await arriving;
  const last = start();
  for (const [i, { image, bytes }] of pictures.slice(late).entries())
    await arrive(join(folder, image), bytes, late + i);
  const end = performance.now() + 1000 * trial.limit;
  while (filesIn(folder).length > 0 && performance.now() < end && last.exitCode === null) await pause(50);
  last.kill('SIGTERM');
  await ended(last);
  if (last.exitCode !== 0) wrong.push(`SIGTERM: exit code ${last.exitCode}: ${stderr.slice(-300)}`);
  return { wrong: [...wrong, ...faults(pictures, folder, log, sorted)], lines: linesOf(log), atKills };
}

/** What is wrong with the log and the sorted files. */
function faults(pictures: readonly ReturnType<typeof drawn>[], folder: string, log: string, sorted: string): string[] {
  const wrong = filesIn(folder).map((path) => `${path} was left in the folder`);
  const seen = new Map<string, { anomalous?: boolean; sorted_to?: string; error?: string }>();
  for (const [i, text] of readFileSync(log, 'utf8').trimEnd().split('\n').entries()) {
    try {
      const line = JSON.parse(text) as { image: string; anomalous?: boolean; sorted_to?: string };
      if (seen.has(line.image)) wrong.push(`${line.image} has two lines`);
      seen.set(line.image, line);
    } catch {
      wrong.push(`line ${i + 1} of the log is torn: ${text.slice(0, 80)}`);
    }
  }
  for (const { image, bytes } of pictures) {
    const line = seen.get(image);
    if (!line) wrong.push(`${image} has no line`);
    else if (line.error !== undefined) wrong.push(`${image}: ${line.error}`);
    else {
      const place = `${line.anomalous ? 'faulty' : 'good'}/${image}`;
      if (line.sorted_to !== join(sorted, place)) wrong.push(`${image}: its line sends it to ${line.sorted_to}`);
      if (!existsSync(join(sorted, place))) wrong.push(`${image} is not at ${place}`);
      else if (sha(readFileSync(join(sorted, place))) !== sha(bytes)) wrong.push(`${place} has other bytes`);
    }
  }
  const moved = filesIn(sorted).filter((path) => !/(?:^|\/)\.aaclip-/.test(path));
  if (moved.length !== pictures.length) wrong.push(`${moved.length} files are sorted, not ${pictures.length}`);
  return wrong;
}
