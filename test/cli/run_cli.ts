/** Runs the built command line in a separate process. */
import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

export interface Run {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Output goes through files, as in a shell: what Node calls a pipe is a socket, which a process cannot open again. */
export function runCli(...args: string[]): Promise<Run> {
  const dir = mkdtempSync(join(tmpdir(), 'aaclip-run-'));
  const [out, err] = [openSync(join(dir, 'out'), 'a'), openSync(join(dir, 'err'), 'a')];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', out, err] });
    child.on('error', reject);
    child.on('close', (code) => {
      closeSync(out);
      closeSync(err);
      const read = (name: string): string => readFileSync(join(dir, name), 'utf8');
      resolve({ code, stdout: read('out'), stderr: read('err') });
      rmSync(dir, { recursive: true });
    });
  });
}
