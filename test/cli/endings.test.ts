/** How the command line ends where its output is not read, or it may not open its files. */
import { spawn, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { MAIN } from '../../src/cli/child_process.js';

test.skipIf(process.platform === 'win32')('a reader that has ended: quietly, with the code of SIGPIPE', async () => {
  const child = spawn(process.execPath, [MAIN, 'registry'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  expect(await new Promise((done) => child.on('close', done))).toBe(141);
  expect(stderr).toBe('');
});

test.skipIf(process.platform === 'win32')('too few open files: one line with the remedy', () => {
  const run = spawnSync('sh', ['-c', 'ulimit -n 40; exec "$0" "$1" registry', process.execPath, MAIN], {
    encoding: 'utf8',
  });
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/^aaclip: \S+: cannot read: too many open files; raise the limit \(ulimit -n 256\)\n$/);
});
