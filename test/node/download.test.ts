import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type DownloadOptions, download } from '../../src/node/download.js';

const BYTES = Uint8Array.from({ length: 300_000 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Sends the bytes that were asked for, or breaks off after some of them. */
const serve =
  ({ most = Infinity, ranges = true, bytes = BYTES } = {}): Answer =>
  ({ headers }, response) => {
    const from = ranges ? Number(/^bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
    if (from >= bytes.length) {
      response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
      return;
    }
    const part = bytes.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': part.length,
      'content-type': 'application/octet-stream',
      ...(from > 0 ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    if (part.length <= most) response.end(part);
    else response.write(part.subarray(0, most), () => setTimeout(() => response.destroy(), 50));
  };

let server: Server;
let answers: Answer[] = [];
let asked: { url: string; range: string | undefined }[] = [];
let folder: string;
let base: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url!, range: request.headers.range });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    answer(request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aaclip-download-'));
  asked = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (): string => join(folder, 'weights.pt');
const fetched = (more: Partial<DownloadOptions> = {}) =>
  download({
    urls: [`${base}/weights.pt`],
    file: file(),
    digest: { kind: 'SHA-256', value: SHA256 },
    wait: 1,
    ...more,
  });
const right = (): boolean => createHash('sha256').update(readFileSync(file())).digest('hex') === SHA256;

describe('a download', () => {
  test('is the file, whole, and says how far it is', async () => {
    answers = [serve()];
    const seen: (readonly [number, number | undefined])[] = [];
    await fetched({ onProgress: (done, total) => seen.push([done, total]) });
    expect(right()).toBe(true);
    expect(seen.at(-1)).toEqual([BYTES.length, BYTES.length]);
    expect(readdirSync(folder)).toEqual(['weights.pt']);
  });

  test('is checked by the name that Git gives its content, whole or resumed', async () => {
    const blob = createHash('sha1').update(`blob ${BYTES.length}\0`).update(BYTES).digest('hex');
    answers = [serve({ most: 100_000 }), serve()];
    await fetched({ digest: { kind: 'Git blob', value: blob } });
    expect(right()).toBe(true);
    expect(asked[1]!.range).toMatch(/^bytes=[1-9]/);
    rmSync(file());
    answers = [serve({ bytes: BYTES.map((v, i) => (i === 7 ? v + 1 : v)) })];
    await expect(fetched({ digest: { kind: 'Git blob', value: blob } })).rejects.toThrow(
      `sent another file: expected Git blob ${blob}, got`,
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test('that breaks off goes on where it ended', async () => {
    answers = [serve({ most: 100_000 }), serve({ most: 50_000 }), serve()];
    const notes: string[] = [];
    await fetched({ onProgress: (_, __, note) => note && notes.push(note) });
    expect(right()).toBe(true);
    expect(asked[0]!.range).toBeUndefined();
    const starts = asked.slice(1).map(({ range }) => Number(/^bytes=(\d+)-$/.exec(range!)![1]));
    expect(starts[0]).toBeGreaterThan(0);
    // What the server had sent last may not have arrived.
    expect(starts[1]).toBeGreaterThanOrEqual(starts[0]!);
    expect(notes.length).toBe(2);
  });

  test('goes on in a later run, and begins again where the server knows no parts', async () => {
    answers = [serve({ most: 120_000 })];
    await expect(fetched({ attempts: 1 })).rejects.toThrow(/weights\.pt: broke off.*run the command again to go on/);
    expect(existsSync(file())).toBe(false);
    expect(readdirSync(folder)).toEqual(['weights.pt.part']);
    answers = [serve({ ranges: false })];
    await fetched();
    expect(right()).toBe(true);
    writeFileSync(`${file()}.part`, BYTES);
    rmSync(file());
    answers = [serve()];
    await fetched();
    expect(right()).toBe(true);
  });

  test('follows redirections, and tries the next address', async () => {
    answers = [
      (_, response) => response.writeHead(404).end(),
      (_, response) => response.writeHead(302, { location: '/elsewhere' }).end(),
      serve(),
    ];
    await fetched({ urls: [`${base}/gone`, `${base}/moved`] });
    expect(right()).toBe(true);
    expect(asked.map(({ url }) => url)).toEqual(['/gone', '/moved', '/elsewhere']);
  });

  test.each([
    [
      'a web page',
      /sent a web page instead of the file/,
      1,
      (_: IncomingMessage, r: ServerResponse) =>
        r.writeHead(200, { 'content-type': 'text/html' }).end('<html>log in</html>'),
    ],
    ['another file', /sent another file: expected SHA-256 \w{64}, got \w{64}/, 1, serve({ bytes: BYTES.subarray(1) })],
    ['no such file', /the server answered 404/, 1, (_: IncomingMessage, r: ServerResponse) => r.writeHead(404).end()],
    [
      'a server that is down',
      /the server answered 503/,
      3,
      (_: IncomingMessage, r: ServerResponse) => r.writeHead(503).end(),
    ],
    [
      'redirections in a circle',
      /cannot be reached: redirect count exceeded/,
      3,
      (_: IncomingMessage, r: ServerResponse) => r.writeHead(302, { location: '/round' }).end(),
    ],
  ] as const)('of %s is refused in one line', async (_, message, times, answer) => {
    answers = [answer];
    const error = await fetched({ attempts: 3 }).then(
      () => undefined,
      (e: Error) => e,
    );
    expect(error!.message).toMatch(message);
    expect(error!.message).not.toContain('\n');
    expect(existsSync(file())).toBe(false);
    if (times === 1) expect(asked.length).toBe(1);
    else expect(asked.filter(({ url }) => url === '/weights.pt').length).toBe(times);
  });

  test('without a digest is not resumed, and its announced length counts', async () => {
    // Ends in good order, after fewer bytes than it announced.
    answers = [
      (_, response) =>
        response.writeHead(200, { 'content-length': 100 }).write('ten bytes.', () => response.socket!.end()),
    ];
    await expect(fetched({ digest: undefined, attempts: 2 })).rejects.toThrow('broke off');
    expect(asked.map(({ range }) => range)).toEqual([undefined, undefined]);
  });

  test('says so where nobody listens, or the folder cannot be written', async () => {
    await expect(fetched({ urls: ['http://127.0.0.1:1/x'], attempts: 1 })).rejects.toThrow(
      /^http:\/\/127\.0\.0\.1:1\/x: cannot be reached: .*; run the command again/,
    );
    answers = [serve()];
    writeFileSync(join(folder, 'taken'), '');
    await expect(fetched({ file: join(folder, 'taken', 'x') })).rejects.toThrow(/taken: cannot write: /);
  });

  test('goes through the proxy that the environment names', async () => {
    answers = [serve()];
    const through: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      through.push(request.url!);
      const [host, port] = request.url!.split(':');
      const onward = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      socket.on('error', () => onward.destroy());
    });
    await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
    const before = process.env.HTTP_PROXY;
    process.env.HTTP_PROXY = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    try {
      await fetched();
    } finally {
      if (before === undefined) delete process.env.HTTP_PROXY;
      else process.env.HTTP_PROXY = before;
      proxy.close();
    }
    expect(right()).toBe(true);
    expect(through).toEqual([base.slice('http://'.length)]);
  });
});
