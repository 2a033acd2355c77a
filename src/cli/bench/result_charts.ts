/** Which charts a result of `aaclip bench --json` gives. */
import type { ProfileRow } from '../../gpu/profile.js';
import type { Ceilings } from './ceilings.js';
import type { GrowthBench, GrowthPoint } from './growth_bench.js';
import type { BenchRow } from './kernel_bench.js';
import type { MemoryRow } from './memory_bench.js';
import type { ReferenceRow } from './reference_bench.js';
import type { SpeedRow } from './speed_row.js';
import type { StartRow } from './start_bench.js';
import { type Bar, type BarChart, type Chart, type LineChart, short } from './svg_charts.js';

/** A ratio to something else measured in the same run: above 1, ours is faster. */
export interface Ratio {
  readonly name: string;
  readonly ratio: number;
}

/** A result: `what` says what its other members are. */
export interface BenchResult {
  readonly what?: string;
  readonly adapter?: { readonly name?: string };
  readonly precision?: string;
  readonly [member: string]: unknown;
}

/** Most bars of a chart. */
const MOST = 24;

const ms = (v: number): string => `${short(v)} ms`;

/** The slowest rows of all ops. */
function kernelBars(rows: readonly BenchRow[], title: string): Chart {
  const slowest = [...rows].sort((a, b) => b.ms - a.ms).slice(0, MOST);
  return {
    kind: 'bars',
    title,
    note: 'Milliseconds a call. Dark: what the ceilings of arithmetic and memory allow.',
    bars: slowest.map((row) => ({
      label: row.name,
      value: row.ms,
      least: row.ofCeiling === null ? 0 : (row.ms * row.ofCeiling) / 100,
      text: row.ofCeiling === null ? ms(row.ms) : `${ms(row.ms)}, ${short(row.ofCeiling)} %`,
    })),
  };
}

function speedBars(rows: readonly SpeedRow[], title: string): Chart {
  return {
    kind: 'bars',
    title,
    note: 'Milliseconds. Dark: what the ceiling of multiply-adds in f32 allows.',
    bars: rows.map((row) => ({
      label: row.name,
      value: row.ms,
      least: (row.ms * Math.min(100, row.ofMultiplyAdd)) / 100,
      text: row.gflop === 0 ? ms(row.ms) : `${ms(row.ms)}, ${short(row.ofMultiplyAdd)} %`,
    })),
  };
}

/** Kernels of one row, slowest first. */
function profileBars(row: SpeedRow, top: Ceilings, title: string): Chart {
  const bar = (k: ProfileRow): Bar => ({
    label: `${k.calls} x ${k.label}`,
    value: k.ms,
    least: Math.max(k.flops / top.multiplyAddGflops, k.traffic / top.copyGbytes) / 1e6,
    text: ms(k.ms),
  });
  return {
    kind: 'bars',
    title: `${title}: where the time goes`,
    note: `Milliseconds on the device by kernel, in ${row.name}. Dark: what the ceilings allow.`,
    bars: row.kernels.slice(0, MOST).map(bar),
  };
}

function growthLines({ points, fits }: GrowthBench, title: string): Chart[] {
  const chart = (along: GrowthPoint['along'], of: 'time' | 'memory'): LineChart => ({
    kind: 'lines',
    title: `${title}: ${of} against ${along}`,
    note: 'Points as measured; dashed: the straight line through them.',
    x: along === 'batch' ? 'pictures at a time' : 'tokens of a picture',
    y: of === 'time' ? 'ms' : 'MiB',
    series: (['forward', 'step'] as const).flatMap((job) => {
      const own = points.filter((p) => p.job === job && p.along === along);
      const line = fits.find((f) => f.job === job && f.along === along)?.[of];
      const scale = of === 'time' ? 1 : 2 ** -20;
      const values = own.map((p) => [p[along], scale * (of === 'time' ? p.ms : p.peakMemory)] as const);
      const fit = line && { slope: scale * line.slope, intercept: scale * line.intercept };
      return values.length === 0
        ? []
        : [{ name: job === 'step' ? 'training step' : job, points: values, ...(fit ? { fit } : {}) }];
    }),
  });
  const along = (['batch', 'tokens'] as const).filter((a) => points.some((p) => p.along === a));
  return along.flatMap((a) => [chart(a, 'time'), chart(a, 'memory')]);
}

export function ratioBars(ratios: readonly Ratio[], title: string): BarChart {
  return {
    kind: 'bars',
    title: `${title}: ratios`,
    note: 'Time of the other over ours, in one run: right of the dashed line, ours is faster.',
    mark: 1,
    bars: ratios.map(({ name, ratio }) => ({ label: name, value: ratio, text: `${short(ratio)}x` })),
  };
}

/** The charts of a result; none where there is nothing to draw. */
export function chartsOf(result: BenchResult): Chart[] {
  const { precision } = result;
  // Results from before there were several kinds are of kernels, or of steps.
  const what = result.what ?? (result.rows === undefined ? undefined : 'kernels');
  const title = [what, precision].filter((part) => part !== undefined).join(', ');
  const charts: Chart[] = [];
  const rows = (result.rows ?? (result.training as { rows?: unknown } | undefined)?.rows ?? []) as readonly unknown[];
  if (Array.isArray(result.ratios) && result.ratios.length > 0) charts.push(ratioBars(result.ratios as Ratio[], title));
  if (what === 'growth') charts.push(...growthLines(result as unknown as GrowthBench, title));
  if (rows.length === 0) return charts;
  if (what === 'kernels') charts.push(kernelBars(rows as BenchRow[], title));
  if (what === 'block' || what === 'forward' || what === 'train') {
    const speed = rows as SpeedRow[];
    charts.push(speedBars(speed, title));
    const detailed = speed.filter((row) => row.kernels.length > 0).at(what === 'train' ? 1 : -1);
    if (detailed) charts.push(profileBars(detailed, result.ceilings as Ceilings, title));
  }
  if (what === 'references') {
    const bars = (rows as ReferenceRow[]).map((row) => ({
      label: row.name,
      value: row.with.ms,
      least: row.without.ms,
      text: `${ms(row.with.ms)}, ${short(row.ratio)}x`,
    }));
    charts.push({ kind: 'bars', title, note: 'Milliseconds of a pass with references. Dark: without them.', bars });
  }
  if (what === 'memory') {
    const bars = (rows as MemoryRow[]).map((row) => ({
      label: `${row.job}, batch ${row.batch}`,
      value: row.peak / 2 ** 20,
      least: row.loaded / 2 ** 20,
      text: `${short(row.peak / 2 ** 20)} MiB`,
    }));
    charts.push({ kind: 'bars', title, note: 'Most MiB of buffers. Dark: what is loaded before it runs.', bars });
  }
  if (what === 'start') {
    const bars = (rows as StartRow[]).map((row) => ({ label: row.name, value: row.total, text: ms(row.total) }));
    charts.push({ kind: 'bars', title, note: 'Milliseconds from the start of the process to the first score.', bars });
  }
  return charts;
}
