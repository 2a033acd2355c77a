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
  /** Median wall time of a call, results read back; absent where the op failed or was wrong. */
  readonly ms?: number;
  readonly gflops?: number;
  /** Largest difference from float64; values are around 1. */
  readonly error?: number;
  /** Its time over aaclip's, for the same op; more than 1 where aaclip is faster. */
  readonly times?: number;
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
  readonly ms?: number;
  readonly wrong?: boolean;
  readonly failed?: string;
}

export interface PeerOptions {
  readonly samples: number;
  /** Small sizes, to see whether everything runs. */
  readonly quick: boolean;
  /** A part of the adapter's name. */
  readonly adapter?: string | undefined;
  /** Libraries, by the names of their scripts; all where absent. */
  readonly peers?: readonly string[] | undefined;
}

const OWN = 'aaclip';

/** Puts a line into words, beside our own times so far. */
function rowOf(line: PeerLine, versions: Map<string, string>, own: Map<string, number>): PeerRow {
  const { op, size, ms, flops, error, wrong, failed } = line;
  const peer = `${line.peer.replaceAll('_', '-')} ${versions.get(line.peer) ?? ''}`.trim();
  if (wrong)
    return { peer, op: op!, size: size!, error: error!, failed: `wrong by ${error!.toPrecision(2)}, so not timed` };
  if (ms === undefined) return { peer, ...(op === undefined ? {} : { op }), failed: failed ?? 'no result' };
  const ours = own.get(op!);
  return {
    ...{ peer, op: op!, size: size!, ms, error: error!, gflops: flops! / ms / 1e6 },
    ...(line.peer === OWN || ours === undefined ? {} : { times: ms / ours }),
  };
}

/**
 * Runs every library on the same inputs, aaclip first.
 * @throws when the scripts are not there, as in an installed package
 */
export async function benchPeers(options: PeerOptions, onRow: (row: PeerRow) => void): Promise<PeerRow[]> {
  const script = fileURLToPath(new URL('../../../bench/peers/run.mjs', import.meta.url));
  if (!existsSync(script)) throw new Error('bench peers: needs a checkout of the repository: bench/peers is missing');
  const args = ['--samples', String(options.samples)];
  if (options.quick) args.push('--quick');
  if (options.adapter !== undefined) args.push('--adapter', options.adapter);
  if (options.peers) args.push('--peers', options.peers.join());
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const closed = new Promise<number | null>((done) => child.on('close', done));
  const [rows, versions, own] = [[] as PeerRow[], new Map<string, string>(), new Map<string, number>()];
  for await (const text of createInterface({ input: child.stdout })) {
    const line = JSON.parse(text) as PeerLine;
    if (line.version !== undefined) {
      versions.set(line.peer, line.version);
      continue;
    }
    if (line.peer === OWN && line.ms !== undefined) own.set(line.op!, line.ms);
    const row = rowOf(line, versions, own);
    rows.push(row);
    onRow(row);
  }
  const code = await closed;
  if (code !== 0) throw new Error(`bench peers: bench/peers/run.mjs ended with code ${code}`);
  return rows;
}

/** The line of a row, in columns. */
export function peerLine({ peer, op = '', size = '', ms, gflops = 0, error = 0, times, failed }: PeerRow): string {
  const head = `${peer.padEnd(22)} ${`${op} ${size}`.padEnd(36)}`;
  if (ms === undefined) return `${head} ${failed}`;
  const rate = gflops > 0 ? `${gflops.toFixed(1)} GFLOP/s` : '';
  const ratio = times === undefined ? '' : `  ${times.toFixed(2)} times aaclip's time`;
  return `${head} ${ms.toFixed(1).padStart(9)} ms ${rate.padStart(14)}  error ${error.toExponential(0)}${ratio}`;
}
