/** The parts of `aaclip watch`: arrivals, the log, moves and notices. */
import fs, {
  appendFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type ArrivalRules, Arrivals } from '../../src/cli/watch/arrivals.js';
import { FaultNotices } from '../../src/cli/watch/fault_notices.js';
import { MoveList } from '../../src/cli/watch/move_list.js';
import { type LogLine, PictureLog } from '../../src/cli/watch/picture_log.js';
import { toCommand, toUrl } from '../../src/cli/watch/send_notice.js';
import { SortedFolder } from '../../src/cli/watch/sorted_folder.js';
import { encodePng } from '../../src/node/encode_png.js';
import { png, watchedFolder } from './watched_folder.js';

const at = watchedFolder();

/** Replaces a function of node:fs until the test ends. */
function fake<K extends 'writeSync' | 'linkSync' | 'unlinkSync'>(name: K, work: (typeof fs)[K]): void {
  vi.spyOn(fs, name).mockImplementation(work as never);
  syncBuiltinESMExports();
}

const systemError = (code: string): Error => Object.assign(new Error(code), { code });

describe('arrivals', () => {
  const watch = (more: Partial<ArrivalRules> = {}): Arrivals =>
    new Arrivals({ folder: at('in'), leaveOut: [], patience: 60, pictures: {}, ...more });
  const scan = async (arrivals: Arrivals) => {
    const { whole, broken } = await arrivals.scan(() => false);
    return { whole: whole.map(({ image }) => image), broken: broken.map(({ arrival }) => arrival.image) };
  };

  it('gives a picture out once, when two looks saw the same and it is whole', async () => {
    const arrivals = watch();
    writeFileSync(at('in', 'a.png'), png().subarray(0, 50));
    for (let i = 0; i < 3; i++) expect(await scan(arrivals)).toEqual({ whole: [], broken: [] });
    writeFileSync(at('in', 'a.png'), png());
    expect((await scan(arrivals)).whole).toEqual([]);
    expect((await scan(arrivals)).whole).toEqual(['a.png']);
    expect((await scan(arrivals)).whole).toEqual([]);
    expect(arrivals.waiting).toBe(0);
    // Written again, it is another picture.
    writeFileSync(at('in', 'a.png'), encodePng(9, 8, new Uint8Array(216)));
    expect((await scan(arrivals)).whole).toEqual([]);
    expect((await scan(arrivals)).whole).toEqual(['a.png']);
  });

  it('reports a picture that stays incomplete for too long', async () => {
    const arrivals = watch({ patience: 0.01 });
    writeFileSync(at('in', 'a.jpg'), Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0));
    expect(await scan(arrivals)).toEqual({ whole: [], broken: [] });
    await pause(20);
    expect(await scan(arrivals)).toEqual({ whole: [], broken: ['a.jpg'] });
    expect(await scan(arrivals)).toEqual({ whole: [], broken: [] });
  });

  it('forgets what vanishes, and leaves out what is not asked for', async () => {
    const arrivals = watch({ leaveOut: [at('in', 'sorted')], include: ['cam1_*', 'b/**'], exclude: ['*_dark.png'] });
    for (const folder of ['sorted', 'b', '.c']) mkdirSync(at('in', folder));
    const names = ['cam1_a.png', 'cam1_b_dark.png', 'cam2_a.png', 'b/x.png', 'sorted/cam1_a.png', '.c/cam1_a.png'];
    for (const name of [...names, '.cam1_a.png', 'cam1_a.txt', 'cam1_z.png']) writeFileSync(at('in', name), png());
    expect((await scan(arrivals)).whole).toEqual([]);
    rmSync(at('in', 'cam1_z.png'));
    expect((await scan(arrivals)).whole.sort()).toEqual(['b/x.png', 'cam1_a.png']);
    expect(arrivals.waiting).toBe(0);
  });
});

const line = (image: string, more: Partial<LogLine> = {}): LogLine => {
  return { image, class: 'screw', size: 3, modified: '12.000000345', ...more };
};

describe('the log', () => {
  it('takes a cut last line out, and knows the pictures of the others', () => {
    const [one, two] = [line('a.png', { score: 0.1 }), line('b ü.png')];
    writeFileSync(at('log'), `${JSON.stringify(one)}\n${JSON.stringify(two)}\n{"image":"c.png","si`);
    using log = new PictureLog(at('log'));
    expect(['a.png', 'b ü.png', 'c.png'].map((name) => log.has(line(name)))).toEqual([true, true, false]);
    expect([{ size: 4 }, { modified: '12.000000346' }, { class: 'nut' }].map((m) => log.has(line('a.png', m)))).toEqual(
      [false, false, false],
    );
    log.append([line('c.png')]);
    expect(log.find(line('a.png'))).toEqual(one);
    expect(log.find(line('c.png'))).toEqual(line('c.png'));
    expect(readFileSync(at('log'), 'utf8')).toBe(
      [one, two, line('c.png')].map((l) => `${JSON.stringify(l)}\n`).join(''),
    );
  });

  it('goes on behind a line that lost its contents', () => {
    writeFileSync(at('log'), `${JSON.stringify(line('a.png'))}\n\0\0\0\n${JSON.stringify(line('b.png'))}\n`);
    using log = new PictureLog(at('log'));
    expect([log.count, log.damaged]).toEqual([2, 1]);
  });

  it.each(['a note\n', 'a note', '{"image_path":"a"}\n'])('refuses a file of another kind: %j', (text) => {
    writeFileSync(at('log'), text);
    expect(() => new PictureLog(at('log'))).toThrow(
      `${at('log')}: not a log of aaclip watch; name another file with --log`,
    );
    expect(readFileSync(at('log'), 'utf8')).toBe(text);
  });

  it('leaves nothing of lines that a full disk cuts off', () => {
    using log = new PictureLog(at('log'));
    log.append([line('a.png')]);
    const before = readFileSync(at('log'), 'utf8');
    const write = fs.writeSync;
    let calls = 0;
    fake('writeSync', ((file: number, bytes: Uint8Array, offset: number) => {
      if (calls++ > 0) throw systemError('ENOSPC');
      return write(file, bytes, offset, 40);
    }) as typeof fs.writeSync);
    expect(() => log.append([line('b.png'), line('c.png')])).toThrow('the disk is full');
    expect(calls).toBe(2);
    expect(readFileSync(at('log'), 'utf8')).toBe(before);
    expect(log.has(line('b.png'))).toBe(false);
    vi.restoreAllMocks();
    syncBuiltinESMExports();
    log.append([line('b.png')]);
    expect(log.find(line('b.png'))).toEqual(line('b.png'));
  });

  it('is begun anew where it was moved away', () => {
    using log = new PictureLog(at('log'));
    log.append([line('a.png')]);
    renameSync(at('log'), at('old'));
    log.append([line('b.png')]);
    expect(readFileSync(at('log'), 'utf8')).toBe(`${JSON.stringify(line('b.png'))}\n`);
    expect([log.has(line('a.png')), log.find(line('b.png'))]).toEqual([true, line('b.png')]);
  });
});

describe('sorting', () => {
  /** Logs and moves `in/a.png` as a faulty picture. */
  const setUp = (notes: string[] = []) => {
    writeFileSync(at('in', 'a.png'), png());
    utimesSync(at('in', 'a.png'), 1000, 1000);
    const log = new PictureLog(at('log'));
    const moves = new MoveList(new SortedFolder(at('out')), log, (note) => notes.push(note));
    const stamp = { image: 'a.png', class: 'screw', size: png().length, modified: '1000.000000000' };
    const entry: LogLine = { ...stamp, anomalous: true, sorted_to: at('out', 'faulty', 'a.png') };
    log.append([entry]);
    return { log, moves, entry };
  };
  const files = (): string[] =>
    [at('in'), at('out')]
      .flatMap((folder) => readdirSync(folder, { recursive: true, withFileTypes: true }))
      .filter((e) => e.isFile())
      .map((e) => join(e.parentPath, e.name).slice(at().length + 1))
      .sort();

  it('never replaces a file: another of that name keeps it', () => {
    const notes: string[] = [];
    const { moves, entry } = setUp(notes);
    expect(moves.place({ ...entry, image: 'b/c.png' }, new Set([at('out/faulty/b/c.png')]))).toBe(
      at('out/faulty/b/c_2.png'),
    );
    writeFileSync(at('out/faulty/a.png'), 'mine');
    moves.first(at('in/a.png'), entry);
    expect(files()).toEqual(['out/faulty/a.png', 'out/faulty/a_2.png']);
    expect(readFileSync(at('out/faulty/a.png'), 'utf8')).toBe('mine');
    expect(notes).toEqual([expect.stringContaining('the name was taken')]);
  });

  it('goes on where a kill came between the line and the move, or between the two names', () => {
    for (const moment of ['before', 'linked', 'copied']) {
      const { moves, entry } = setUp();
      if (moment === 'linked') linkSync(at('in/a.png'), at('out/faulty/a.png'));
      if (moment === 'copied') writeFileSync(at('out/faulty/a.png'), png());
      moves.add(at('in/a.png'), entry);
      moves.retry();
      expect([moment, files()]).toEqual([moment, ['out/faulty/a.png']]);
      rmSync(at('out/faulty/a.png'));
    }
  });

  it('leaves a file alone that was written again since its line', () => {
    const { moves, entry } = setUp();
    appendFileSync(at('in/a.png'), 'x');
    moves.first(at('in/a.png'), entry);
    moves.add(at('in/a.png'), entry);
    moves.retry();
    expect(files()).toEqual(['in/a.png']);
  });

  it('copies to another disk, and tries again where that is full', async () => {
    const notes: string[] = [];
    const { moves, entry } = setUp(notes);
    const link = fs.linkSync;
    let full = true;
    // Folders on different disks: only names within one folder can be linked.
    fake('linkSync', ((from: string, to: string) => {
      if (dirname(from) !== dirname(to)) throw systemError('EXDEV');
      if (full) throw systemError('ENOSPC');
      link(from, to);
    }) as typeof fs.linkSync);
    moves.first(at('in/a.png'), entry);
    expect(files()).toEqual(['in/a.png']);
    expect(notes).toEqual([expect.stringContaining('the disk is full')]);
    full = false;
    moves.retry();
    expect(files()).toEqual(['in/a.png']); // not yet: it was tried a moment ago
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 6000);
    moves.retry();
    expect(files()).toEqual(['out/faulty/a.png']);
    expect(fs.statSync(at('out/faulty/a.png')).mtimeMs).toBe(1_000_000);
  });

  it('renames where the file system has no links', () => {
    const { moves, entry } = setUp();
    fake('linkSync', (() => {
      throw systemError('EPERM');
    }) as typeof fs.linkSync);
    writeFileSync(at('out/faulty/a.png'), 'mine');
    moves.first(at('in/a.png'), entry);
    expect(files()).toEqual(['out/faulty/a.png', 'out/faulty/a_2.png']);
    expect(readFileSync(at('out/faulty/a_2.png'))).toEqual(Buffer.from(png()));
  });
});

describe('notices', () => {
  const fault = (image: string): LogLine => line(image, { anomalous: true, score: 0.9, folder: at('in') });
  let server: Server | undefined;
  afterEach(() => void server?.close());

  /** A server that answers with these codes, one after the other, and then with 200. */
  async function receiver(codes: number[]): Promise<{ url: string; got: string[] }> {
    const got: string[] = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (part) => {
        body += part;
      });
      request.on('end', () => {
        const code = codes.shift() ?? 200;
        if (code === 200) got.push((JSON.parse(body) as { image: string }).image);
        response.writeHead(code).end();
      });
    });
    await new Promise<void>((done) => server!.listen(0, '127.0.0.1', done));
    return { url: `http://127.0.0.1:${(server!.address() as AddressInfo).port}/`, got };
  }

  it('are posted in order; those not sent wait for the next start, and one that is refused is passed over', async () => {
    const { url, got } = await receiver([503, 200, 400]);
    const notes: string[] = [];
    const onNote = (note: string): void => void notes.push(note);
    using log = new PictureLog(at('log'));
    log.append([fault('old.png')]);
    const dead = await FaultNotices.start({ log, send: toUrl('http://127.0.0.1:1/', 1), receiver: 'R', onNote });
    log.append([fault('a.png'), line('good.png', { anomalous: false }), fault('b.png'), fault('c.png')]);
    dead.wake();
    expect(await dead.close(0.3)).toBe(false);
    expect(notes).toEqual([expect.stringMatching(/^R: no answer \(.*\); notices wait in the log/)]);
    notes.length = 0;
    const alive = await FaultNotices.start({ log, send: toUrl(url), receiver: 'R', onNote });
    expect(await alive.close(20)).toBe(true);
    expect(got).toEqual(['a.png', 'c.png']);
    expect(notes).toEqual([
      'R: the server answers 503; notices wait in the log and are sent later',
      'R: takes notices again',
      'R: notice of b.png not sent: the server answers 400',
    ]);
    expect(JSON.parse(readFileSync(`${at('log')}.sent`, 'utf8'))).toEqual({ sent: log.size });
  });

  it.skipIf(process.platform === 'win32')('a command gets the line and the path; no name is part of it', async () => {
    const image = 'a $(touch x) `touch x`; "touch x" \'.png';
    writeFileSync(at('in', image), png());
    const send = toCommand(`cd '${at()}' && cat > line && printf %s "$AACLIP_IMAGE" > path`);
    expect(await send(fault(image), at('in', image))).toBe('sent');
    expect(JSON.parse(readFileSync(at('line'), 'utf8'))).toEqual({ ...fault(image), path: at('in', image) });
    expect(readFileSync(at('path'), 'utf8')).toBe(at('in', image));
    expect(existsSync(at('x'))).toBe(false);
    const failing = toCommand('exit 3');
    const later = { later: 'the command ended with exit code 3' };
    expect([await failing(fault('a'), 'a'), await failing(fault('a'), 'a')]).toEqual([later, later]);
    expect(await failing(fault('a'), 'a')).toEqual({ refused: 'the command ended with exit code 3, 3 times' });
  });
});
