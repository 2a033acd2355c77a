/** Steps of the set-up: one short line each, a child's output only when it failed. */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

/**
 * Says what is being done, does it, says how long it took.
 * @template T
 * @param {string} what
 * @param {() => T} work
 * @returns {T}
 */
export function step(what, work) {
  const start = Date.now();
  process.stdout.write(`${what} ... `);
  try {
    const value = work();
    process.stdout.write(`done (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
    return value;
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

/**
 * Runs a command to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {{ code: number, out: string }} exit code (1 for a signal or a command that is not there), stdout and stderr
 */
export function run(command, args, options = {}) {
  const child = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    ...options,
    encoding: 'utf8',
  });
  const out = `${child.stdout ?? ''}${child.stderr ?? ''}${child.error ? child.error.message : ''}`;
  return { code: child.status ?? 1, out };
}

/**
 * Runs a command that has to succeed.
 * @param {string} what named in the error
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @param {string} [remedy]
 * @returns {string} its output
 */
export function must(what, command, args, options = {}, remedy = '') {
  const { code, out } = run(command, args, options);
  if (code === 0) return out;
  const lines = out.trimEnd().split('\n');
  // The cause stands at the top with compilers and npm, at the end with apt.
  const shown = lines.length > 24 ? [...lines.slice(0, 12), '...', ...lines.slice(-8)] : lines;
  throw new Error(`${shown.join('\n')}\n${what}: exit code ${code}${remedy ? `: ${remedy}` : ''}`);
}
