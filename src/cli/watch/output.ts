/** What `watch` prints. */
import { printable } from '../../data/printable.js';
import { duration } from '../progress.js';
import type { LogLine } from './picture_log.js';
import type { StatsLine } from './watch_stats.js';

/** A picture's line on the screen; it begins as one of `predict` does. */
export function textLine(line: LogLine): string {
  const { image, score, normalized_score, anomalous, error, sorted_to, latency_ms } = line;
  const after = `  (${duration(Number(latency_ms) / 1000)})`;
  const where = sorted_to === undefined ? '' : `  -> ${printable(sorted_to)}`;
  if (error !== undefined) return `no score  ${printable(error)}${where}`;
  const parts = [
    ...(normalized_score === undefined ? [] : [Number(normalized_score).toFixed(2)]),
    ...(anomalous === undefined ? [] : [anomalous ? 'ANOMALOUS' : 'normal']),
    `score ${Number(score).toFixed(4)}`,
    printable(image),
  ];
  return `${parts.join('  ')}${where}${after}`;
}

/** The figures on the screen. */
export function statsText({ scored, faulty, failed, waiting, rate, p50_ms, p95_ms }: StatsLine): string {
  const times =
    p50_ms === undefined || p95_ms === undefined
      ? ''
      : `, from arrival to line ${duration(p50_ms / 1000)} (p50), ${duration(p95_ms / 1000)} (p95)`;
  const unscored = failed > 0 ? `, ${failed} without a score` : '';
  return `${scored} scored, ${faulty} faulty${unscored}, ${waiting} waiting; ${rate} pictures/s${times}`;
}
