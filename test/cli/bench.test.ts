import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALL_CASES } from '../../src/cases/all_cases.js';
import { SMALL_SIZES } from '../../src/cases/model_sizes.js';
import { type BenchReport, type BenchRow, benchKernels } from '../../src/cli/bench/kernel_bench.js';
import { rowLine } from '../../src/cli/bench/output.js';
import { timeCalls } from '../../src/cli/bench/row_timer.js';
import type { StartRow } from '../../src/cli/bench/start_bench.js';
import { rowName } from '../../src/cli/bench/wanted_rows.js';
import { kernelLists } from '../../src/kernels/kernel_lists.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { runCli } from './run_cli.js';

describe('bench', () => {
  it('has a row for every size of every op, forward and backward, and leaves nothing behind', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const told: BenchRow[] = [];
    const report = await benchKernels(gpu, { samples: 1, quick: true, onRow: (row) => told.push(row) });
    expect(liveTensors(gpu)).toBe(before);
    expect(told).toEqual(report.rows);
    expect(report.multiplyAddGflops).toBeGreaterThan(0);
    expect(report.copyGbytes).toBeGreaterThan(0);
    const expected = ALL_CASES.flatMap((c) =>
      c
        .sizes(SMALL_SIZES)
        .flatMap((s) => [rowName(c, s, 'forward'), ...(s.backward ? [rowName(c, s, 'backward')] : [])]),
    );
    expect(report.rows.map((row) => row.name)).toEqual(expected);
    for (const row of report.rows) {
      expect(row.ms, row.name).toBeGreaterThan(0);
      const computes = row.op !== 'reshape';
      expect(row.kernels.length > 0, `${row.name}: ${row.kernels}`).toBe(computes && gpu.profile.available);
      expect(row.ofCeiling !== null && row.ofCeiling > 0, row.name).toBe(computes);
      // Rates times the time give the work back.
      const [size] = ALL_CASES.flatMap((c) =>
        c.sizes(SMALL_SIZES).filter((s) => rowName(c, s, row.direction) === row.name),
      );
      const work = size![row.direction]!;
      expect(row.gflops * row.ms * 1e6).toBeCloseTo(work.flops, 3);
      expect(row.gbytes * row.ms * 1e6).toBeCloseTo(work.bytes, 3);
    }
  });

  it('times only the rows that --only names', async () => {
    const gpu = await device();
    const names = async (...only: string[]) =>
      (await benchKernels(gpu, { samples: 1, quick: true, only })).rows.map((row) => `${row.op} ${row.direction}`);
    expect(await names('softmax')).toEqual(['softmax forward', 'softmax backward']);
    expect(await names('slice*forward', 'adam')).toEqual(['adam forward', 'slice forward']);
    expect(new Set((await names('*backward')).map((name) => name.split(' ')[1]))).toEqual(new Set(['backward']));
    await expect(names('softmax', 'sotfmax')).rejects.toThrow('bench: no row matches sotfmax: expected a pattern');
  });

  it('relates a row to the lower of the two ceilings', () => {
    const row = { name: 'a', op: 'a', direction: 'forward', ms: 4, gflops: 12.34, gbytes: 0, kernels: [] } as const;
    const line = rowLine({ ...row, ofCeiling: 25, limit: 'arithmetic' });
    expect(line.replace(/ +/g, ' ')).toBe('a 4.00 ms 12.3 GFLOP/s - GB/s 25.0 % of arithmetic');
    expect(rowLine({ ...row, ofCeiling: null, limit: 'none' })).not.toContain('%');
  });

  it('prints JSON, and one line when no row matches', async () => {
    const run = await runCli('bench', '--quick', '--only', 'softmax*,l2_normalize', '--json');
    expect(run.code, run.stderr).toBe(0);
    const report = JSON.parse(run.stdout) as BenchReport & { cores: number };
    expect(report.cores).toBeGreaterThan(0);
    expect([...new Set(report.rows.map((row) => row.op))]).toEqual(['l2_normalize', 'softmax']);
    const bad = await runCli('bench', '--quick', '--only', 'nothing');
    expect(bad.code).not.toBe(0);
    expect(bad.stderr).toContain('aaclip: bench: no row matches nothing');
  });
});

describe('bench by name', () => {
  it('start: a process of its own tells its phases and the score', async () => {
    const run = await runCli('bench', 'start', '--quick', '--json');
    expect(run.code, run.stderr).toBe(0);
    const { what, rows } = JSON.parse(run.stdout) as { what: string; rows: StartRow[] };
    expect(what).toBe('start');
    expect(rows).toHaveLength(1);
    const { total, score, ...phases } = rows[0]!;
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThan(1);
    const sum = phases.import + phases.device + phases.load + phases.picture;
    expect(sum / total).toBeCloseTo(1, 6);
  });

  it('--train is the same as train, and --report draws what was measured', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aaclip-bench-'));
    const file = join(folder, 'steps.svg');
    const run = await runCli('bench', '--train', '--quick', '--layers', '2', '--json', '--report', file);
    expect(run.code, run.stderr).toBe(0);
    const { what, training } = JSON.parse(run.stdout) as { what: string; training: { rows: { stage: string }[] } };
    expect(what).toBe('train');
    expect(training.rows.map((row) => row.stage)).toEqual(['one', 'two', 'two', 'two']);
    expect(readFileSync(file, 'utf8')).toMatch(/^<svg .*step of stage two.*<\/svg>\n$/);
    rmSync(folder, { recursive: true });
  });
});

describe('bench --variants', () => {
  it('adds rows for the other kernels that run here, and none for ops with a single kernel', async () => {
    const gpu = await device();
    const list = kernelLists.find(({ op }) => op === 'layer_norm')!;
    // A row may be a kernel with other constants: its name then begins with the kernel's.
    const kernels = list.rows.filter((row) => row.runsOn(gpu.traits)).map((row) => row.name.split(' ')[0]);
    const run = await runCli('bench', '--quick', '--variants', '--only', 'layer_norm*forward,softmax', '--json');
    expect(run.code, run.stderr).toBe(0);
    const { rows } = JSON.parse(run.stdout) as BenchReport;
    const sizes = ALL_CASES.find((c) => c.name === 'layer_norm')!.sizes(SMALL_SIZES);
    for (const size of sizes) {
      const same = rows.filter((row) => row.name === `layer_norm ${size.name} forward`);
      expect(new Set(same.map((row) => row.kernels.join())).size).toBe(kernels.length);
      expect(same.map((row) => /\.(\w+)/.exec(row.kernels.join())?.[1])).toEqual(kernels);
    }
    expect(rows.filter((row) => row.op === 'softmax')).toHaveLength(2);
  });
});

describe('the timer', () => {
  it('repeats calls within its budget, prepares as many as it makes and no more than are allowed at a time', async () => {
    const gpu = await device();
    const prepared: number[] = [];
    let made = 0;
    const repeat = (calls: number) => {
      prepared.push(calls);
      return () => {
        made += calls;
      };
    };
    await timeCalls(gpu, { samples: 3, budget: 60_000 }, repeat, 7);
    expect(prepared).toEqual([1, 7, 7, 7]);
    expect(made).toBe(22);
    prepared.length = 0;
    await timeCalls(gpu, { samples: 3, budget: 0 }, repeat, 7);
    expect(prepared).toEqual([1]);
  });
});
