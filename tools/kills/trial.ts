/** One command that is killed while it writes, and started again: what must hold of the files it leaves. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { CLI, ROOT } from '../child.js';
import type { Call, KillPoint } from './preload.js';

const PRELOAD = join(ROOT, 'dist-tools', 'kills', 'preload.js');

/** A command of the program. */
export interface Job {
  readonly name: string;
  /** Its arguments, where it writes to `out`. */
  args(out: string): readonly string[];
  /** Folder that `out` is a copy of at the start; by default it does not exist. */
  readonly before?: string;
}

/** Files that hold times, or every step that was ever made: they differ from run to run. Those in folders below do not. */
const VARYING = /^(?:train\.log|test\.log|metrics\.jsonl|results\.json|times\.jsonl|training\.json|report\.html)$/;
const LEFT = /(?:^|\/)\.aaclip-[^/]*$/;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stderr: string;
}

function run(args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const node = ['--import', PRELOAD, join(ROOT, CLI), ...args];
  const child = spawn(process.execPath, node, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((done, failed) => {
    child.on('error', failed);
    child.on('close', (code, signal) => done({ code, signal, stderr }));
  });
}

const sha = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** Files below a folder by their paths, with `/`. */
function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(folder.length + 1));
  return paths.map((path) => path.replaceAll('\\', '/')).sort();
}

/** The files that must be the same in every run, by path. */
const lasting = (folder: string): string =>
  filesIn(folder)
    .filter((path) => !VARYING.test(path) && !LEFT.test(path))
    .map((path) => `${path} ${sha(join(folder, path))}`)
    .join('\n');

/** Whether a file of changing contents was written to its end. */
function isWhole(path: string): boolean {
  const text = readFileSync(path, 'utf8');
  if (path.endsWith('.json')) {
    try {
      JSON.parse(text);
    } catch {
      return false;
    }
  }
  return text === '' || text.endsWith('\n');
}

/** What an undisturbed run did. */
export interface Undisturbed {
  readonly calls: readonly Call[];
  readonly files: string;
  /** Contents that each file had at some time, as `name sha`. */
  readonly versions: ReadonlySet<string>;
}

/** A command in a folder of its own. */
export class Trial {
  readonly #job: Job;
  readonly #scratch: string;
  #runs = 0;

  /** @param scratch a folder for the outputs */
  constructor(job: Job, scratch: string) {
    this.#job = job;
    this.#scratch = scratch;
  }

  /** Runs to the end. @throws when the command fails */
  async undisturbed(): Promise<Undisturbed> {
    const out = this.#fresh();
    const notes = `${out}.json`;
    const { code, stderr } = await run(this.#job.args(out), { AACLIP_KILL_IN: out, AACLIP_KILL_NOTES: notes });
    if (code !== 0) throw new Error(`${this.#job.name}: exit code ${code}: ${stderr.trim().split('\n').at(-1)}`);
    const calls = JSON.parse(readFileSync(notes, 'utf8')) as Call[];
    const files = lasting(out);
    const last = files.split('\n').map((line) => line.replace(/^.*\//, ''));
    const versions = new Set([...calls.flatMap((c) => (c.sha ? [`${c.file} ${c.sha}`] : [])), ...last]);
    return { calls, files, versions };
  }

  /**
   * Runs, is killed, and runs again.
   * @returns what is wrong, a line each; empty where all is as it should be
   */
  async killed(point: KillPoint, { files, versions }: Undisturbed): Promise<string[]> {
    const out = this.#fresh();
    const wrong: string[] = [];
    const env = { AACLIP_KILL_IN: out };
    const first = await run(this.#job.args(out), { ...env, AACLIP_KILL_AT: JSON.stringify(point) });
    if (first.signal !== point.signal) wrong.push(`not killed: exit code ${first.code}`);
    for (const path of filesIn(out)) {
      if (LEFT.test(path)) {
        if (point.signal === 'SIGTERM') wrong.push(`${path} left by SIGTERM`);
      } else if (VARYING.test(path)) {
        if (!isWhole(join(out, path))) wrong.push(`${path} is half written`);
      } else if (!versions.has(`${path.replace(/^.*\//, '')} ${sha(join(out, path))}`)) {
        wrong.push(`${path} is half written`);
      }
    }
    const second = await run(this.#job.args(out), env);
    if (second.code !== 0)
      wrong.push(`started again: exit code ${second.code}: ${second.stderr.trim().split('\n').at(-1)}`);
    wrong.push(
      ...filesIn(out)
        .filter((path) => LEFT.test(path))
        .map((path) => `${path} left after the next start`),
    );
    if (lasting(out) !== files) wrong.push('other bytes than an undisturbed run');
    rmSync(out, { recursive: true, force: true });
    return wrong;
  }

  #fresh(): string {
    const out = join(this.#scratch, `${this.#job.name.replaceAll(/\W+/g, '-')}-${this.#runs++}`);
    mkdirSync(this.#scratch, { recursive: true });
    if (this.#job.before !== undefined) cpSync(this.#job.before, out, { recursive: true });
    return out;
  }
}
