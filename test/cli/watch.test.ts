/** `aaclip watch`: with a judge that needs no device, killed again and again, and as a user runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs, { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { MAIN } from '../../src/cli/child_process.js';
import type { Judge } from '../../src/cli/judge.js';
import { Arrivals } from '../../src/cli/watch/arrivals.js';
import { type LogLine, PictureLog } from '../../src/cli/watch/picture_log.js';
import { SortedFolder } from '../../src/cli/watch/sorted_folder.js';
import { percentile } from '../../src/cli/watch/watch_stats.js';
import { Watcher, type WatchOptions } from '../../src/cli/watch/watcher.js';
import { AaclipError } from '../../src/detect/errors.js';
import { encodePng } from '../../src/node/encode_png.js';
import { ROOT } from '../../tools/child.js';
import { runWatchTrial } from '../../tools/kills/watch_trial.js';
import { runCli } from './run_cli.js';
import { png, watchedFolder } from './watched_folder.js';

const at = watchedFolder();

/** Waits until something holds. */
async function until(holds: () => boolean, seconds = 20): Promise<void> {
  const end = performance.now() + 1000 * seconds;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not so after ${seconds} s: ${holds}`);
    await pause(10);
  }
}

describe('the watch', () => {
  /** A judge to whom pictures named `bad` are faulty. @param before called before each verdict */
  const judgeBy = (before: (path: string) => void | Promise<void> = () => undefined): Judge => ({
    ready: async () => undefined,
    async *judge(pictures) {
      let index = 0;
      for (const { picture } of pictures) {
        await before(String(picture));
        const [score, anomalous] = String(picture).includes('bad') ? [0.9, true] : [0.1, false];
        yield {
          index: index++,
          verdict: { score, anomalous, about: { ms: 1 }, heatmap: () => png(), mask: () => png() },
        };
      }
    },
  });

  /** Starts a watch of `in`. */
  const start = (judge: Judge, more: Partial<WatchOptions> = {}) => {
    const lines: LogLine[] = [];
    const notes: string[] = [];
    const stop = new AbortController();
    const watcher = new Watcher(
      {
        folder: at('in'),
        className: 'screw',
        judge,
        arrivals: new Arrivals({ folder: at('in'), leaveOut: [], patience: 0.2, pictures: {} }),
        log: new PictureLog(at('log')),
        poll: 0.02,
        once: false,
        onLine: (line) => lines.push(line),
        onNote: (note) => notes.push(note),
        ...more,
      },
      stop.signal,
    );
    const ended = watcher.run();
    ended.catch(() => undefined);
    const end = async (): Promise<void> => {
      stop.abort();
      await ended;
    };
    return { watcher, lines, notes, stop, ended, end, names: () => lines.map(({ image }) => image).sort() };
  };
  const logged = (): string[] => readFileSync(at('log'), 'utf8').trim().split('\n');

  it('ends with --once when everything there has a line, and writes none again', async () => {
    for (const name of ['a.png', 'bad.png']) writeFileSync(at('in', name), png());
    writeFileSync(at('in/half.png'), png().subarray(0, 40));
    const files: string[] = [];
    const saveHeatmap = async (image: string): Promise<string[]> => [`${image}.heatmap`];
    const first = start(judgeBy(), { once: true, sort: new SortedFolder(at('out')), saveHeatmap });
    await first.ended;
    expect(first.names()).toEqual(['a.png', 'bad.png', 'half.png']);
    const bad = first.lines.find(({ image }) => image === 'bad.png')!;
    expect(bad).toMatchObject({ class: 'screw', score: 0.9, anomalous: true, ms: 1, files: ['bad.png.heatmap'] });
    expect(bad).toMatchObject({ folder: at('in'), sorted_to: at('out/faulty/bad.png'), size: png().length });
    expect(bad.latency_ms).toBeGreaterThan(0);
    expect(first.lines.find(({ image }) => image === 'half.png')!.error).toMatch(/half\.png: truncated PNG/);
    expect(first.watcher.stats.line(0)).toMatchObject({ scored: 2, faulty: 1, failed: 1 });
    for (const bin of ['good', 'faulty', 'review']) files.push(...readdirSync(at('out', bin)));
    expect([files, readdirSync(at('in'))]).toEqual([['a.png', 'bad.png', 'half.png'], []]);
    // Back in the folder, under the time it had: known.
    renameSync(at('out/good/a.png'), at('in/a.png'));
    const second = start(judgeBy(), { once: true });
    await second.ended;
    expect([second.lines, logged().length]).toEqual([[], 3]);
  });

  it('judges a picture again that changed meanwhile, and drops one that could not be read and is gone', async () => {
    for (const name of ['a.png', 'b.png']) writeFileSync(at('in', name), png());
    const seen: string[] = [];
    const judge: Judge = {
      ready: async () => undefined,
      async *judge(pictures) {
        let index = 0;
        for (const { picture } of pictures) {
          const path = String(picture);
          seen.push(path.slice(-5));
          if (path.endsWith('b.png')) {
            rmSync(path);
            yield { index: index++, error: new AaclipError('picture', `${path}: cannot read`) };
            continue;
          }
          if (seen.filter((name) => name === 'a.png').length === 1)
            writeFileSync(path, encodePng(9, 9, new Uint8Array(243)));
          yield {
            index: index++,
            verdict: { score: 0.1, anomalous: false, about: {}, heatmap: () => png(), mask: () => png() },
          };
        }
      },
    };
    const { ended, lines } = start(judge, { once: true });
    await ended;
    expect(seen.sort()).toEqual(['a.png', 'a.png', 'b.png']);
    expect(lines.map(({ image, size }) => [image, size])).toEqual([
      ['a.png', encodePng(9, 9, new Uint8Array(243)).length],
    ]);
  });

  it('tries a picture again that cannot be decoded, and reports it when it stays so', async () => {
    writeFileSync(at('in/a.png'), png());
    let tries = 0;
    const judge: Judge = {
      ready: async () => undefined,
      async *judge(pictures) {
        for (const _ of pictures) {
          tries++;
          yield { index: 0, error: new AaclipError('picture', 'a.png: damaged') };
        }
      },
    };
    const { ended, lines } = start(judge, { once: true });
    await ended;
    expect(tries).toBeGreaterThan(1);
    expect(lines).toMatchObject([{ image: 'a.png', error: 'a.png: damaged' }]);
  });

  it('waits while the folder is away, and while the device is', async () => {
    renameSync(at('in'), at('away'));
    let lost = true;
    const judge = judgeBy((path) => {
      if (!lost || !path.endsWith('2.png')) return;
      lost = false;
      throw new AaclipError('device', 'webgpu: the device was lost');
    });
    const watch = start(judge);
    await until(() => watch.notes.length > 0);
    for (const name of ['1.png', '2.png', '3.png']) writeFileSync(at('away', name), png());
    renameSync(at('away'), at('in'));
    await until(() => watch.lines.length === 3);
    await watch.end();
    expect(watch.names()).toEqual(['1.png', '2.png', '3.png']);
    expect(watch.notes).toEqual([
      `${at('in')}: cannot read: no such file or folder; check the path; waiting until it is there`,
      `${at('in')}: it is back`,
      'webgpu: the device was lost; opening it again in 1 s',
    ]);
  });

  it('waits while the disk is full, and loses nothing', async () => {
    // Written first: Node writes files with the function that is replaced.
    for (const name of ['1.png', '2.png']) writeFileSync(at('in', name), png());
    let full = true;
    const write = fs.writeSync;
    vi.spyOn(fs, 'writeSync').mockImplementation(((...args: Parameters<typeof write>) => {
      if (full) throw Object.assign(new Error('full'), { code: 'ENOSPC' });
      return write(...args);
    }) as typeof write);
    syncBuiltinESMExports();
    const watch = start(judgeBy());
    await until(() => watch.notes.length > 0);
    full = false;
    await until(() => watch.lines.length === 2);
    await watch.end();
    expect(watch.notes).toEqual([`${at('log')}: cannot write: the disk is full; free some space; trying again in 1 s`]);
    expect(logged()).toHaveLength(2);
  });

  it('finishes what was given to the device when it is stopped, and no more', async () => {
    for (let i = 0; i < 9; i++) writeFileSync(at('in', `${i}.png`), png());
    let given = 0;
    const judge = judgeBy(async () => {
      if (++given === 3) watch.stop.abort();
    });
    const watch = start(judge);
    await watch.ended;
    expect([given, watch.lines.length, logged().length]).toEqual([3, 3, 3]);
  });

  it('percentiles are of the nearest rank', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([percentile(values, 0.5), percentile(values, 0.95), percentile([7], 0.5)]).toEqual([50, 95, 7]);
  });
});

it('2,000 pictures, ten kills: each picture has one line and is where it says', async () => {
  const standIn = join(ROOT, 'dist-tools', 'kills', 'watch_stand_in.js');
  const { wrong, lines, atKills } = await runWatchTrial({
    scratch: at(),
    command: (...paths) => [standIn, ...paths],
    pictures: 2000,
    kills: 10,
    lives: 300,
    arriving: 4000,
    limit: 60,
  });
  expect(wrong).toEqual([]);
  expect(lines).toBe(2000);
  // The kills came in the middle of the work.
  expect(new Set(atKills.filter((n) => n > 0 && n < 2000)).size).toBeGreaterThan(3);
}, 300_000);

describe('as a user runs it', () => {
  const model = ['--class', 'screw', '--weights', 'synthetic:tiny', '--adapters', 'synthetic', '--img_size', '28'];

  it('a class without a calibration is refused at the start, where one is asked for', async () => {
    const run = await runCli('watch', at('in'), ...model, '--calibration', at('in'), '--sort', at('out'));
    expect([run.code, run.stderr.split('\n').filter((line) => line.startsWith('aaclip: '))]).toEqual([
      1,
      [expect.stringContaining(`${at('in')}: no calibration of class screw: it has none at all: make one`)],
    ]);
  });

  it.skipIf(process.platform === 'win32')(
    'scores what arrives, until SIGTERM; then --once goes on',
    async () => {
      mkdirSync(at('in/line 2'));
      const flags = [...model, '--threshold', '0', '--poll', '0.05', '--patience', '0.3'];
      const command = [MAIN, 'watch', at('in'), ...flags, '--json', '--heatmaps', at('maps')];
      const child: ChildProcess = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'] });
      let stdout = '';
      child.stdout!.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
      });
      const images = (): string[] => stdout.split('\n').filter((l) => l.startsWith('{"image"'));
      writeFileSync(at('in/a.png'), png());
      writeFileSync(at('in/line 2/b.png'), png(200));
      const code = new Promise((done) => child.once('close', done));
      try {
        // Where nothing is in the cache of a software driver, its kernels are compiled first.
        await until(() => images().length === 2, 240);
        child.kill('SIGTERM');
        expect(await code).toBe(0);
      } finally {
        child.kill('SIGKILL');
      }
      const lines = stdout
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l) as LogLine & { files: string[]; watch: object });
      expect(lines.at(-1)!.watch).toMatchObject({ scored: 2, faulty: 2, failed: 0, waiting: 0 });
      expect(readFileSync(at('in.jsonl'), 'utf8')).toBe(
        images()
          .map((l) => `${l}\n`)
          .join(''),
      );
      for (const line of lines.slice(0, 2)) {
        expect(line).toMatchObject({ anomalous: true, threshold: 0, class: 'screw' });
        expect(existsSync(line.files[0]!)).toBe(true);
      }
      writeFileSync(at('in/c.png'), png(90));
      const notice = `cat >> '${at('notices')}'`;
      const again = await runCli('watch', at('in'), ...flags, '--once', '--sort', at('out'), '--on-fault', notice);
      expect(again.code, again.stderr).toBe(0);
      expect(again.stdout).toMatch(/^[01]\.\d\d {2}ANOMALOUS {2}score 0\.\d{4} {2}c\.png {2}-> .*\n$/);
      expect(again.stderr).toContain('2 pictures are in the log already');
      expect(readdirSync(at('out/faulty'), { recursive: true }).sort()).toEqual(
        ['a.png', 'c.png', 'line 2', join('line 2', 'b.png')].sort(),
      );
      expect(readFileSync(at('notices'), 'utf8').trim().split('\n')).toEqual([
        expect.stringContaining('"image":"c.png"'),
      ]);
    },
    300_000,
  );
});
