/**
 * `npm test`: the tests on this machine's adapter, then those of kernels that only run on matrix units on the software
 * driver that has them, where it is set up. Arguments are vitest's, for both runs.
 *
 * AACLIP_EXPECT_MATRIX=1 makes it an error that kernels for matrix units cannot be run.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { kernelLists } from '#src/kernels/kernel_lists';
import { ROOT } from '../child.js';
import { runCommand } from '../command.js';
import { matrixNode } from '../setup/matrix_driver.js';
import {
  askAdapter,
  type Dispatched,
  filesFor,
  kernelReport,
  readDispatched,
  secondReport,
  type TestRun,
} from './adapters.js';

const VITEST = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
/** Run on every adapter with matrix units. */
const MATRIX_TESTS = ['test/matrix/**/*.test.ts', 'test/kernels/*matrix*.test.ts'];
const NO_MATRIX = 'no adapter with matrix units here: npm run setup -- --matrix';

/** Runs vitest. @returns its exit code */
async function vitest(node: string, args: readonly string[], env: Record<string, string>): Promise<number> {
  const options = { cwd: ROOT, stdio: 'inherit', env: { ...process.env, ...env } } as const;
  const child = spawn(node, [VITEST, 'run', ...args], options);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...end) => resolve(end));
  });
  if (signal) process.kill(process.pid, signal);
  return code ?? 1;
}

await runCommand(async () => {
  const args = process.argv.slice(2);
  const own = askAdapter(process.execPath);
  const node = own.matrixUnits ? undefined : matrixNode();
  if (process.env.AACLIP_EXPECT_MATRIX && !own.matrixUnits && !node) throw new Error(`tests: ${NO_MATRIX}`);
  const scratch = mkdtempSync(join(tmpdir(), 'aaclip-tests-'));
  try {
    const dispatchedIn = async (name: string, run: (path: string) => Promise<number>): Promise<Dispatched[]> => {
      const path = join(scratch, name);
      writeFileSync(path, '');
      if ((await run(path)) !== 0) process.exitCode = 1;
      return readDispatched(path);
    };
    const first = await dispatchedIn('first', (path) =>
      vitest(process.execPath, args, {
        AACLIP_KERNELS_RUN: path,
        ...(own.matrixUnits ? { AACLIP_MATRIX_UNITS: '1' } : {}),
      }),
    );
    const runs: TestRun[] = [{ adapter: own, ran: first.map(({ row }) => row) }];
    const other = node ? askAdapter(node) : undefined;
    const further = other?.rows.filter((row) => !own.rows.includes(row)) ?? [];
    const files = filesFor(further, first);
    if (node && other && files.length > 0) {
      process.stdout.write(`\nThe tests of ${further.join(', ')} on ${other.name}:\n`);
      const second = await dispatchedIn('second', (path) =>
        vitest(node, args.map(secondReport), {
          AACLIP_NODE: process.env.AACLIP_NODE ?? process.execPath,
          AACLIP_KERNELS_RUN: path,
          AACLIP_KERNELS_DONE: JSON.stringify(own.rows),
          AACLIP_TEST_FILES: [...files, ...MATRIX_TESTS].join(','),
        }),
      );
      runs.push({ adapter: other, ran: second.map(({ row }) => row) });
    }
    const all = kernelLists.flatMap(({ op, rows }) => rows.map((row) => `${op}/${row.name}`));
    const missing = other || own.matrixUnits ? 'runs on no adapter here' : NO_MATRIX;
    const lines = kernelReport(all, runs, missing);
    if (lines.length > 0) process.stdout.write(`\n${lines.join('\n')}\n`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
