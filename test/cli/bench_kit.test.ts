import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { BenchFlags } from '../../src/cli/bench/flags.js';
import { adapterStage, type Info, type StageResult, stagesAfter } from '../../src/cli/bench/kit_stages.js';
import { comparedWithTorch, kitTable } from '../../src/cli/bench/kit_table.js';
import { runCli } from './run_cli.js';

const folder = mkdtempSync(join(tmpdir(), 'aaclip-kit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const FLAGS = {
  samples: 5,
  references: 8,
  batch_size: 2,
  weights: 'tiny',
  adapters: 'tiny',
  python: 'python3',
  precision: 'f32',
  rounds: 1,
};
const flags = (more: Partial<BenchFlags> = {}): BenchFlags => ({ ...FLAGS, precision: 'f32', ...more });
const INFO: Info = {
  adapter: { device: 'Rocket 9', description: 'driver 1.2', architecture: 'saturn' },
  kernels: { available: { matmul: ['matrix f16', 'matrix', 'tile'], attention: ['tile'] } },
};
const HERE = { goldens: 'goldens', torch: 'pytorch.py' };

const stagesIn = (out: string): StageResult[] =>
  readFileSync(join(out, 'stages.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as StageResult);

describe('the stages of the kit', () => {
  it('the first stops unless it is the adapter that was asked for, or a GPU', () => {
    const judge = (more: Partial<BenchFlags>, adapter: Partial<Info['adapter']> = {}) =>
      adapterStage(flags(more)).judge?.({ ...INFO, adapter: { ...INFO.adapter, ...adapter } });
    expect(judge({})).toBeUndefined();
    expect(judge({ adapter: 'rocket' })).toBeUndefined();
    expect(judge({ adapter: 'H100' })).toBe('the adapter is driver 1.2, not H100');
    expect(judge({}, { architecture: 'software' })).toContain('software driver');
    expect(judge({ tiny: true }, { architecture: 'software' })).toBeUndefined();
  });

  it('verify with every choice of kernels that does not round, named on the command line', () => {
    const verify = stagesAfter(flags(), INFO, HERE).filter((s) => s.name.startsWith('verify'));
    expect(verify.map((s) => s.args.slice(s.args.indexOf('--json') + 1))).toEqual([
      [],
      ['--kernels', 'matmul=tile,attention=tile'],
    ]);
    expect(stagesAfter(flags(), INFO, { goldens: undefined, torch: undefined }).filter((s) => s.skip)).toHaveLength(3);
  });

  it('judge a clock that is not steady, and f16 that is too far off', () => {
    const judge = (name: string, report: unknown) =>
      stagesAfter(flags(), INFO, HERE).find((s) => s.name === name)!.judge!(report);
    expect(judge('ceilings', { ceilings: { halfTime: 0.52 } })).toBeUndefined();
    expect(judge('ceilings', { ceilings: { halfTime: 0.95 } })).toContain('0.95 of the time');
    expect(judge('precision', { error: 1e-3 })).toBeUndefined();
    expect(judge('precision', { error: Number.NaN })).toContain('f16 is off by');
  });
});

const done = (stage: string, report: unknown): StageResult => ({ stage, status: 'done', seconds: 1, args: [], report });
const forward = (ms: number) => ({ rows: [{ batch: 1, ms }] });
const step = (ms: number, recompute: boolean) => ({ stage: 'two', gradients: 'adapters', recompute, ms });
const TORCH = [
  { what: 'forward', kind: 'math', precision: 'fp32', batch: 1, ms: 30 },
  { what: 'forward', kind: 'sdpa', precision: 'fp32', batch: 1, ms: 24 },
  { what: 'forward', kind: 'sdpa', precision: 'fp16', batch: 1, ms: 3 },
  { what: 'forward', kind: 'sdpa', precision: 'fp32', batch: 8, ms: 160 },
  { what: 'train', kind: 'published', precision: 'fp32', batch: 2, ms: 160 },
];
const STAGES = [
  done('adapter', INFO),
  done('forward', forward(12)),
  done('forward f16', forward(6)),
  done('train', { training: { batch: 2, rows: [step(80, false), step(100, true)] } }),
];

it('compares like with like, with the best of the kinds of PyTorch', () => {
  const compared = comparedWithTorch([...STAGES, done('pytorch', { rows: TORCH })]);
  expect(compared.map(({ name, ratio }) => [name, ratio])).toEqual([
    ['forward, batch 1, against PyTorch fp32', 2],
    ['forward f16, batch 1, against PyTorch fp16', 0.5],
    ['step of stage two, against PyTorch published', 2],
    ['step of stage two, recompute, against PyTorch published', 1.6],
  ]);
  const table = kitTable('Rocket 9', STAGES, compared);
  expect(table).toContain('| forward, batch 1, against PyTorch fp32 | 12.00 | 24.00 | 2.00x |');
  expect(comparedWithTorch(STAGES)).toEqual([]);
  expect(kitTable('Rocket 9', STAGES, [])).toContain('No PyTorch with CUDA');
});

describe('bench kit', () => {
  it('runs every stage on the smallest model, and writes a line for each', async () => {
    const out = join(folder, 'run');
    const run = await runCli('bench', 'kit', '--tiny', '--out', out, '--budget', '25');
    expect(run.code, run.stderr).toBe(0);
    const stages = stagesIn(out);
    const info = stages[0]?.report as Info;
    const expected = stagesAfter(flags({ tiny: true }), info, HERE).map((s) => s.name);
    expect(stages.map((s) => s.stage)).toEqual(['adapter', ...expected]);
    expect(stages[0]?.status).toBe('done');
    // On a busy machine the time may be used up before the last; each then says so.
    for (const s of stages) expect(s.status === 'done' ? s.report : s.reason, s.stage).toBeTruthy();
    expect(stages.filter((s) => s.status === 'done').length).toBeGreaterThan(2);
    expect(run.stdout).toContain(readFileSync(join(out, 'table.md'), 'utf8'));
    const whole = JSON.parse(readFileSync(join(out, 'kit.json'), 'utf8')) as { stages: StageResult[] };
    expect(whole.stages).toEqual(stages);
  });

  it('goes on where it was left, and counts what a Python that dies has printed', async () => {
    const out = join(folder, 'resumed');
    mkdirSync(out);
    const names = stagesAfter(flags({ tiny: true }), INFO, HERE).map((s) => s.name);
    const rest = names.filter((name) => name !== 'pytorch' && !STAGES.some((s) => s.stage === name));
    const lines = [...STAGES, ...rest.map((name) => done(name, {}))].map((s) => JSON.stringify(s));
    writeFileSync(join(out, 'stages.jsonl'), `${lines.join('\n')}\n{"stage": "cut of`);
    const python = join(folder, 'python');
    const rows = TORCH.map((row) => `echo '${JSON.stringify(row)}'`);
    writeFileSync(python, ['#!/bin/sh', '[ "$1" = -c ] && exit 0', ...rows, 'kill -9 $$', ''].join('\n'), {
      mode: 0o755,
    });
    const run = await runCli('bench', 'kit', '--tiny', '--out', out, '--budget', '25', '--resume', '--python', python);
    expect(run.code, run.stderr).toBe(0);
    expect(run.stdout.match(/: done before$/gm)).toHaveLength(names.length);
    expect(run.stdout).toContain('pytorch: done');
    expect(
      stagesIn(out)
        .map((s) => s.stage)
        .sort(),
    ).toEqual(['adapter', ...names].sort());
    expect(run.stdout).toContain('| step of stage two, against PyTorch published | 80.00 | 160.00 | 2.00x |');
  });

  it('says in one line what it cannot do', async () => {
    const out = join(folder, 'none');
    const other = await runCli(
      'bench',
      'kit',
      '--tiny',
      '--out',
      out,
      '--budget',
      '20',
      '--adapter',
      'no such adapter',
    );
    expect(other.code).toBe(1);
    expect(other.stderr).toMatch(/^aaclip: bench kit: .+\n$/);
    expect(existsSync(join(out, 'table.md'))).toBe(false);
    expect((await runCli('bench', 'kit')).stderr).toBe('aaclip: bench kit: where to: expected --out with a folder\n');
    expect((await runCli('bench', 'speed')).stderr).toContain('aaclip: bench: nothing called "speed": expected one of');
  });
});
