/** How the command line ends where its output is not read, or it may not open its files. */
import { spawn, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { MAIN } from '../../src/cli/child_process.js';
import { stoppedText } from '../../src/cli/train/output.js';

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

test('a training that a signal ends says what is kept and how to go on', () => {
  expect(stoppedText('ckpt/a', undefined)).toBe(
    'ckpt/a has no checkpoint yet; run the same command again to start from the beginning',
  );
  expect(stoppedText('ckpt/a', { part: 'image', epoch: 2, batch: 3, step: 9, flags: '' })).toBe(
    'the checkpoint in ckpt/a is kept (image stage, after epoch 2, batch 3); run the same command again to go on from there',
  );
});

test.skipIf(process.platform === 'win32')('too few open files: one line with the remedy', () => {
  const run = spawnSync('sh', ['-c', 'ulimit -n 40; exec "$0" "$1" registry', process.execPath, MAIN], {
    encoding: 'utf8',
  });
  expect(run.status).toBe(1);
  expect(run.stderr).toMatch(/^aaclip: \S+: cannot read: too many open files; raise the limit \(ulimit -n 256\)\n$/);
});
