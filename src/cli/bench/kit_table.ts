/** The table at the end of the kit: ours, PyTorch's, and the ratio. */
import type { ForwardRow } from './forward_bench.js';
import type { StageResult } from './kit_stages.js';
import type { Ratio } from './result_charts.js';
import type { TrainingRow } from './training_bench.js';

/** A row of bench/pytorch.py. */
export interface TorchRow {
  readonly what: 'forward' | 'train';
  readonly precision: string;
  /** `math`, `sdpa` or `compile` of a forward pass; `published` or `frozen` of a step. */
  readonly kind: string;
  readonly batch: number;
  readonly ms: number;
  readonly peakMiB?: number;
}

export interface Compared extends Ratio {
  readonly ours: number;
  readonly theirs: number;
}

const reportOf = (stages: readonly StageResult[], name: string): unknown =>
  stages.find((s) => s.stage === name && s.status === 'done')?.report;

/** Every figure of ours that PyTorch has one of, with the ratio of the times: above 1, ours is faster. */
export function comparedWithTorch(stages: readonly StageResult[]): Compared[] {
  const torch = (reportOf(stages, 'pytorch') as { rows: TorchRow[] } | undefined)?.rows ?? [];
  const found: Compared[] = [];
  const put = (name: string, ours: number | undefined, theirs: readonly number[]): void => {
    if (ours === undefined || theirs.length === 0) return;
    const best = Math.min(...theirs);
    found.push({ name, ours, theirs: best, ratio: best / ours });
  };
  const times = (match: Partial<TorchRow>): number[] =>
    torch
      .filter((row) => Object.entries(match).every(([key, value]) => row[key as keyof TorchRow] === value))
      .map((row) => row.ms);
  const pairs = [
    ['forward', 'fp32'],
    ['forward', 'tf32'],
    ['forward, default toggles', 'fp32'],
    ['forward f16', 'fp16'],
  ] as const;
  for (const [stage, precision] of pairs) {
    const rows = (reportOf(stages, stage) as { rows: ForwardRow[] } | undefined)?.rows ?? [];
    for (const { batch, ms } of rows) {
      put(`${stage}, batch ${batch}, against PyTorch ${precision}`, ms, times({ what: 'forward', precision, batch }));
    }
  }
  const training = (reportOf(stages, 'train') as { training: { batch: number; rows: TrainingRow[] } } | undefined)
    ?.training;
  for (const recompute of [false, true]) {
    const ours = training?.rows.find(
      (r) => r.stage === 'two' && r.gradients === 'adapters' && r.recompute === recompute,
    );
    for (const kind of ['published', 'frozen']) {
      const name = `step of stage two${recompute ? ', recompute' : ''}, against PyTorch ${kind}`;
      put(name, ours?.ms, times({ what: 'train', kind, batch: training?.batch ?? 0 }));
    }
  }
  return found;
}

const cells = (row: readonly string[]): string => `| ${row.join(' | ')} |`;

/** What became of every stage, then the ratios, as Markdown. */
export function kitTable(adapter: string, stages: readonly StageResult[], compared: readonly Compared[]): string {
  const stageRows = stages.map((s) => [s.stage, s.status, s.seconds.toFixed(1), (s.reason ?? '').replaceAll('|', '/')]);
  const ratioRows = compared.map((c) => [c.name, c.ours.toFixed(2), c.theirs.toFixed(2), `${c.ratio.toFixed(2)}x`]);
  const none = 'No PyTorch with CUDA was here to compare with.';
  return [
    `# ${adapter}`,
    '',
    cells(['stage', 'result', 's', 'why']),
    cells(['---', '---', '---', '---']),
    ...stageRows.map(cells),
    '',
    ...(ratioRows.length === 0
      ? [none]
      : [
          cells(['what', 'ours, ms', 'theirs, ms', 'ratio']),
          cells(['---', '---', '---', '---']),
          ...ratioRows.map(cells),
        ]),
    '',
  ].join('\n');
}
