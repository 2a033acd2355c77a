/** The store in a bucket, on a storage server of its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from 's3rver';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { FileFetcher, publish } from '../../src/cli/queue/file_refs.js';
import { s3Place } from '../../src/cli/queue/s3_store.js';
import { openStore, type Store } from '../../src/cli/queue/store.js';

const folder = mkdtempSync(join(tmpdir(), 'aaclip-s3-'));
let server: S3rver;
let store: Store;
let address: string;

beforeAll(async () => {
  const directory = join(folder, 'server');
  mkdirSync(directory);
  server = new S3rver({
    ...{ port: 0, address: '127.0.0.1', silent: true, directory },
    configureBuckets: [{ name: 'parts', configs: [] }],
  });
  const { port } = await server.run();
  address = `http://127.0.0.1:${port}`;
  vi.stubEnv('AWS_ENDPOINT_URL', address);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'S3RVER');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'S3RVER');
  store = await openStore('s3://parts/line 3/');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(folder, { recursive: true });
});

const namesIn = async (prefix: string): Promise<string[]> => {
  const names: string[] = [];
  for await (const name of store.list(prefix)) names.push(name);
  return names.sort();
};

describe('a store in a bucket', () => {
  it('keeps files by name: puts, gets, lists and removes them', async () => {
    expect(await store.get('results/ab/abc')).toBeUndefined();
    expect(await store.has('results/ab/abc')).toBe(false);
    const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i % 251);
    await store.put('results/ab/abc', bytes);
    await store.put('results/cd/cde', Uint8Array.of(1));
    await store.put('results/cd/cde', Uint8Array.of(2, 3));
    await store.put('empty', new Uint8Array());
    expect(await store.has('results/ab/abc')).toBe(true);
    expect(Buffer.compare((await store.get('results/ab/abc'))!, bytes)).toBe(0);
    expect([...(await store.get('results/cd/cde'))!]).toEqual([2, 3]);
    expect(await store.get('empty')).toHaveLength(0);
    expect(await namesIn('results/')).toEqual(['results/ab/abc', 'results/cd/cde']);
    await store.remove('results/cd/cde');
    await store.remove('results/cd/cde');
    expect(await namesIn('results/')).toEqual(['results/ab/abc']);
    // Another folder of the bucket is another store.
    expect(await (await openStore('s3://parts/line 4')).has('results/ab/abc')).toBe(false);
  });

  it('is the same for everyone who asks for its name first', async () => {
    const others = await Promise.all([1, 2, 3].map(() => openStore('s3://parts/fresh')));
    const names = await Promise.all(others.map((other) => other.identity()));
    expect(names[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(names).size).toBe(1);
    expect(await store.identity()).not.toBe(names[0]);
  }, 20_000);

  it('gives weights and folders of adapters to a machine once, and notices damage', async () => {
    const own = join(folder, 'adapters');
    mkdirSync(own);
    for (const name of ['text.safetensors', 'image.safetensors']) writeFileSync(join(own, name), name.repeat(1000));
    const ref = await publish(store, own);
    const cache = join(folder, 'cache');
    const path = await new FileFetcher(store, cache).fetch(ref);
    expect(readFileSync(join(path, 'text.safetensors'), 'utf8')).toBe('text.safetensors'.repeat(1000));
    // What is there is not fetched again.
    await store.remove(`files/${ref.fingerprint}/adapters/text.safetensors`);
    await store.put(`files/${ref.fingerprint}/adapters/text.safetensors`, Buffer.from('other'));
    expect(await new FileFetcher(store, cache).fetch(ref)).toBe(path);
    await expect(new FileFetcher(store, join(folder, 'cache2')).fetch(ref)).rejects.toThrow(
      /is damaged.*run the command/,
    );
  });

  it('copies whole files or none', async () => {
    await expect(store.getFile('files/none', join(folder, 'none'))).rejects.toThrow(
      /^store s3:.*files\/none: it is not there; run/,
    );
    await expect(store.getFile('empty', join(folder, 'no', 'folder'))).rejects.toThrow(/no such file or folder/);
    await expect(store.putFile('files/none', join(folder, 'none'))).rejects.toThrow(/none: cannot read: no such file/);
    expect(await store.has('files/none')).toBe(false);
  });
});

describe('a bucket that cannot be used is told of in one line', () => {
  const keys = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'very-secret' };

  it.each([
    ['s3://B', {}, 'store s3://B: not the address of a bucket; write it as s3://BUCKET or s3://BUCKET/FOLDER'],
    [
      's3://parts',
      { AWS_SECRET_ACCESS_KEY: '' },
      'store s3://parts: no keys to it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    ],
    ['s3://parts', { AWS_ENDPOINT_URL: 'storage:9000' }, 'expected an address like https://s3.example.com'],
  ])('%s %j', (where, env, message) => {
    expect(() => s3Place(where, { ...keys, ...env })).toThrow(message);
  });

  it('an unknown bucket, and a storage that is not there', async () => {
    await expect(openStore('s3://none')).rejects.toThrow('there is no bucket none; create it, or name another');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    await expect(openStore('s3://parts')).rejects.toThrow('nothing answers at 127.0.0.1:9; check AWS_ENDPOINT_URL');
    vi.stubEnv('AWS_ENDPOINT_URL', address);
  }, 30_000);

  it("Amazon's address follows the region", () => {
    expect(s3Place('s3://parts/a/b', { ...keys, AWS_REGION: 'eu-central-1' })).toMatchObject({
      ...{ bucket: 'parts', prefix: 'a/b/', endpoint: new URL('https://s3.eu-central-1.amazonaws.com') },
    });
  });
});
