/** aaclip beside other WebGPU libraries: the scripts of `bench/peers`, one process a library, and their results. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A library's result for an op, or why there is none. */
export interface PeerRow {
  /** The library and its version. */
  readonly peer: string;
  /** Absent where the library could not be used at all. */
  readonly op?: string;
  readonly size?: string;
  /** Median wall time of a call over all rounds, results read back; absent where the op failed or was wrong. */
  readonly ms?: number;
  /** The least time of a call. Other programs can only add to a time, so this is what says most on a busy machine. */
  readonly least?: number;
  readonly gflops?: number;
  /** Processor time of a call in milliseconds, all threads together: on a software adapter, the work itself. */
  readonly cpu?: number;
  /** Largest difference from float64; values are around 1. */
  readonly error?: number;
  /** Its time over aaclip's for the same op, medians and least times; more than 1 where aaclip is faster. */
  readonly times?: number;
  readonly timesOfLeast?: number;
  /** Why there is no time. */
  readonly failed?: string;
}

/** What the scripts print, a line of JSON each. */
interface PeerLine {
  readonly peer: string;
  readonly version?: string;
  readonly op?: string;
  readonly size?: string;
  readonly flops?: number;
  readonly error?: number;
  /** Milliseconds of every call, by the clock and of the processor. */
  readonly times?: readonly number[];
  readonly cpu?: readonly number[];
  readonly wrong?: boolean;
  readonly failed?: string;
}

export interface PeerOptions {
  /** Calls that are timed in a round. */
  readonly samples: number;
  /** How often every library is run, in turn. */
  readonly rounds?: number | undefined;
  /** Small sizes, to see whether everything runs. */
  readonly quick: boolean;
  /** A part of the adapter's name. */
  readonly adapter?: string | undefined;
  /** Ops, all where absent. */
  readonly only?: readonly string[] | undefined;
  /** Libraries, by the names of their scripts; all where absent. */
  readonly peers?: readonly string[] | undefined;
}

const OWN = 'aaclip';
const median = (times: readonly number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!;

/** The lines of all rounds so far, by library and op. */
class PeerResults {
  readonly #versions = new Map<string, string>();
  readonly #lines = new Map<string, PeerLine>();

  /** Takes a line; returns its row, in which earlier rounds have a part; undefined for a line that is no result. */
  take(line: PeerLine): PeerRow | undefined {
    if (line.version !== undefined) {
      this.#versions.set(line.peer, line.version);
      return undefined;
    }
    const key = `${line.peer} ${line.op}`;
    const { times = [], cpu = [] } = this.#lines.get(key) ?? {};
    const all = line.times ? { times: [...times, ...line.times], cpu: [...cpu, ...line.cpu!] } : {};
    this.#lines.set(key, { ...line, ...all });
    return this.#rowOf(this.#lines.get(key)!);
  }

  rows(): PeerRow[] {
    return [...this.#lines.values()].map((line) => this.#rowOf(line));
  }

  /** Puts a line into words, beside our own times so far. */
  #rowOf({ peer: library, op, size, times, cpu, flops, error, wrong, failed }: PeerLine): PeerRow {
    const peer = `${library.replaceAll('_', '-')} ${this.#versions.get(library) ?? ''}`.trim();
    if (wrong)
      return { peer, op: op!, size: size!, error: error!, failed: `wrong by ${error!.toPrecision(2)}, so not timed` };
    if (times === undefined) return { peer, ...(op === undefined ? {} : { op }), failed: failed ?? 'no result' };
    const [ms, least] = [median(times), Math.min(...times)];
    const row = { peer, op: op!, size: size!, ms, least, cpu: median(cpu!), error: error!, gflops: flops! / ms / 1e6 };
    const ours = this.#lines.get(`${OWN} ${op}`)?.times;
    if (library === OWN || ours === undefined) return row;
    return { ...row, times: ms / median(ours), timesOfLeast: least / Math.min(...ours) };
  }
}

/**
 * Runs every library on the same inputs, aaclip first; `onRow` gets a row after every op of every round.
 * @throws when the scripts are not there, as in an installed package
 */
export async function benchPeers(options: PeerOptions, onRow: (row: PeerRow) => void): Promise<PeerRow[]> {
  const script = fileURLToPath(new URL('../../../bench/peers/run.mjs', import.meta.url));
  if (!existsSync(script)) throw new Error('bench peers: needs a checkout of the repository: bench/peers is missing');
  const args = ['--samples', String(options.samples), '--rounds', String(options.rounds ?? 1)];
  if (options.quick) args.push('--quick');
  if (options.adapter !== undefined) args.push('--adapter', options.adapter);
  if (options.only) args.push('--only', options.only.join());
  if (options.peers) args.push('--peers', options.peers.join());
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise<number | null>((done) => child.on('close', done));
  const results = new PeerResults();
  for await (const text of createInterface({ input: child.stdout })) {
    const row = results.take(JSON.parse(text) as PeerLine);
    if (row) onRow(row);
  }
  const code = await closed;
  if (code !== 0) throw new Error(`bench peers: bench/peers/run.mjs ended with code ${code}`);
  return results.rows();
}

/** The line of a row, in columns. */
export function peerLine(row: PeerRow): string {
  const { peer, op = '', size = '', ms, least = 0, gflops = 0, error = 0, times, timesOfLeast = 0, failed } = row;
  const head = `${peer.padEnd(22)} ${`${op} ${size}`.padEnd(36)}`;
  if (ms === undefined) return `${head} ${failed}`;
  const rate = gflops > 0 ? `${gflops.toFixed(1)} GFLOP/s` : '';
  const ratio =
    times === undefined ? '' : `  ${times.toFixed(2)} times aaclip's time, ${timesOfLeast.toFixed(2)} by the least`;
  return `${head} ${ms.toFixed(1).padStart(9)} ms, least ${least.toFixed(1)} ${rate.padStart(14)}  error ${error.toExponential(0)}${ratio}`;
}
