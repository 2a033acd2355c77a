/** The tool that kills commands, on those that need no device. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { drawData, plainJobs } from '../../tools/kills/jobs.js';
import { killPoints } from '../../tools/kills/points.js';
import type { KillPoint } from '../../tools/kills/preload.js';
import { Trial } from '../../tools/kills/trial.js';

let dir = '';
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-kills-'));
  drawData(join(dir, 'data'));
  mkdirSync(join(dir, 'data', 'empty'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test('kills are spread over all calls, around the first write above all', () => {
  const calls = ['mkdirSync', 'open', 'write', 'write', 'rename'].map((name) => ({ name, file: 'a' }));
  const points = killPoints(calls, 7);
  expect(points.slice(0, 3).map((p) => [p.call, p.moment])).toEqual([
    [2, 'before'],
    [2, 'at'],
    [2, 'after'],
  ]);
  expect(points.slice(3).map((p) => p.call)).toEqual([1, 2, 3, 4]);
  expect(points.filter((p) => p.signal === 'SIGTERM')).toHaveLength(1);
});

test.each([0, 1])('convert and index leave nothing half written, and nothing at the next start (%i)', async (which) => {
  const job = plainJobs(join(dir, 'data'))[which]!;
  const trial = new Trial(job, join(dir, job.name));
  const whole = await trial.undisturbed();
  expect(whole.files).not.toBe('');
  const writing = whole.calls.findIndex(({ name }) => name === 'write');
  const point: KillPoint = { call: writing, moment: 'at', signal: 'SIGKILL' };
  expect(await trial.killed(point, whole)).toEqual([]);
  expect(await trial.killed({ ...point, moment: 'after', signal: 'SIGTERM' }, whole)).toEqual([]);
  // A run that is not killed is not taken for one that was.
  if (which === 0) return;
  expect(await trial.killed({ ...point, call: 1000 }, whole)).toEqual(['not killed: exit code 0']);
});
