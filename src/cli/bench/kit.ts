/** `aaclip bench kit`: every measurement in a row, each in a process of its own, so that a crash costs one stage. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeAtomically } from '../../node/atomic_write.js';
import { makeFolder } from '../../node/make_folder.js';
import { type ChildResult, failureOf, runChild, runSelf } from '../child_process.js';
import type { BenchFlags } from './flags.js';
import { adapterStage, type Info, type KitPlaces, type Stage, type StageResult, stagesAfter } from './kit_stages.js';
import { comparedWithTorch, kitTable } from './kit_table.js';

/** Present where the program runs in a checkout. */
const here = (path: string): string | undefined => {
  const full = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  return existsSync(full) ? full : undefined;
};

/** Seconds below which no stage is begun, and the least a stage is given. */
const LEAST = 2;
/** The least a stage is given in a trial on the smallest model, where starting a process takes longer than the work. */
const LEAST_OF_TRIAL = 12;
/** Seconds between the end that a stage sets itself and the end that is set for it. */
const GRACE = 5;

class Kit {
  readonly #flags: BenchFlags;
  readonly #say: (line: string) => void;
  readonly #file: string;
  readonly #ends: number;
  readonly #earlier: readonly StageResult[];
  readonly results: StageResult[] = [];

  constructor(flags: BenchFlags, out: string, say: (line: string) => void) {
    this.#flags = flags;
    this.#say = say;
    this.#file = join(out, 'stages.jsonl');
    this.#ends = performance.now() + 1000 * (flags.budget ?? 420);
    this.#earlier = flags.resume ? readStages(this.#file).filter((r) => r.status === 'done') : [];
    // Only what counts is kept: a line that was cut off would spoil the next one.
    writeFileSync(this.#file, this.#earlier.map((r) => `${JSON.stringify(r)}\n`).join(''));
  }

  /** Runs stages in order. Each may take its share of the time that is left: what one saves is left to those after it. */
  async run(stages: readonly Stage[]): Promise<void> {
    for (const [i, stage] of stages.entries()) {
      const left = stages.slice(i).reduce((sum, s) => sum + s.share, 0);
      const remaining = (this.#ends - performance.now()) / 1000;
      await this.#stage(stage, (remaining * stage.share) / left, remaining);
    }
  }

  async #stage(stage: Stage, limit: number, remaining: number): Promise<void> {
    const known = this.#earlier.find((r) => r.stage === stage.name);
    if (known) {
      this.results.push(known);
      this.#say(`${stage.name}: done before`);
      return;
    }
    const { after } = stage;
    const lacking = after !== undefined && !this.results.some((r) => r.stage === after && r.status === 'done');
    const skip =
      stage.skip ?? (lacking ? `stage ${after} is not done` : remaining < LEAST ? 'no time is left' : undefined);
    if (skip !== undefined)
      return this.#put({ stage: stage.name, status: 'skipped', reason: skip, seconds: 0, args: stage.args });
    const seconds = Math.max(this.#flags.tiny ? Math.min(LEAST_OF_TRIAL, remaining) : LEAST, limit);
    const args = stage.args.map((a) => (a === 'LIMIT' ? String(Math.max(1, Math.floor(seconds - GRACE))) : a));
    this.#put(await (stage.python ? this.#python(stage, args, seconds) : this.#self(stage, args, seconds)));
  }

  async #self(stage: Stage, args: readonly string[], seconds: number): Promise<StageResult> {
    const run = await runSelf(args, seconds);
    return resultOf(stage, args, run, failureOf(run), () => JSON.parse(run.stdout));
  }

  /** PyTorch's rows: a JSON line each, so that those before a crash count. */
  async #python(stage: Stage, args: readonly string[], seconds: number): Promise<StageResult> {
    const { python } = this.#flags;
    const probe = await runChild(python, ['-c', 'import torch; assert torch.cuda.is_available(), "no CUDA"'], seconds);
    if (probe.code !== 0) {
      const reason = `no PyTorch with CUDA: ${failureOf(probe)}`;
      return { stage: stage.name, status: 'skipped', reason, seconds: probe.seconds, args };
    }
    const run = await runChild(python, args, Math.max(1, seconds - probe.seconds));
    const lines = run.stdout.split('\n').filter((line) => line.startsWith('{'));
    const rows = lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown];
      } catch {
        return [];
      }
    });
    // Rows that came before the end count, however it ended.
    const failure = rows.length > 0 ? undefined : (failureOf(run) ?? 'it printed no row');
    return resultOf(stage, args, run, failure, () => ({ rows }));
  }

  #put(result: StageResult): void {
    this.results.push(result);
    appendFileSync(this.#file, `${JSON.stringify(result)}\n`);
    const { stage, status, seconds, reason } = result;
    this.#say(`${stage}: ${status}, ${seconds.toFixed(1)} s${reason === undefined ? '' : `: ${reason}`}`);
  }
}

/** Results of an earlier run; a line that was cut off by its end counts as not there. */
function readStages(file: string): StageResult[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return line === '' ? [] : [JSON.parse(line) as StageResult];
      } catch {
        return [];
      }
    });
}

function resultOf(
  { name, judge }: Stage,
  args: readonly string[],
  { seconds }: ChildResult,
  failure: string | undefined,
  parse: () => unknown,
): StageResult {
  const base = { stage: name, seconds, args };
  if (failure !== undefined) return { ...base, status: 'failed', reason: failure };
  let report: unknown;
  try {
    report = parse();
  } catch {
    return { ...base, status: 'failed', reason: 'it printed no JSON' };
  }
  const bad = judge?.(report);
  return bad === undefined ? { ...base, status: 'done', report } : { ...base, status: 'failed', reason: bad, report };
}

/**
 * Runs the kit.
 * @throws one line when it has no folder, or the adapter is not the one that was asked for
 */
export async function runKit(flags: BenchFlags, say: (line: string) => void): Promise<void> {
  const { out } = flags;
  if (out === undefined) throw new Error('bench kit: where to: expected --out with a folder');
  makeFolder(out);
  const kit = new Kit(flags, out, say);
  await kit.run([adapterStage(flags)]);
  const [first] = kit.results;
  if (first?.status !== 'done') throw new Error(`bench kit: ${first?.reason}`);
  const info = first.report as Info;
  const places: KitPlaces = { goldens: here('test/goldens'), torch: here('bench/pytorch.py') };
  await kit.run(stagesAfter(flags, info, places));
  const compared = comparedWithTorch(kit.results);
  const name = info.adapter.description || info.adapter.device;
  const table = kitTable(name, kit.results, compared);
  const date = new Date().toISOString();
  const whole = { what: 'kit', adapter: { name }, date, ratios: compared, stages: kit.results };
  const text = new TextEncoder().encode(`${JSON.stringify(whole, null, 1)}\n`);
  await writeAtomically(join(out, 'table.md'), new TextEncoder().encode(table));
  await writeAtomically(join(out, 'kit.json'), text);
  const results = flags.tiny ? undefined : here('bench/results');
  if (results !== undefined) {
    const slug = name
      .replaceAll(/[^\w.-]+/g, '-')
      .slice(0, 60)
      .replace(/-$/, '');
    await writeAtomically(join(results, `${date.slice(0, 10)}-${slug}.json`), text);
  }
  if (flags.json) process.stdout.write(new TextDecoder().decode(text));
  else say(`\n${table}`);
}
