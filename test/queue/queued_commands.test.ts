/** Commands with `--queue` give the bytes of the same commands on one machine. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { RedisServer } from '../../tools/redis_server.js';
import { type DrawnSet, drawSet } from '../cli/drawn_set.js';
import { runCli } from '../cli/run_cli.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { type Started, startProcess } from './queue_parts.js';

let set: DrawnSet;
let redis: RedisServer;
const workers: Started[] = [];

const queued = (): string[] => ['--queue', redis.url, '--store', set.at('store')];

async function startWorker(...more: string[]): Promise<Started> {
  const worker = startProcess(['worker', ...queued(), '--data', set.at('parts'), set.at(), ...more]);
  workers.push(worker);
  await worker.prints(/takes tasks/);
  return worker;
}

beforeAll(async () => {
  set = await drawSet();
  redis = await RedisServer.start();
  await Promise.all([startWorker(), startWorker('--concurrency', '2')]);
}, 60_000);
afterAll(async () => {
  for (const { child } of workers) child.kill('SIGKILL');
  await redis?.[Symbol.asyncDispose]();
  set?.remove();
});

/** Every file below a folder, with its bytes. */
function filesIn(folder: string): Map<string, Buffer> {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.map((name) => join(folder, name)).filter((path) => statSync(path).isFile());
  return new Map(files.sort().map((path) => [relative(folder, path), readFileSync(path)]));
}

/** results.json but for what belongs to the clock and the place. */
function figuresIn(folder: string): string {
  const text = readFileSync(join(folder, 'results.json'), 'utf8');
  return text
    .replaceAll(/"(?:seconds|imagesPerSecond|drawingSeconds|imagesPerSecondWithoutDrawing)": ?[\d.e+-]+,?/g, '')
    .replaceAll(/"(?:started|ended)": ?"[^"]+",?/g, '')
    .replaceAll(folder, 'FOLDER');
}

const leftInStore = (): string[] =>
  readdirSync(set.at('store', 'results'), { recursive: true, withFileTypes: true }).flatMap((e) =>
    e.isFile() ? [e.name] : [],
  );

describe('aaclip test --queue', () => {
  it('gives the figures, drawings and intervals of one machine, to the last byte, for every epoch', async () => {
    const both = ['--visualize', '--intervals', '100', '--defects'];
    const alone = await runCli('test', ...set.mine(), ...both, '--results_dir', set.at('alone'));
    expect(alone.code, alone.stderr).toBe(0);
    const shared = await runCli('test', ...set.mine(), ...both, ...queued(), '--results_dir', set.at('shared'));
    expect(shared.code, shared.stderr).toBe(0);
    expect(figuresIn(set.at('shared'))).toBe(figuresIn(set.at('alone')));
    const drawn = filesIn(set.at('shared', 'visualization'));
    expect(drawn.size).toBeGreaterThan(100);
    expect(drawn).toEqual(filesIn(set.at('alone', 'visualization')));
    // What one machine prints, but for the speed.
    expect(shared.stdout).toBe(alone.stdout);
    expect(leftInStore()).toEqual([]);
  }, 120_000);

  it('does so with tiles, and where a picture shows its damage only when it is decoded', async () => {
    const path = set.at('parts', 'felt', 'good', '20.png');
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged.fill(0, damaged.length >> 1, (damaged.length >> 1) + 64);
    try {
      writeFileSync(path, damaged);
      const flags = [...set.mine(), '--epoch', '2', '--tile', '32'];
      const alone = await runCli('test', ...flags, '--results_dir', set.at('alone2'));
      const shared = await runCli('test', ...flags, ...queued(), '--results_dir', set.at('shared2'));
      expect([alone.code, shared.code]).toEqual([1, 1]);
      const line = (text: string): string => text.split('\n').find((l) => l.startsWith('aaclip: ')) ?? text;
      expect(line(shared.stderr)).toBe(line(alone.stderr));
      expect(line(shared.stderr)).toContain(path);
      expect(figuresIn(set.at('shared2'))).toBe(figuresIn(set.at('alone2')));
      // The results of a command that failed stay: the same command finds them, and notices damage.
      const [kept] = leftInStore();
      const result = set.at('store', 'results', kept!.slice(0, 2), kept!);
      writeFileSync(result, readFileSync(result).subarray(0, -20));
      const again = await runCli('test', ...flags, ...queued(), '--results_dir', set.at('shared2'));
      expect(again.stderr).toContain(`${kept}: damaged in the store: computed again`);
      expect(figuresIn(set.at('shared2'))).toBe(figuresIn(set.at('alone2')));
    } finally {
      writeFileSync(path, whole);
    }
  }, 60_000);

  it('test-all --queue fills the same tree', async () => {
    const flags = ['--dataset', 'parts', '--data', set.at(), ...set.base(), '--json'];
    const runs = ['all-alone', 'all-shared'].map((name, i) =>
      runCli('test-all', ...flags, ...(i === 1 ? queued() : []), '--results_dir', set.at(name)),
    );
    for (const run of await Promise.all(runs)) expect(run.code, run.stderr).toBe(0);
    const csv = (name: string): string => readFileSync(set.at(name, 'summary.csv'), 'utf8');
    expect(csv('all-shared')).toBe(csv('all-alone'));
    expect(figuresIn(set.at('all-shared', 'parts'))).toBe(figuresIn(set.at('all-alone', 'parts')));
  }, 90_000);
});

it('flags that choose a device of this machine are refused in one line', async () => {
  const refused = async (command: string, ...flags: string[]): Promise<string> => {
    const run = await runCli(command, '--weights', 'tiny', ...queued(), ...flags);
    expect(run.code).toBe(1);
    return run.stderr;
  };
  const parts = ['--dataset', 'parts', '--data', set.at(), '--save_path', set.at('ckpt')];
  expect(await refused('test', ...parts, '--adapter', 'x')).toContain(
    '--adapter: with --queue, the devices are those of',
  );
  expect(await refused('test-all', ...parts, '--gpus', 'all')).toContain('start a worker for each of them');
  expect(await refused('test', ...parts, '--precision', 'auto')).toContain(
    '--precision auto: with --queue, all workers',
  );
}, 60_000);

describe('aaclip predict --queue', () => {
  it('prints the lines and writes the files of one machine', async () => {
    const flags = ['--class', 'felt', '--weights', 'tiny', '--adapters', 'tiny', '--img_size', '64', '--json'];
    // Results of the test that failed stay for its next start.
    const before = leftInStore();
    const drawn = ['--map', '--raw', 'safetensors', '--pixel_threshold', '0.4'];
    const broken = set.at('parts', 'felt', 'good', 'zz.png');
    const { picture } = drawSample(3);
    const bytes = Buffer.from(encodePng(SIZE, SIZE, picture.data));
    bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 64);
    writeFileSync(broken, bytes);
    try {
      const run = (out: string, ...more: string[]) =>
        runCli('predict', set.at('parts'), ...flags, ...drawn, '--out', set.at(out), ...more);
      const alone = await run('one');
      const shared = await run('two', ...queued(), '--data', set.at('parts'));
      expect([alone.code, shared.code], shared.stderr).toEqual([1, 1]);
      const lines = (text: string, out: string): string[] =>
        text
          .replaceAll(/,"ms":\d+/g, '')
          .replaceAll(set.at(out), 'OUT')
          .trim()
          .split('\n')
          .sort();
      expect(lines(shared.stdout, 'two')).toEqual(lines(alone.stdout, 'one'));
      expect(lines(shared.stdout, 'two').length).toBeGreaterThan(10);
      expect(filesIn(set.at('two'))).toEqual(filesIn(set.at('one')));
      expect(filesIn(set.at('two')).size).toBeGreaterThan(40);
      expect(leftInStore()).toEqual(before);
    } finally {
      rmSync(broken);
    }
  }, 60_000);

  it('needs the folder that workers share, and pictures below it', async () => {
    const flags = ['--class', 'felt', '--weights', 'tiny', ...queued(), '--out', set.at('none')];
    const bare = await runCli('predict', set.at('parts', 'felt', 'good', '20.png'), ...flags);
    expect(bare.stderr).toContain('--queue: needs --data, the folder of pictures that workers share');
    mkdirSync(set.at('elsewhere'), { recursive: true });
    const outside = await runCli('predict', set.at('parts', 'felt'), ...flags, '--data', set.at('elsewhere'));
    expect([bare.code, outside.code]).toEqual([1, 1]);
    expect(outside.stderr).toMatch(/aaclip: \S+\d\.png: not below .*elsewhere; workers only read pictures of a folder/);
  }, 60_000);
});
