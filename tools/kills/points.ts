/** Where a command is killed: moments spread over all its calls that change files, its first write always among them. */
import type { Call, KillPoint } from './preload.js';

const MOMENTS = ['before', 'at', 'after'] as const;

/**
 * `count` places among a command's calls: its first write before, at and after it, then places at even distances from the
 * first call to the last. Every fourth kill is by SIGTERM, which a program may answer; the others by SIGKILL.
 */
export function killPoints(calls: readonly Call[], count: number): KillPoint[] {
  const first = calls.findIndex(({ name }) => /^(?:write|append)/.test(name));
  const others = Math.max(1, count - 3);
  return Array.from({ length: count }, (_, i) => ({
    call: i < 3 ? first : Math.floor(((i - 2) * (calls.length - 1)) / others),
    moment: MOMENTS[i % 3]!,
    signal: i % 4 === 3 ? 'SIGTERM' : 'SIGKILL',
  }));
}
