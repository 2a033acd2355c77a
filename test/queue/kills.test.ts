/**
 * A test on three hosts while workers, the command itself and Redis are killed again and again: every picture counts once, and
 * the figures are those of one machine, to the last byte.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Draws } from '../../src/data/random.js';
import { encodePng } from '../../src/node/encode_png.js';
import { PACKAGED_FOLDER } from '../../src/node/open_weights.js';
import { RedisServer } from '../../tools/redis_server.js';
import { runCli } from '../cli/run_cli.js';
import { Hosts } from './hosts.js';
import { type Started, startProcess } from './queue_parts.js';

const PICTURES = 600;
const SIDE = 48;
const WORKER_KILLS = 30;
const COMMAND_KILLS = 5;
const REDIS_KILLS = 3;

const folder = mkdtempSync(join(tmpdir(), 'aaclip-kills-'));
const at = (...parts: string[]): string => join(folder, ...parts);
const draws = new Draws({ seed: 7, stream: 'order' });
const upTo = (count: number): number => draws.below(count);

/** What a command says that was started while the server was away. */
const AWAY = /^aaclip: queue redis:/m;

let hosts: Hosts;
let redis: RedisServer;

/** A data set of two classes; every third picture has a dark square, and a mask of it. */
function drawPictures(): void {
  const lines: string[] = [];
  for (let n = 0; n < PICTURES; n++) {
    const className = n % 5 < 2 ? 'tile' : 'felt';
    const faulty = n % 3 === 1;
    const place = (kind: string): string => {
      mkdirSync(at('data', className, kind), { recursive: true });
      return `${className}/${kind}/${n}.png`;
    };
    const rgb = new Uint8Array(3 * SIDE * SIDE);
    for (let i = 0; i < rgb.length; i++) rgb[i] = 100 + ((i * (n + 3)) % 37);
    const mask = new Uint8Array(SIDE * SIDE);
    const [left, top] = [n % 30, (n * 7) % 30];
    for (let y = top; faulty && y < top + 12; y++) {
      rgb.fill(20, 3 * (y * SIDE + left), 3 * (y * SIDE + left + 12));
      mask.fill(255, y * SIDE + left, y * SIDE + left + 12);
    }
    const image = place(faulty ? 'faulty' : 'good');
    writeFileSync(at('data', image), encodePng(SIDE, SIDE, rgb));
    const marked = faulty ? { mask_path: place('mask') } : {};
    if (marked.mask_path !== undefined) writeFileSync(at('data', marked.mask_path), encodePng(SIDE, SIDE, mask));
    lines.push(JSON.stringify({ image_path: image, label: faulty ? 1 : 0, class_name: className, ...marked }));
  }
  writeFileSync(at('data', 'full-shot.jsonl'), lines.join('\n'));
}

const FLAGS = (results: string): string[] => {
  const model = ['--weights', 'tiny', '--save_path', PACKAGED_FOLDER, '--img_size', '56'];
  return ['test', '--dataset', 'mine', '--data', at('data'), ...model, '--results_dir', at(results), '--json'];
};
const queued = (): string[] => ['--queue', `redis://${hosts.address}:${redis.port}`, '--store', at('store')];

const startWorker = (host: number): Started =>
  startProcess(
    ['worker', ...queued(), '--data', at('data'), '--lock', '2', '--name', `host ${host}`],
    undefined,
    {},
    hosts.hosts[host]!.enter,
  );
const startCommand = (): Started => startProcess([...FLAGS('shared'), ...queued(), '--task_pictures', '4']);

/** Results in the store so far. */
function finished(): number {
  try {
    const all = readdirSync(at('store', 'results'), { recursive: true, withFileTypes: true });
    return all.filter((entry) => entry.isFile() && /^[0-9a-f]{32}$/.test(entry.name)).length;
  } catch {
    return 0;
  }
}

beforeAll(async () => {
  drawPictures();
  hosts = Hosts.open(3);
  const reach = ['--bind', '127.0.0.1', ...(hosts.apart ? [hosts.address] : []), '--protected-mode', 'no'];
  redis = await RedisServer.start(...reach, '--appendonly', 'yes');
});
afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  hosts?.[Symbol.dispose]();
  rmSync(folder, { recursive: true, force: true });
});

it('figures survive kills of everything', async () => {
  const alone = await runCli(...FLAGS('alone'));
  expect(alone.code, alone.stderr).toBe(0);

  const workers = [0, 1, 2].map(startWorker);
  let command = startCommand();
  const killed = { workers: 0, commands: 0, redis: 0 };
  let over = false;
  /** One after the other, spread over the run by the number of results so far. */
  const tasks = PICTURES / 4;
  const due = (done: number, kills: number, all: number): boolean => done >= ((kills + 1) * tasks) / (all + 2);
  const ended = (async (): Promise<number | null> => {
    for (;;) {
      const running = command;
      const code = await running.ended;
      if (!running.child.killed) {
        if (code === 0 || !AWAY.test(running.output())) return code;
        // Redis was killed while it connected for the first time, which it does not wait out: it is started again.
        command = startCommand();
        continue;
      }
      while (running === command) await sleep(10);
    }
  })();
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    await sleep(30);
    const done = finished();
    if (killed.workers < WORKER_KILLS && due(done, killed.workers, WORKER_KILLS)) {
      killed.workers++;
      const host = upTo(3);
      workers[host]!.child.kill('SIGKILL');
      workers[host] = startWorker(host);
    }
    if (killed.commands < COMMAND_KILLS && due(done, killed.commands, COMMAND_KILLS)) {
      killed.commands++;
      command.child.kill('SIGKILL');
      await command.ended;
      command = startCommand();
    }
    if (killed.redis < REDIS_KILLS && due(done, killed.redis, REDIS_KILLS)) {
      killed.redis++;
      await redis.stop();
      await sleep(200);
      await redis.start();
    }
  }
  expect(await ended, command.output()).toBe(0);
  for (const { child } of workers) child.kill('SIGKILL');
  expect(killed).toEqual({ workers: WORKER_KILLS, commands: COMMAND_KILLS, redis: REDIS_KILLS });

  const figures = (name: string): Buffer => {
    const kept = JSON.parse(readFileSync(at(name, 'results.json'), 'utf8')) as Record<string, unknown> & {
      readonly runs: readonly Record<string, unknown>[];
    };
    const { origin, resultsDir, runs, ...others } = kept;
    const timeless = runs.map(({ seconds, imagesPerSecond, ...run }) => run);
    return Buffer.from(JSON.stringify({ ...others, runs: timeless }));
  };
  expect(figures('shared').equals(figures('alone'))).toBe(true);
  expect(JSON.parse(figures('shared').toString()).runs[0].images).toBe(PICTURES);
  expect(finished()).toBe(0);
}, 300_000);
