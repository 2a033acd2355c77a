/** Scripts of the project, run as child processes. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ChildError } from './command.js';

/** The root of the repository: this module runs from tools or from dist-tools. */
export const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Scripts by their paths from the root. */
export const CLI = 'dist/cli/main.js';
export const PICTURES = 'dist-tools/pictures/main.js';
export const PRETRAIN = 'dist-tools/tiny/pretrain.js';

/**
 * Runs a script and waits for it to end.
 * @param script path from the root
 * @param stdout where its output goes
 * @throws ChildError when it fails; it has printed why
 */
export async function runScript(
  script: string,
  args: readonly string[],
  stdout: 'inherit' | 'ignore' = 'inherit',
): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, script), ...args], { stdio: ['ignore', stdout, 'inherit'] });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...end) => resolve(end));
  });
  // A signal that ended the child ends this process in the same way, so that a shell sees what happened.
  if (signal) process.kill(process.pid, signal);
  if (code !== 0) throw new ChildError(`${script}: exit code ${code}`);
}
