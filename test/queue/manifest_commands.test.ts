/** What the files in examples/scale start runs: their servers and workers as processes on this machine. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { freePort, RedisServer } from '../../tools/redis_server.js';
import { Folder, startProcess } from './queue_parts.js';

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../examples/scale/${name}`, import.meta.url)), 'utf8');

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { readonly template?: { readonly spec: { readonly containers: { readonly args: string[] }[] } } };
}

const { services } = parse(read('compose.yaml'), { merge: true }) as {
  services: Record<'redis' | 'worker', { readonly command: string[] }>;
};
const resources = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS() as Resource);
const argsOf = (name: string, kind: string): string[] =>
  resources.find((r) => r.metadata.name === name && r.kind === kind)!.spec.template!.spec.containers[0]!.args;

test.each([
  ['compose.yaml', services.redis.command, services.worker.command],
  ['kubernetes.yaml', argsOf('aaclip-redis', 'StatefulSet'), argsOf('aaclip-worker', 'Deployment')],
])('the commands of %s run', async (_, redis, worker) => {
  using shared = new Folder();
  const password = 'open-sesame-17';
  const [program, ...options] = redis.map((arg) => (arg.startsWith('$') ? password : arg));
  expect(program).toBe('redis-server');
  await using server = await RedisServer.start(...options);
  const port = String(await freePort());
  const args = worker.map((arg) => {
    if (arg.startsWith('redis://')) return server.url;
    if (/^\d+$/.test(arg)) return port;
    return arg.startsWith('/') ? shared.path : arg;
  });
  const started = startProcess(args, undefined, { AACLIP_QUEUE_PASSWORD: password });
  await started.prints(/takes tasks/);
  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toBe('ok\n');
  started.child.kill('SIGTERM');
  expect(await started.ended, started.output()).toBe(0);
  expect(started.output()).not.toMatch(password);
});
