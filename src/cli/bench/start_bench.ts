/** Start-up to the first result, in processes of their own: with nothing kept from earlier starts, and with what they keep. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failureOf, runChild } from '../child_process.js';

/** Milliseconds. */
export interface StartTimes {
  /** Starting Node and loading the program. */
  readonly import: number;
  readonly device: number;
  /** Weights, anchors and kernels. */
  readonly load: number;
  /** The first picture. */
  readonly picture: number;
  readonly total: number;
  readonly score: number;
}

export interface StartRow extends StartTimes {
  readonly name: string;
}

export interface StartOptions {
  readonly weights: string;
  readonly adapters: string;
  readonly imageSize: number;
  readonly adapter?: string | undefined;
  readonly kernels?: Readonly<Record<string, string>> | undefined;
  readonly precision: 'f32' | 'f16';
  readonly samples: number;
  /** One later start with the caches as they are: a first start compiles every kernel, which takes some drivers a minute. */
  readonly quick: boolean;
}

const CHILD = fileURLToPath(new URL('../../../dist/cli/bench/start_child.js', import.meta.url));
/** Seconds a start may take. */
const LIMIT = 300;

const median = (rows: readonly StartTimes[]): StartTimes =>
  [...rows].sort((a, b) => a.total - b.total)[rows.length >> 1]!;

/**
 * Times the first start with an empty cache, later starts without the anchors that were kept, and later starts with them.
 * @throws one line when a start fails, or its score depends on what was kept
 */
export async function benchStart(options: StartOptions, onRow: (row: StartRow) => void): Promise<StartRow[]> {
  const { samples, quick, ...job } = options;
  const cache = mkdtempSync(join(tmpdir(), 'aaclip-start-'));
  const start = async (): Promise<StartTimes> => {
    const env = quick ? process.env : { ...process.env, XDG_CACHE_HOME: cache };
    const run = await runChild(process.execPath, [CHILD, JSON.stringify(job)], LIMIT, { env });
    const failure = failureOf(run);
    if (failure !== undefined) throw new Error(`bench start: ${failure}`);
    return JSON.parse(run.stdout) as StartTimes;
  };
  const again = async (before: () => void): Promise<StartTimes> => {
    const all: StartTimes[] = [];
    for (let i = 0; i < samples; i++) {
      before();
      all.push(await start());
    }
    return median(all);
  };
  const rows: StartRow[] = [];
  const put = (name: string, times: StartTimes): void => {
    const first = rows[0]?.score ?? times.score;
    if (Math.abs(times.score - first) > 1e-6) {
      throw new Error(`bench start: ${name}: score ${times.score}, but ${first} with an empty cache`);
    }
    const row = { name, ...times };
    rows.push(row);
    onRow(row);
  };
  try {
    if (quick) {
      put('later start', await start());
      return rows;
    }
    put('first start, empty cache', await start());
    const anchors = join(cache, 'aaclip', 'anchors');
    put('later start, no anchors kept', await again(() => rmSync(anchors, { recursive: true, force: true })));
    put('later start', await again(() => {}));
    return rows;
  } finally {
    rmSync(cache, { recursive: true, force: true });
  }
}
