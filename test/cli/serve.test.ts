/** `aaclip serve`: its answers to all kinds of requests, with a judge that needs no device; and as a user runs it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MAIN } from '../../src/cli/child_process.js';
import { DetectorJudge, type Judge, type Judged } from '../../src/cli/judge.js';
import { isLoopback } from '../../src/cli/serve/command.js';
import { createService, type ServiceOptions } from '../../src/cli/serve/http_service.js';
import { readPageFiles } from '../../src/cli/serve/page_files.js';
import { type QueueOptions, RequestQueue } from '../../src/cli/serve/request_queue.js';
import { ServiceMetrics } from '../../src/cli/serve/service_metrics.js';
import { AaclipError } from '../../src/detect/errors.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { decode } from '../../src/node/decode.js';
import { nodeHost } from '../../src/node/device.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { runCli } from './run_cli.js';

const png = (level = 1): Buffer => Buffer.from(encodePng(9, 7, new Uint8Array(189).fill(level)));

/** A PNG whose header states a size that its data do not have. */
function bomb(side: number): Buffer {
  const file = png();
  file.writeUInt32BE(side, 16);
  file.writeUInt32BE(side, 20);
  return file;
}

/** Scores a picture by its size in bytes. @param ms that a batch takes */
function standIn(ms = 1, batches: number[] = []): Judge {
  return {
    ready: async () => undefined,
    async *judge(pictures) {
      const asked = [...pictures];
      batches.push(asked.length);
      await pause(ms);
      for (const [index, { picture, className }] of asked.entries()) {
        const score = (picture as Uint8Array).length / 1000;
        const about = {
          class: className,
          image_score: 0,
          peak: { value: 0, x: 0, y: 0 },
          map_sum: { min: 0, max: 1 },
          ms,
        };
        yield {
          index,
          verdict: { score, anomalous: score >= 0.5, about, heatmap: () => png(7), mask: () => png(8) },
        } satisfies Judged;
      }
    },
  };
}

let app: FastifyInstance | undefined;
let queue: RequestQueue | undefined;
afterEach(async () => {
  queue?.close();
  await app?.close();
  [app, queue] = [undefined, undefined];
});

async function start(
  judge: Judge = standIn(),
  { queue: inQueue = {}, ...more }: Partial<Omit<ServiceOptions, 'queue'>> & { queue?: Partial<QueueOptions> } = {},
): Promise<FastifyInstance> {
  queue = new RequestQueue({ judge, batch: 4, gather: 5, most: 64, onNote: () => undefined, ...inQueue });
  const loaded = (name: string) => ({ name, domain: 'Industrial' as const, words: name, unknownWords: [] });
  app = await createService({
    queue,
    metrics: new ServiceMetrics(),
    classes: [loaded('screw'), loaded('metal nut')],
    ruleFor: (name) => ({ source: 'calibration', rule: `calibration of ${name}` }),
    page: [],
    rules: { maxPixels: 1_000_000 },
    maxBytes: 100_000,
    seconds: 20,
    version: '1',
    ...more,
  });
  return app;
}

const ask = (payload: Buffer | string | null = png(), type = 'image/png', path = '/v1/predict?class=screw') =>
  app!.inject({
    method: 'POST',
    url: path,
    headers: type === '' ? {} : { 'content-type': type },
    ...(payload === null ? {} : { payload }),
  });

/** A form with these parts: fields, and files with their names. */
function form(...parts: (readonly [name: string, value: string | Buffer, file?: string])[]): Buffer {
  return Buffer.concat([
    ...parts.map(([name, value, file]) => {
      const named = file === undefined ? '' : `; filename="${file}"\r\ncontent-type: image/png`;
      const head = `--X\r\ncontent-disposition: form-data; name="${name}"${named}\r\n\r\n`;
      return Buffer.concat([Buffer.from(head), Buffer.from(value), Buffer.from('\r\n')]);
    }),
    Buffer.from('--X--\r\n'),
  ]);
}
const FORM = 'multipart/form-data; boundary=X';

const listen = async (): Promise<number> => {
  await app!.listen({ port: 0, host: '127.0.0.1' });
  return (app!.server.address() as AddressInfo).port;
};

describe('the page of the service', () => {
  it('is there without a token, under the policy of the page, with nothing beside its files', async () => {
    const page = readPageFiles();
    expect(page.length).toBeGreaterThan(10);
    const service = await start(standIn(), { page, token: 'a long secret' });
    const index = await service.inject('/');
    expect(index.statusCode).toBe(200);
    expect(index.headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-cache' });
    expect(index.headers['content-security-policy']).toMatch(/^default-src 'none'; .*frame-ancestors 'none'$/);
    const [script] = /assets\/index-[\w-]+\.js/.exec(index.body)!;
    const head = await service.inject({ method: 'HEAD', url: `/${script}` });
    expect(head.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(head.body).toBe('');
    const sources = page.filter(({ url }) => url.includes('/.'));
    expect(sources).toEqual([]);
    for (const url of ['/..%2fpackage.json', '/assets/..%2f..%2fpackage.json', '/assets/', '/index.html']) {
      expect((await service.inject(url)).statusCode, url).toBe(401);
    }
    // The rest asks for the token as before.
    expect((await service.inject('/v1/classes')).statusCode).toBe(401);
  });

  it('has a tag for each content of a file, and is not sent again to those who have it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'aaclip-page-'));
    const get = async (words: string, known?: string) => {
      writeFileSync(join(folder, 'index.html'), words);
      const service = await start(standIn(), { page: readPageFiles(folder) });
      const answer = await service.inject({ url: '/', headers: known === undefined ? {} : { 'if-none-match': known } });
      await service.close();
      return answer;
    };
    const first = await get('one');
    expect(first.statusCode).toBe(200);
    const tag = String(first.headers.etag);
    expect(tag).toMatch(/^"[\w-]{43}"$/);
    for (const known of [tag, `"other", ${tag}`, `W/${tag}`, '*']) {
      const again = await get('one', known);
      expect([again.statusCode, again.body, again.headers.etag], known).toEqual([304, '', tag]);
      expect(again.headers['cache-control']).toBe('no-cache');
    }
    for (const known of ['"other"', tag.replaceAll('"', ''), '']) {
      expect((await get('one', known)).body, known).toBe('one');
    }
    const changed = await get('two', tag);
    expect([changed.statusCode, changed.body]).toEqual([200, 'two']);
    expect(changed.headers.etag).not.toBe(tag);
    rmSync(folder, { recursive: true });
  });

  it('is not there where it was not built, or not wanted', async () => {
    expect(readPageFiles('/nowhere/at/all')).toEqual([]);
    expect((await (await start()).inject('/')).statusCode).toBe(404);
  });
});

describe('a prediction', () => {
  it('answers with score, decision, and the heatmap where asked for', async () => {
    await start();
    const plain = await ask();
    expect([plain.statusCode, plain.json()]).toEqual([
      200,
      {
        ...{ image: 'picture', class: 'screw', score: png().length / 1000, anomalous: false, image_score: 0, ms: 1 },
        ...{ peak: { value: 0, x: 0, y: 0 }, map_sum: { min: 0, max: 1 } },
      },
    ]);
    const parts = form(['class', 'metal nut'], ['include', 'heatmap'], ['p', png(), '../../etc/passwd']);
    const body = (await ask(parts, FORM, '/v1/predict')).json<Record<string, unknown>>();
    // Browsers and libraries send names with folders: the last part is all that is kept, and nothing is opened.
    expect(body).toMatchObject({ image: 'passwd', class: 'metal nut', heatmap: png(7).toString('base64') });
    expect(body).not.toHaveProperty('mask');
    const both = (await ask(png(), 'image/png', '/v1/predict?class=screw&include=heatmap,mask')).json<
      Record<string, unknown>
    >();
    expect([both.heatmap, both.mask]).toEqual([png(7).toString('base64'), png(8).toString('base64')]);
  });

  it.each<[string, Buffer | string | null, string, string | undefined, number, string, RegExp]>([
    ['no class', png(), 'image/png', '/v1/predict', 400, 'class', /^class: expected one of screw, metal nut, got none/],
    [
      'a wrong class',
      png(),
      'image/png',
      '/v1/predict?class=Screw',
      400,
      'class',
      /^class: expected screw, got "Screw"/,
    ],
    [
      'a class twice',
      png(),
      'image/png',
      '/v1/predict?class=screw&class=nut',
      400,
      'options',
      /^request: querystring\/class/,
    ],
    ['a wrong include', png(), 'image/png', '/v1/predict?class=screw&include=map', 400, 'options', /include/],
    ['no body', null, '', '/v1/predict?class=screw', 400, 'picture', /^body: no picture in it/],
    [
      'an empty body',
      Buffer.alloc(0),
      'image/png',
      '/v1/predict?class=screw',
      400,
      'picture',
      /^body: no picture in it/,
    ],
    ['a form without a file', form(['class', 'screw']), FORM, '/v1/predict', 400, 'picture', /^body: no picture in it/],
    [
      'a broken form',
      Buffer.from('--X\r\ncontent'),
      FORM,
      '/v1/predict',
      400,
      'picture',
      /^body: the form cannot be read/,
    ],
    [
      'no picture',
      Buffer.from('hello, world'),
      'image/png',
      undefined,
      400,
      'picture',
      /^picture: not a readable picture: got a text file/,
    ],
    [
      'two pictures',
      form(['a', png(), 'a.png'], ['b', png(), 'b.png']),
      FORM,
      undefined,
      400,
      'picture',
      /expected one picture/,
    ],
    [
      'three',
      form(['a', png(), 'a'], ['b', png(), 'b'], ['c', png(), 'c']),
      FORM,
      undefined,
      400,
      'picture',
      /expected one picture/,
    ],
    [
      'a path',
      '{"path":"package.json"}',
      'application/json',
      undefined,
      415,
      'picture',
      /^content-type: expected image/,
    ],
    ['text', 'x', 'text/plain', undefined, 415, 'picture', /^content-type: expected image/],
    [
      'a gigapixel',
      bomb(32_000),
      'image/png',
      undefined,
      413,
      'picture',
      /^picture: picture too large: .*1024 megapixels/,
    ],
    [
      'a gigapixel in a form',
      form(['a', bomb(32_000), 'a.png']),
      FORM,
      undefined,
      413,
      'picture',
      /^a\.png: picture too large/,
    ],
    ['too many bytes', Buffer.alloc(100_001), 'image/png', undefined, 413, 'picture', /^body: larger/],
    ['in a form', form(['a', Buffer.alloc(100_001), 'a']), FORM, undefined, 413, 'picture', /^body: larger/],
    [
      'far too many bytes',
      Buffer.alloc(200_000),
      'image/png',
      undefined,
      413,
      'picture',
      /^body: expected at most 100000 bytes/,
    ],
  ])('refuses %s', async (_what, payload, type, path, status, code, message) => {
    const batches: number[] = [];
    await start(standIn(1, batches));
    const answer = await ask(payload, type, path);
    expect([answer.statusCode, answer.json()]).toEqual([status, { code, error: expect.stringMatching(message) }]);
    expect(batches).toEqual([]);
    expect((await ask()).statusCode).toBe(200);
  });

  it('tells what is wrong with one picture of a batch, and judges the others', async () => {
    const judge = standIn();
    await start({
      ...judge,
      async *judge(pictures) {
        for await (const one of judge.judge(pictures)) {
          if (one.index !== 1) yield one;
          else
            yield {
              index: 1,
              error: new AaclipError('picture', 'picture 2: broken PNG; copy it again', { file: 'picture 2' }),
            };
        }
      },
    });
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers.map((a) => a.statusCode)).toEqual([200, 400, 200]);
    expect(answers[1]!.json()).toEqual({ code: 'picture', error: 'picture: broken PNG; copy it again' });
  });
});

describe('the queue', () => {
  it('scores together what arrives together, and refuses what is too much', async () => {
    const batches: number[] = [];
    const judge = standIn(1, batches);
    let open = (): void => undefined;
    const gate = new Promise<void>((opened) => {
      open = opened;
    });
    const gated: Judge = {
      ...judge,
      async *judge(pictures) {
        await gate;
        yield* judge.judge(pictures);
      },
    };
    await start(gated, { queue: { most: 8, gather: 10_000 } });
    let refused = 0;
    const answers = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const answer = await ask();
        // Two batches of four are on the device, and eight pictures wait.
        if (answer.statusCode === 429 && ++refused === 14) open();
        return answer;
      }),
    );
    const codes = answers.map((a) => a.statusCode);
    expect(batches).toEqual([4, 4, 4, 4]);
    expect([codes.filter((c) => c === 200).length, codes.filter((c) => c === 429).length]).toEqual([16, 14]);
    const busy = answers.find((a) => a.statusCode === 429)!;
    expect(Number(busy.headers['retry-after'])).toBeGreaterThan(0);
    expect(busy.json()).toEqual({
      code: 'busy',
      error: expect.stringMatching(/^server: 8 pictures wait already; try again in \d+ s$/),
    });
    const metrics = (await app!.inject('/metrics')).body;
    expect(metrics).toContain('aaclip_requests_total{route="/v1/predict",status="429"} 14\n');
    expect(metrics).toContain('aaclip_pictures_total 16\n');
    expect(metrics).toContain('aaclip_waiting 0\n');
  });

  it('gathers while the device works, but starts before it has nothing to do', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const batches: number[] = [];
      const judge: Judge = {
        ready: async () => undefined,
        async *judge(pictures) {
          const asked = [...pictures];
          batches.push(asked.length);
          await new Promise((next) => setTimeout(next, 100));
          for (const index of asked.keys()) yield { index, error: new Error('none') };
        },
      };
      const queue = new RequestQueue({ judge, batch: 8, gather: 5, most: 64, onNote: () => undefined });
      const [answers, { signal }] = [[] as Promise<unknown>[], new AbortController()];
      const submit = (): void =>
        void answers.push(queue.submit({ picture: png(), className: 'a' }, signal).catch(() => 0));
      const passing = (ms: number) => vi.advanceTimersByTimeAsync(ms);
      submit(); // tells how long a batch takes
      await passing(110);
      submit();
      await passing(10);
      // They come one after the other: scored together, when half of a batch's time is over.
      for (const wait of [20, 25, 0]) {
        submit();
        await passing(wait);
      }
      expect(batches).toEqual([1, 1]);
      await passing(10);
      expect(batches).toEqual([1, 1, 3]);
      await passing(200);
      // When the device comes to its end, a picture waits no longer than --gather.
      submit();
      await passing(103);
      submit();
      await passing(4);
      expect(batches).toEqual([1, 1, 3, 1]);
      await passing(3);
      expect(batches).toEqual([1, 1, 3, 1, 1]);
      await passing(200);
      await Promise.all(answers);
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives up what takes too long, and does not judge what nobody waits for', async () => {
    const batches: number[] = [];
    await start(standIn(150, batches), { seconds: 0.1, queue: { batch: 1 } });
    const answers = await Promise.all([ask(), ask(), ask(), ask()]);
    expect(answers.map((a) => a.statusCode)).toEqual([503, 503, 503, 503]);
    expect(answers[0]!.json()).toEqual({
      code: 'timeout',
      error: expect.stringMatching(/^server: no verdict within 0.1 s/),
    });
    await pause(300);
    expect(batches).toEqual([1, 1]);
  });

  it('opens a lost device again: pictures on it are judged then, new ones are told to come later', async () => {
    const judge = standIn();
    let [lost, opened] = [true, false];
    const notes: string[] = [];
    await start(
      {
        ...judge,
        ready: async () => {
          await pause(100);
          if (opened) return;
          opened = true;
          throw new AaclipError('device', 'webgpu: no adapter');
        },
        async *judge(pictures) {
          if (lost) throw new AaclipError('device', 'webgpu: the device was lost');
          yield* judge.judge(pictures);
        },
      },
      { queue: { onNote: (note) => notes.push(note) } },
    );
    const first = ask();
    await pause(50);
    lost = false;
    const [meanwhile, health] = [await ask(), await app!.inject('/healthz')];
    expect([meanwhile.statusCode, meanwhile.headers['retry-after'], meanwhile.json()]).toEqual([
      ...[503, '5', { code: 'device', error: 'webgpu: the device was lost' }],
    ]);
    expect(health.statusCode).toBe(503);
    expect((await first).statusCode).toBe(200);
    expect([(await ask()).statusCode, (await app!.inject('/healthz')).statusCode]).toEqual([200, 200]);
    expect(notes.map((n) => n.split(';')[0])).toEqual([
      'webgpu: the device was lost',
      'webgpu: no adapter',
      'the device works again',
    ]);
    expect((await app!.inject('/metrics')).body).toContain('aaclip_device_restarts_total 1\n');
  });
});

describe('connections', () => {
  it('10,000 tiny requests: all are answered', async () => {
    await start(standIn(), { queue: { most: 64 } });
    const port = await listen();
    const each =
      'POST /v1/predict?class=screw HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\ncontent-length: 1\r\n\r\nx';
    /** Sends requests one behind the other without waiting for answers. @returns their statuses */
    const flood = (count: number): Promise<string[]> =>
      new Promise((done, failed) => {
        let text = '';
        const socket = connect(port, '127.0.0.1', () => socket.write(each.repeat(count)));
        socket.on('error', failed).on('data', (data) => {
          text += data;
          const statuses = text.match(/HTTP\/1\.1 \d+/g) ?? [];
          if (statuses.length < count) return;
          socket.destroy();
          done(statuses);
        });
      });
    const statuses = (await Promise.all(Array.from({ length: 50 }, () => flood(200)))).flat();
    expect([statuses.length, new Set(statuses)]).toEqual([10_000, new Set(['HTTP/1.1 400'])]);
  });

  it('a body that never ends is given up, and one of a gigabyte is refused before it is read', async () => {
    await start(standIn(), { seconds: 0.5 });
    const port = await listen();
    const head = 'POST /v1/predict?class=screw HTTP/1.1\r\nhost: a\r\ncontent-type: image/png\r\n';
    /** Sends a piece every 20 ms until the connection ends. */
    const talk = async (start: string): Promise<{ answer: string; sent: number }> => {
      const socket = connect(port, '127.0.0.1');
      let [answer, sent, open] = ['', 0, true];
      socket.on('data', (data) => {
        answer += data;
      });
      socket
        .on('error', () => undefined)
        .on('close', () => {
          open = false;
        });
      socket.write(start);
      while (open && sent < 1000) {
        await pause(20);
        if (socket.writable) socket.write('1\r\nx\r\n');
        sent++;
      }
      socket.destroy();
      return { answer, sent };
    };
    const [endless, huge] = await Promise.all([
      talk(`${head}transfer-encoding: chunked\r\n\r\n`),
      talk(`${head}content-length: ${2 ** 30}\r\n\r\n`),
    ]);
    expect(endless.answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(huge.answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*got 1073741824/i);
    for (const { sent } of [endless, huge]) expect(sent).toBeLessThan(1000);
    // One that does not say its length is counted as it comes.
    const chunked = await new Promise<number | string>((done) => {
      const headers = { 'content-type': 'image/png' };
      const req = httpRequest({ port, method: 'POST', path: '/v1/predict?class=screw', headers }, (res) =>
        done(res.statusCode!),
      );
      req.on('error', (error) => done(error.message));
      req.write(Buffer.alloc(60_000));
      req.end(Buffer.alloc(60_000));
    });
    expect(chunked).toBe(413);
    expect((await ask()).statusCode).toBe(200);
  });

  it('asks for the token, except for health and the document', async () => {
    await start(standIn(), { token: 'open sesame' });
    const get = (path: string, authorization?: string) =>
      app!.inject({ url: path, headers: authorization === undefined ? {} : { authorization } });
    const codes = async (path: string) => [
      (await get(path)).statusCode,
      (await get(path, 'Bearer open sesam')).statusCode,
      (await get(path, 'Bearer open sesame')).statusCode,
    ];
    for (const path of ['/v1/classes', '/metrics']) expect(await codes(path)).toEqual([401, 401, 200]);
    const { classes } = (await get('/v1/classes', 'Bearer open sesame')).json() as { classes: unknown[] };
    expect(classes[0]).toMatchObject({
      name: 'screw',
      decided_by: { source: 'calibration', rule: 'calibration of screw' },
    });
    for (const path of ['/healthz', '/openapi.json']) expect(await codes(path)).toEqual([200, 200, 200]);
    expect((await ask()).statusCode).toBe(401);
    expect((await get('/nothing')).statusCode).toBe(401);
    expect((await get('/v1/classes')).json()).toEqual({
      code: 'unauthorized',
      error: expect.stringMatching(/^authorization: /),
    });
  });

  it.each(['/package.json', '/../package.json', '/%2e%2e/package.json', '/..%2fpackage.json', '//etc/passwd'])(
    'has no files: %s',
    async (path) => {
      await start();
      const answer = await app!.inject(path);
      expect([answer.statusCode, answer.json()]).toEqual([
        404,
        { code: 'not_found', error: expect.stringContaining('no such address') },
      ]);
    },
  );

  it('answers the requests that are there when it stops', async () => {
    await start(standIn(150));
    const port = await listen();
    const answers = Promise.all(
      Array.from({ length: 6 }, async () => {
        const headers = { 'content-type': 'image/png' };
        return (
          await fetch(`http://127.0.0.1:${port}/v1/predict?class=screw`, { method: 'POST', headers, body: png() })
        ).status;
      }),
    );
    await pause(100);
    await app!.close();
    expect(await answers).toEqual([200, 200, 200, 200, 200, 200]);
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });
});

describe('the OpenAPI document', () => {
  interface Schema {
    readonly required?: readonly string[];
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
  }
  type Responses = Record<string, { content?: Record<string, { schema: Schema }> }>;
  interface Document {
    readonly paths: Record<string, Record<string, { responses: Responses; requestBody?: { content: object } }>>;
  }

  /** What of a value its schema does not say, or the value lacks. */
  function unlike(schema: Schema | undefined, value: unknown, path = ''): string[] {
    if (Array.isArray(value)) return value.flatMap((v) => unlike(schema?.items, v, `${path}[]`));
    if (typeof value !== 'object' || value === null) return [];
    const missing = (schema?.required ?? []).filter((key) => !(key in value)).map((key) => `${path}.${key} is missing`);
    const entries = Object.entries(value).flatMap(([key, v]) => {
      const inner = schema?.properties?.[key];
      return inner ? unlike(inner, v, `${path}.${key}`) : [`${path}.${key} is not documented`];
    });
    return [...missing, ...entries];
  }

  it('has every route, and the answers are as it says', async () => {
    await start();
    const { paths } = (await app!.inject('/openapi.json')).json<Document>();
    expect(Object.entries(paths).map(([path, methods]) => [path, Object.keys(methods)])).toEqual([
      ['/v1/predict', ['post']],
      ['/v1/classes', ['get']],
      ['/healthz', ['get']],
      ['/metrics', ['get']],
    ]);
    expect(Object.keys(paths['/v1/predict']!.post!.requestBody!.content)).toEqual([
      'image/*',
      'application/octet-stream',
      'multipart/form-data',
    ]);
    const answers = [
      ['/v1/predict', 'post', await ask()],
      ['/v1/predict', 'post', await ask(png(), 'image/png', '/v1/predict?class=screw&include=heatmap')],
      ['/v1/predict', 'post', await ask(Buffer.from('x'))],
      ['/v1/predict', 'post', await ask('x', 'text/plain')],
      ['/v1/predict', 'post', await ask(bomb(5000))],
      ['/v1/classes', 'get', await app!.inject('/v1/classes')],
      ['/healthz', 'get', await app!.inject('/healthz')],
    ] as const;
    for (const [path, method, answer] of answers) {
      const documented = paths[path]![method]!.responses[answer.statusCode];
      expect([path, answer.statusCode, documented === undefined]).toEqual([path, answer.statusCode, false]);
      expect(unlike(documented!.content!['application/json']!.schema, answer.json())).toEqual([]);
    }
  });
});

it('a device that is lost is opened again by the judge of a detector', async () => {
  const options = { weights: 'synthetic:tiny', adapters: 'synthetic', classes: ['screw'], imageSize: 28 };
  const devices: GPUDevice[] = [];
  const host = await nodeHost();
  const requestAdapter = async (wanted?: GPURequestAdapterOptions): Promise<GPUAdapter> => {
    const adapter = (await host.entry.requestAdapter(wanted))!;
    const { requestDevice } = adapter;
    adapter.requestDevice = async (descriptor) => {
      devices.push(await requestDevice.call(adapter, descriptor));
      return devices.at(-1)!;
    };
    return adapter;
  };
  const gpu = (): Promise<Gpu> => Gpu.open({ ...host, entry: { requestAdapter } as unknown as GPU });
  const judge = new DetectorJudge(() => loadDetector({ ...options, gpu }), 0.5);
  const all = async (): Promise<Judged[]> => {
    const judged: Judged[] = [];
    for await (const one of judge.judge([{ picture: png(), className: 'screw' }])) judged.push(one);
    return judged;
  };
  const scoreOf = ([one]: Judged[]): number => (one as { verdict: { score: number } }).verdict.score;
  const [before, beside] = await Promise.all([all(), all()]);
  expect(scoreOf(beside)).toBe(scoreOf(before));
  expect(before[0]).toMatchObject({
    verdict: { anomalous: scoreOf(before) >= 0.5, about: { decided_by: { source: 'flag' } } },
  });
  // What a driver that fails does to it.
  devices[0]!.destroy();
  await expect(all()).rejects.toMatchObject({ code: 'device' });
  expect(scoreOf(await all())).toBe(scoreOf(before));
  expect(devices).toHaveLength(2);
  await judge.close();
  // Without a threshold, the detector decides.
  const plain = new DetectorJudge(() => loadDetector(options), undefined);
  for await (const one of plain.judge([{ picture: png(), className: 'screw' }])) {
    const { verdict } = one as Extract<Judged, { verdict: unknown }>;
    const { normalized_score: score, decided_by } = verdict.about as { normalized_score: number; decided_by: object };
    expect([verdict.anomalous, decided_by]).toEqual([score >= 0.5, expect.objectContaining({ source: 'preset' })]);
    const mask = await decode('mask', verdict.mask());
    expect([mask.width, mask.height, [...new Set(mask.data)].every((v) => v === 0 || v === 255)]).toEqual([9, 7, true]);
  }
  await plain.close();
});

describe('as a user runs it', () => {
  const model = ['--class', 'screw', '--weights', 'synthetic:tiny', '--adapters', 'synthetic', '--img_size', '28'];

  it('does not let others in without a token', async () => {
    expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.example.com'].map(isLoopback)).toEqual([false, false, false, false]);
    const run = await runCli('serve', ...model, '--host', '0.0.0.0');
    expect([run.code, run.stderr]).toEqual([
      1,
      'aaclip: --host 0.0.0.0: others could use the service; give --token or set AACLIP_TOKEN\n',
    ]);
  });

  it.skipIf(process.platform === 'win32')(
    'killed under load and started again, no answered request was lost',
    async () => {
      const dir = mkdtempSync(join(tmpdir(), 'aaclip-serve-'));
      const command = (port: number) => [MAIN, 'serve', ...model, '--json', '--port', String(port)];
      let child: ChildProcess;
      /** Starts it and waits until it listens. */
      const serve = async (port: number): Promise<number> => {
        child = spawn(process.execPath, command(port), { stdio: ['ignore', 'pipe', 'ignore'] });
        const line = await new Promise<string>((done, failed) => {
          child.stdout!.setEncoding('utf8').once('data', done);
          child.once('exit', (code) => failed(new Error(`exit code ${code}`)));
        });
        return Number(new URL((JSON.parse(line) as { serving: { url: string } }).serving.url).port);
      };
      const ended = (): Promise<number | null> => new Promise((done) => child.once('exit', done));
      try {
        const port = await serve(0);
        const scores = new Map<number, Set<number>>();
        let [answered, broken] = [0, 0];
        // Sends a picture until it is answered: a request without an answer may be sent again.
        const one = async (level: number): Promise<void> => {
          for (;;) {
            try {
              const answer = await fetch(`http://127.0.0.1:${port}/v1/predict`, {
                method: 'POST',
                headers: { 'content-type': 'image/png' },
                body: png(level),
              });
              if (answer.status !== 200) throw new Error(String(answer.status));
              const { score } = (await answer.json()) as { score: number };
              scores.set(level, (scores.get(level) ?? new Set()).add(score));
              answered++;
              return;
            } catch {
              broken++;
              await pause(100);
            }
          }
        };
        const clients = Array.from({ length: 16 }, async (_, c) => {
          for (let i = 0; i < 12; i++) await one(10 * ((c + i) % 20));
        });
        while (answered < 40) await pause(5);
        child!.kill('SIGKILL');
        await ended();
        await serve(port);
        await Promise.all(clients);
        // Each has one answer, and a picture's score is the same before and after.
        expect(answered).toBe(16 * 12);
        expect(broken).toBeGreaterThan(0);
        expect([...scores.values()].every((found) => found.size === 1)).toBe(true);
        expect(scores.size).toBe(20);
        child!.kill('SIGTERM');
        expect(await ended()).toBe(0);
      } finally {
        child!.kill('SIGKILL');
        rmSync(dir, { recursive: true, force: true });
      }
    },
  );
});
