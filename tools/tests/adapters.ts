/** The adapters that the tests run on: this machine's own and the matrix driver's, and the kernels that run on each. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { run } from '../bootstrap.mjs';

const ROWS = fileURLToPath(new URL('./rows.js', import.meta.url));

export interface Adapter {
  readonly name: string;
  readonly matrixUnits: boolean;
  /** The kernels of the lists that run on it, `op/name`. */
  readonly rows: readonly string[];
}

/**
 * Asks what runs on an adapter.
 * @param node the program that runs Node on it
 */
export function askAdapter(node: string): Adapter {
  const { out } = run(node, [ROWS], { timeout: 120_000, killSignal: 'SIGKILL' });
  const line = out.split('\n').find((text) => text.startsWith('{"name":'));
  if (!line)
    throw new Error(`tests: the adapter cannot be opened: ${out.trim().split('\n').at(-1)}: run: npm run setup`);
  return JSON.parse(line) as Adapter;
}

/** A kernel that a test file dispatched. */
export interface Dispatched {
  /** `op/name` */
  readonly row: string;
  /** Path from the root. */
  readonly file: string;
}

/** Reads what the tests of a run have noted. */
export const readDispatched = (path: string): Dispatched[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Dispatched);

/** The tests that run kernels in variants. */
const KERNEL_TESTS = /^test\/(?:ops\/|kernels\/|verify\/verify\.test)/;

const opOf = (row: string): string => row.slice(0, row.indexOf('/'));

/**
 * The test files worth running on a second adapter: those that dispatched an op for which it has further kernels.
 * @param further rows that run on the second adapter only
 */
export function filesFor(further: readonly string[], dispatched: readonly Dispatched[]): string[] {
  const ops = new Set(further.map(opOf));
  return [
    ...new Set(dispatched.filter(({ row, file }) => KERNEL_TESTS.test(file) && ops.has(opOf(row))).map((d) => d.file)),
  ].sort();
}

/** A line an op: `  matmul: panel, tile`. */
function byOp(rows: readonly string[]): string[] {
  const ops = [...new Set(rows.map(opOf))];
  const names = (op: string): string[] => rows.filter((row) => opOf(row) === op).map((row) => row.slice(op.length + 1));
  return ops.map((op) => `  ${op}: ${names(op).join(', ')}`);
}

/** One run of the tests. */
export interface TestRun {
  readonly adapter: Adapter;
  /** Rows that its tests dispatched. */
  readonly ran: readonly string[];
}

/**
 * The closing lines: which kernels were run and where, and which could not be and why.
 * @param all every row of the lists, in order
 * @param runs in order
 * @param missing why a row ran on no adapter
 */
export function kernelReport(all: readonly string[], runs: readonly TestRun[], missing: string): string[] {
  const tried = new Set<string>();
  const ran = runs.flatMap((run) => {
    const fresh = all.filter((row) => run.ran.includes(row) && !tried.has(row));
    for (const row of fresh) tried.add(row);
    return fresh.length > 0 ? [`Kernels run on ${run.adapter.name}:`, ...byOp(fresh)] : [];
  });
  if (ran.length === 0) return [];
  const left = all.filter((row) => !tried.has(row));
  const cannot = left.filter((row) => !runs.some(({ adapter }) => adapter.rows.includes(row)));
  const ops = new Set([...tried].map(opOf));
  const unused = left.filter((row) => ops.has(opOf(row)) && !cannot.includes(row));
  return [
    ...ran,
    ...(unused.length > 0 ? ['Kernels that these tests did not use:', ...byOp(unused)] : []),
    ...(cannot.length > 0 ? [`Kernels not run: ${missing}:`, ...byOp(cannot)] : []),
  ];
}

/** vitest's argument in the second run: a report gets another file, `tests.matrix.json` beside `tests.json`. */
export const secondReport = (arg: string): string => arg.replace(/^(--outputFile[.\w]*=.*?)(\.\w+)?$/, '$1.matrix$2');
