/** A store in a bucket, over a server with the interface of S3. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import S3rver from 's3rver';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { FileFetcher, publish } from '../../src/cli/queue/file_refs.js';
import { openStore, type Store } from '../../src/cli/queue/store.js';
import { freePort } from '../../tools/redis_server.js';
import { Folder } from './queue_parts.js';

const folder = new Folder();
let server: S3rver;
let store: Store;

beforeAll(async () => {
  const port = await freePort();
  server = new S3rver({
    port,
    address: '127.0.0.1',
    silent: true,
    directory: folder.path,
    configureBuckets: [{ name: 'pictures', configs: [] }],
  });
  await server.run();
  vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'S3RVER');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'S3RVER');
  store = await openStore('s3://pictures/line 3/');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  folder[Symbol.dispose]();
});

test('files come back as they were put, and are listed by prefix', async () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
  expect(await store.get('results/ab/one')).toBe(undefined);
  await store.put('results/ab/one', bytes);
  await store.put('results/ab/empty', new Uint8Array());
  await store.put('files/other', bytes);
  expect(Buffer.compare((await store.get('results/ab/one'))!, bytes)).toBe(0);
  expect(await store.get('results/ab/empty')).toHaveLength(0);
  const names: string[] = [];
  for await (const name of store.list('results/')) names.push(name);
  expect(names.sort()).toEqual(['results/ab/empty', 'results/ab/one']);
  await store.remove('results/ab/one');
  await store.remove('results/ab/one');
  expect([await store.has('results/ab/one'), await store.has('files/other')]).toEqual([false, true]);
  expect(store.where).toBe('s3://pictures/line 3');
  expect(await store.identity()).toBe(await (await openStore('s3://pictures/line 3')).identity());
  expect(await (await openStore('s3://pictures')).identity()).not.toBe(await store.identity());
});

test('a file is uploaded once and downloaded once', async () => {
  using work = new Folder();
  using cache = new Folder();
  const path = join(work.path, 'weights');
  writeFileSync(path, 'the weights');
  const ref = await publish(store, path);
  const fetched = await new FileFetcher(store, cache.path).fetch(ref);
  expect(fetched.startsWith(cache.path)).toBe(true);
  expect(readFileSync(fetched, 'utf8')).toBe('the weights');
  await expect(store.getFile('files/none', path)).rejects.toThrow(
    /^store s3:\/\/pictures\/line 3: has no files\/none;/,
  );
});

test('a bucket that cannot be used', async () => {
  await expect((await openStore('s3://nobody/x')).identity()).rejects.toThrow(
    'store s3://nobody/x: there is no such bucket; make it, or correct --store',
  );
  await expect(openStore('s3://')).rejects.toThrow('--store: not a bucket: expected s3://BUCKET/PREFIX');
});
