/** `train --seeds --queue`: workers leave what a sweep on one machine does, also where one is killed while it trains. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { RedisServer } from '../../tools/redis_server.js';
import { type DrawnSet, drawSet, S } from '../cli/drawn_set.js';
import { runHere } from '../cli/in_process.js';
import { runCli } from '../cli/run_cli.js';
import { type Started, startProcess } from './queue_parts.js';

let set: DrawnSet;
let redis: RedisServer;
const workers: Started[] = [];

const queued = (): string[] => ['--queue', redis.url, '--store', set.at('store')];
const sweep = (folder: string, ...more: string[]): string[] => [
  ...['train', '--dataset', 'mine', '--data', set.at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S)],
  ...['--shot', '2', '--text_epoch', '1', '--image_epoch', '2', '--image_adapt_until', '2', '--threads', '0'],
  ...['--seeds', '2,5', '--test', 'mine', '--save_every', '1', '--save_path', set.at(folder), ...more],
];

function startWorker(): Started {
  const more = { XDG_CACHE_HOME: set.at('cache') };
  const worker = startProcess(['worker', ...queued(), '--data', set.at('parts'), '--lock', '2'], undefined, more);
  workers.push(worker);
  return worker;
}

/** Names of all files below a part of the store. */
const stored = (part: string): string[] =>
  existsSync(set.at('store', part))
    ? readdirSync(set.at('store', part), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];

beforeAll(async () => {
  set = await drawSet();
  redis = await RedisServer.start();
}, 60_000);
afterAll(async () => {
  for (const { child } of workers) child.kill('SIGKILL');
  await redis?.[Symbol.asyncDispose]();
  set?.remove();
});

it('has the adapters and figures of one machine, although a worker is killed half way', async () => {
  const alone = await runHere(...sweep('alone'));
  expect(alone.failed).toBeUndefined();
  const killed = startWorker();
  const command = startProcess(sweep('shared', ...queued()));
  while (!stored('trainings').includes('latest')) {
    expect(command.child.exitCode, command.output()).toBe(null);
    await sleep(10);
  }
  killed.child.kill('SIGKILL');
  await killed.ended;
  const second = startWorker();
  expect(await command.ended, `${command.output()}\n${second.output()}`).toBe(0);
  expect(second.output()).toMatch(/resuming text adapter after epoch 1, batch 0/);

  for (const seed of ['seed_2', 'seed_5']) {
    const names = readdirSync(set.at('alone', seed)).sort();
    expect(readdirSync(set.at('shared', seed)).sort()).toEqual(names);
    const adapters = names.filter((name) => /adapter/.test(name));
    expect(adapters).toHaveLength(4);
    for (const name of adapters)
      expect(readFileSync(set.at('shared', seed, name)).equals(readFileSync(set.at('alone', seed, name)))).toBe(true);
    const record = readFileSync(set.at('shared', seed, 'training.json'), 'utf8');
    expect((JSON.parse(record) as { flags: object }).flags).toMatchObject({ save_path: set.at('shared', seed) });
    expect(record).not.toContain(redis.url);
  }
  for (const name of ['sweep.csv', 'sweep.json'])
    expect(readFileSync(set.at('shared', name), 'utf8')).toBe(readFileSync(set.at('alone', name), 'utf8'));
  expect([stored('trainings'), stored('results')]).toEqual([[], []]);
  // What the worker that was killed had on its disk has gone as well.
  expect(readdirSync(set.at('cache', 'aaclip', 'trainings'))).toEqual([]);

  second.child.kill('SIGTERM');
  await second.ended;
  const again = await runCli(...sweep('shared', ...queued(), '--json'));
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain(`{"seed":2,"folder":"${set.at('shared', 'seed_2')}","trained":true}`);
}, 360_000);

it('is refused with one line where it makes no sense', async () => {
  const one = sweep('none').filter(
    (flag, i, all) => !['--seeds', '--test'].includes(flag) && !['--seeds', '--test'].includes(all[i - 1]!),
  );
  for (const [args, line] of [
    [[...one, ...queued()], /^--queue: one training is not spread over machines: give --seeds, /],
    [sweep('none', '--queue', redis.url), /^--queue: needs --store/],
    [sweep('none', '--store', set.at('store')), /^--store: needs --queue/],
  ] as const)
    expect((await runHere(...args)).failed).toMatch(line);
  expect(existsSync(set.at('none'))).toBe(false);
});
