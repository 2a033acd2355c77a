/** Servers that cannot be used: each is told in one line with the remedy, and without the password. */
import { createServer } from 'node:http';
import { createServer as createTcp, type Server } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test, vi } from 'vitest';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { connectQueue, PASSWORD_VARIABLE, queueAddress } from '../../src/cli/queue/queue_address.js';
import { runTasks } from '../../src/cli/queue/run_tasks.js';
import { freePort, RedisServer } from '../../tools/redis_server.js';
import { Folder, openTestQueue, sleepTasks, startProcess } from './queue_parts.js';

const SECRET = 'open-sesame-17';
const tls = (name: string): string => fileURLToPath(new URL(`tls/${name}`, import.meta.url));
const TLS = ['--tls-port', 'PORT', '--port', '0', '--tls-auth-clients', 'no'];
const CERTIFICATES = [
  '--tls-cert-file',
  tls('server.pem'),
  '--tls-key-file',
  tls('server.key'),
  '--tls-ca-cert-file',
  tls('ca.pem'),
];

afterEach(() => vi.unstubAllEnvs());

/** Connects and lets go again. @returns the error's message, or `connected` */
async function outcome(url: string, ca?: string): Promise<string> {
  try {
    const redis = await connectQueue(
      queueAddress(url, ca),
      () => undefined,
      () => undefined,
    );
    await redis.ping();
    redis.disconnect();
    return 'connected';
  } catch (error) {
    const { message, stack } = error as Error;
    expect(`${message}${stack}`).not.toMatch(SECRET);
    return message;
  }
}

/** A server that is no Redis. */
async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

test.each([
  `redis:/${SECRET}@host`,
  `http://user:${SECRET}@host`,
  SECRET,
  `redis://:${SECRET}@host:port`,
  `redis://:${SECRET}@host/zero`,
])('a bad URL is not shown: %#', (url) => {
  expect(() => queueAddress(url)).toThrow(/^--queue: /);
  expect(() => queueAddress(url)).not.toThrow(SECRET);
});

test('no server, and what is no Redis', async () => {
  const port = await freePort();
  expect(await outcome(`redis://127.0.0.1:${port}`)).toBe(
    `queue redis://127.0.0.1:${port}: no server answers; start Redis there, or check --queue`,
  );
  const web = createServer((_, response) => response.end('hello'));
  expect(await outcome(`redis://127.0.0.1:${await listening(web)}`)).toMatch(
    /is no Redis server; check host and port$/,
  );
  web.close();
  const hangsUp = createTcp((socket) => socket.destroy());
  expect(await outcome(`redis://127.0.0.1:${await listening(hangsUp)}`)).toMatch(
    /closed the connection; where it expects TLS/,
  );
  hangsUp.close();
  const old = createTcp((socket) => {
    const info = '# Server\r\nredis_version:5.0.14\r\n';
    const answers: Record<string, string> = {
      hello: "-ERR unknown command 'HELLO'",
      info: `$${info.length}\r\n${info}`,
    };
    const answer = (text: string): void => {
      for (const [, name] of text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        socket.write(`${answers[name!.toLowerCase()] ?? '+OK'}\r\n`);
      }
    };
    socket.on('data', (data) => answer(data.toString())).on('error', () => undefined);
  });
  expect(await outcome(`redis://127.0.0.1:${await listening(old)}`)).toMatch(
    /Redis 5\.0\.14 is too old: expected 6\.2 or newer; update the server$/,
  );
  old.close();
});

test('a password, in the URL or in the environment', async () => {
  await using server = await RedisServer.start('--requirepass', SECRET);
  const at = `127.0.0.1:${server.port}`;
  expect(await outcome(server.url)).toBe(`queue redis://${at}: it wants a password; set ${PASSWORD_VARIABLE}`);
  expect(await outcome(`redis://:wrong@${at}`)).toMatch(
    /wrong user or password; correct AACLIP_QUEUE_PASSWORD or the URL$/,
  );
  expect(await outcome(`redis://:${SECRET}@${at}`)).toBe('connected');
  vi.stubEnv(PASSWORD_VARIABLE, SECRET);
  expect(await outcome(server.url)).toBe('connected');
  expect(await outcome(`${server.url}/99`)).toMatch(/it has no database of that number; correct the end of the URL$/);
});

test('a command prints no password, neither in its lines nor in those of an error', async () => {
  await using server = await RedisServer.start('--requirepass', SECRET);
  using folder = new Folder();
  const flags = ['worker', '--store', folder.path, '--debug', '--queue'];
  const worker = startProcess([...flags, `redis://:${SECRET}@127.0.0.1:${server.port}`]);
  await worker.prints(/takes tasks/);
  await server.stop();
  await worker.prints(/connection lost; waiting for the server/);
  await server.start();
  await worker.prints(/connected again/);
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
  const refused = startProcess([...flags, `redis://:not-${SECRET}@127.0.0.1:${server.port}`]);
  expect(await refused.ended).toBe(1);
  expect(refused.output()).toMatch(/^aaclip: queue redis:\/\/127\.0\.0\.1:\d+: wrong user or password/m);
  for (const { output } of [worker, refused]) expect(output()).not.toMatch(SECRET);
});

test('TLS with an authority of its own', async () => {
  await using server = await RedisServer.start(...TLS, ...CERTIFICATES, '--requirepass', SECRET);
  const url = `rediss://:${SECRET}@127.0.0.1:${server.port}`;
  expect(await outcome(url, tls('ca.pem'))).toBe('connected');
  expect(await outcome(url)).toMatch(/signed by an unknown authority; give that one with --queue_ca FILE/);
  expect(await outcome(url.replace('127.0.0.1', 'localhost'), tls('ca.pem'))).toMatch(
    /its certificate is for another host/,
  );
  expect(await outcome(url.replace('rediss', 'redis'))).toMatch(/where it expects TLS, use rediss:\/\//);
  expect(() => queueAddress('redis://host', tls('ca.pem'))).toThrow(/^--queue_ca: needs a URL that begins with rediss/);
  expect(() => queueAddress(url, tls('missing.pem'))).toThrow(/missing\.pem: cannot read: no such file/);
});

test('a server whose memory is full', async () => {
  await using server = await RedisServer.start('--maxmemory', '3mb', '--maxmemory-policy', 'noeviction');
  using folder = new Folder();
  const store = new FolderStore(folder.path);
  await using queue = await openTestQueue(server.url, store);
  const run = async (): Promise<void> => {
    for await (const _ of runTasks(sleepTasks(9_000), { queue, store }));
  };
  await expect(run()).rejects.toThrow(
    `queue ${server.url}: its memory is full; raise maxmemory, or remove jobs with "aaclip jobs cancel"`,
  );
});
