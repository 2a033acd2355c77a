/** The stages of `aaclip bench kit`, as data: what each runs, its share of the time, and what makes its result bad. */
import { F16_BOUND } from '../precision_choice.js';
import type { Ceilings } from './ceilings.js';
import type { BenchFlags } from './flags.js';
import type { PrecisionReport } from './precision_bench.js';

/** What a stage left: one line of `stages.jsonl`. */
export interface StageResult {
  readonly stage: string;
  readonly status: 'done' | 'failed' | 'skipped';
  /** Why it is not done, in one line. */
  readonly reason?: string;
  readonly seconds: number;
  readonly args: readonly string[];
  /** What it printed as JSON. */
  readonly report?: unknown;
}

export interface Stage {
  readonly name: string;
  /** Its share of the time, in seconds of 420. */
  readonly share: number;
  /** Arguments of the command line; of Python for its stage. */
  readonly args: readonly string[];
  readonly python?: boolean;
  /** Why the report is no good, in one line. */
  readonly judge?: (report: unknown) => string | undefined;
  /** A stage that must be done before. */
  readonly after?: string;
  /** Why it cannot be run, known beforehand. */
  readonly skip?: string | undefined;
}

export interface KitPlaces {
  /** Folder of expected values, where there is one. */
  readonly goldens: string | undefined;
  /** The script that times PyTorch, where there is one. */
  readonly torch: string | undefined;
}

/** What `aaclip info --json` says that matters here. */
export interface Info {
  readonly adapter: { readonly description: string; readonly device: string; readonly architecture: string };
  readonly kernels: { readonly available: Readonly<Record<string, readonly string[]>> };
}

/** Flags that every child gets. */
function shared({ adapter, precision }: BenchFlags): string[] {
  return [
    ...(adapter === undefined ? [] : ['--adapter', adapter]),
    ...(precision === 'f16' ? ['--precision', 'f16'] : []),
  ];
}

/** The first stage: is this the adapter that was asked for? */
export function adapterStage(flags: BenchFlags): Stage {
  return {
    name: 'adapter',
    share: 10,
    args: ['info', '--json', ...shared(flags)],
    judge(report) {
      const { adapter } = report as Info;
      const name = `${adapter.device} ${adapter.description}`;
      if (flags.adapter !== undefined && !name.toLowerCase().includes(flags.adapter.toLowerCase())) {
        return `the adapter is ${adapter.description}, not ${flags.adapter}`;
      }
      // A driver that falls back to the processor would spend the whole budget on figures nobody wants.
      if (flags.adapter === undefined && !flags.tiny && adapter.architecture === 'software') {
        return `${adapter.description} is a software driver: name it with --adapter to measure it all the same`;
      }
      return undefined;
    },
  };
}

const UNEVEN = 0.1;

function judgeCeilings(report: unknown): string | undefined {
  const { halfTime } = (report as { ceilings: Ceilings }).ceilings;
  if (Math.abs(halfTime - 0.5) <= UNEVEN) return undefined;
  return `half the multiply-adds took ${halfTime.toFixed(2)} of the time of all: the clock is not steady, or something else runs`;
}

function judgePrecision(report: unknown): string | undefined {
  const { error } = report as PrecisionReport;
  return error <= F16_BOUND ? undefined : `f16 is off by ${error.toExponential(1)}, more than ${F16_BOUND}`;
}

/** The kernels of the n-th choice, as --kernels takes them; the last of a list that is shorter. */
function choice(available: Info['kernels']['available'], n: number): string {
  return Object.entries(available)
    .map(([op, names]) => `${op}=${names[Math.min(n, names.length - 1)]}`)
    .join();
}

/** Expected values with the default kernels, and with every further choice of kernels. */
function verifyStages(flags: BenchFlags, { kernels }: Info, goldens: string | undefined): Stage[] {
  // Kernels that round are named for f16; their results are judged by the stage for precision.
  const exact = Object.fromEntries(
    Object.entries(kernels.available).map(([op, names]) => [op, names.filter((name) => !/ f16$/.test(name))]),
  );
  const most = flags.tiny ? 1 : Math.max(...Object.values(exact).map((names) => names.length));
  const only = flags.tiny ? ['--only', 'op.gelu,op.layer_norm'] : [];
  return Array.from({ length: most }, (_, n) => ({
    name: n === 0 ? 'verify' : `verify, kernels ${n + 1}`,
    share: 60 / most,
    args: [
      'verify',
      goldens ?? '',
      '--json',
      ...only,
      ...shared(flags),
      ...(n === 0 ? [] : ['--kernels', choice(exact, n)]),
    ],
    skip: goldens === undefined ? 'no expected values here: run in a checkout' : undefined,
  }));
}

/** All stages after the first. */
export function stagesAfter(flags: BenchFlags, info: Info, places: KitPlaces): Stage[] {
  const sizes = flags.tiny ? ['--tiny', '--quick'] : [];
  const bench = (what: string, ...more: string[]): string[] => [
    'bench',
    what,
    '--json',
    ...sizes,
    ...shared(flags),
    ...more,
  ];
  const f16 = flags.precision === 'f16' ? [] : ['--precision', 'f16'];
  const torchArgs = [places.torch ?? '', ...(flags.tiny ? ['--tiny'] : [])];
  const few = flags.tiny ? [] : ['--layers', '6'];
  return [
    { name: 'ceilings', share: 20, args: bench('ceilings'), ...(flags.tiny ? {} : { judge: judgeCeilings }) },
    ...verifyStages(flags, info, places.goldens),
    { name: 'precision', share: 15, args: bench('precision'), judge: judgePrecision },
    { name: 'tune', share: 90, args: bench('tune', '--budget', 'LIMIT') },
    { name: 'tune f16', share: 40, args: bench('tune', '--budget', 'LIMIT', ...f16), after: 'precision' },
    { name: 'block', share: 15, args: bench('block') },
    { name: 'forward', share: 25, args: bench('forward') },
    { name: 'forward f16', share: 20, args: bench('forward', ...f16), after: 'precision' },
    { name: 'forward, default toggles', share: 20, args: bench('forward', '--default-toggles') },
    { name: 'train', share: 40, args: bench('train') },
    {
      name: 'pytorch',
      share: 60,
      args: torchArgs,
      python: true,
      skip: places.torch === undefined ? 'bench/pytorch.py is not here: run in a checkout' : undefined,
    },
    { name: 'memory', share: 15, args: bench('memory', ...few) },
    { name: 'growth', share: 25, args: bench('growth', ...few) },
    { name: 'start', share: 15, args: bench('start') },
  ];
}
