/** A store in a bucket of S3, or of any storage that speaks its protocol (MinIO, Ceph, R2, ...). */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from 'minio';
import { fileError } from '../../node/file_error.js';
import { checkName, type Store } from './store.js';

const IDENTITY = 'store-id';
/** Longer than a file takes to be seen by everyone. */
const SETTLED_MS = 2000;

export interface S3Place {
  readonly bucket: string;
  /** Before every name: empty, or ending with a `/`. */
  readonly prefix: string;
  readonly endpoint: URL;
  readonly region: string;
  readonly keys: { readonly accessKey: string; readonly secretKey: string; readonly sessionToken: string | undefined };
}

/**
 * Where a bucket is, and the keys to it, by the variables that other programs for S3 read too.
 * @param where `s3://BUCKET/PREFIX`
 * @throws one line when the address is not of this form, or a variable is missing
 */
export function s3Place(where: string, env: NodeJS.ProcessEnv = process.env): S3Place {
  const [, bucket, path = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(where) ?? [];
  if (bucket === undefined) {
    throw new Error(`store ${where}: not the address of a bucket; write it as s3://BUCKET or s3://BUCKET/FOLDER`);
  }
  const { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey, AWS_SESSION_TOKEN: sessionToken } = env;
  if (!accessKey || !secretKey) {
    throw new Error(`store ${where}: no keys to it; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`);
  }
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || 'us-east-1';
  const given = env.AWS_ENDPOINT_URL_S3 || env.AWS_ENDPOINT_URL || `https://s3.${region}.amazonaws.com`;
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new Error(`store ${where}: AWS_ENDPOINT_URL: ${given}: expected an address like https://s3.example.com`);
  }
  const prefix = path.replace(/^\/+|\/+$/g, '');
  const keys = { accessKey, secretKey, sessionToken: sessionToken || undefined };
  return { bucket, prefix: prefix === '' ? '' : `${prefix}/`, endpoint: new URL(given), region, keys };
}

export class S3Store implements Store {
  readonly where: string;
  readonly #client: Client;
  readonly #place: S3Place;

  private constructor(where: string, client: Client, place: S3Place) {
    this.where = where;
    this.#client = client;
    this.#place = place;
  }

  /** @throws one line when the address, the keys or the bucket are wrong, the storage is not there, or its client not installed */
  static async open(where: string): Promise<S3Store> {
    const place = s3Place(where);
    const { endpoint, region, keys } = place;
    const { Client } = await import('minio').catch((error: unknown) => {
      throw new Error(`store ${where}: the client for S3 is not installed; run npm install minio`, { cause: error });
    });
    const useSSL = endpoint.protocol === 'https:';
    const port = endpoint.port === '' ? (useSSL ? 443 : 80) : Number(endpoint.port);
    // Amazon wants the bucket in the name of the host, most others in the path.
    const pathStyle = !endpoint.hostname.endsWith('.amazonaws.com');
    const { sessionToken, ...pair } = keys;
    const client = new Client({
      ...{ endPoint: endpoint.hostname, port, useSSL, region, pathStyle, ...pair },
      ...(sessionToken === undefined ? {} : { sessionToken }),
    });
    const store = new S3Store(where, client, place);
    // What is wrong is told now, and not by the first task.
    await store.get(IDENTITY);
    return store;
  }

  pathOf(): undefined {
    return undefined;
  }

  async identity(): Promise<string> {
    for (;;) {
      const found = await this.get(IDENTITY);
      if (found) return Buffer.from(found).toString('utf8').trim();
      await this.put(IDENTITY, Buffer.from(`${randomUUID()}\n`));
      // Several may have found none and written one: what is there in the end counts for all of them.
      await wait(SETTLED_MS);
    }
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#ask('write', name, (bucket, key) => this.#client.putObject(bucket, key, Buffer.from(bytes)));
  }

  async putFile(name: string, path: string): Promise<void> {
    await this.#ask('write', name, (bucket, key) => this.#client.fPutObject(bucket, key, path), path);
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    try {
      return await this.#ask('read', name, async (bucket, key) => {
        const pieces: Buffer[] = [];
        for await (const piece of await this.#client.getObject(bucket, key)) pieces.push(piece as Buffer);
        return Buffer.concat(pieces);
      });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  async getFile(name: string, toPath: string): Promise<void> {
    // Beside its place, so that it can be moved there: whole or not at all.
    const folder = await mkdtemp(join(dirname(toPath), `.${basename(toPath)}.`)).catch((error: unknown) => {
      throw fileError(toPath, 'write', error);
    });
    try {
      const part = join(folder, 'part');
      await this.#ask('read', name, (bucket, key) => this.#client.fGetObject(bucket, key, part), toPath);
      await rename(part, toPath);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async has(name: string): Promise<boolean> {
    try {
      await this.#ask('read', name, (bucket, key) => this.#client.statObject(bucket, key));
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    const { bucket, prefix: before } = this.#place;
    try {
      for await (const { name } of this.#client.listObjectsV2(bucket, before + prefix, true)) {
        if (name !== undefined) yield (name as string).slice(before.length);
      }
    } catch (error) {
      throw this.#error('read', prefix, error);
    }
  }

  async remove(name: string): Promise<void> {
    await this.#ask('write', name, (bucket, key) => this.#client.removeObject(bucket, key));
  }

  /** @param path a local file that takes part: the system's errors are about it */
  async #ask<T>(
    action: 'read' | 'write',
    name: string,
    ask: (bucket: string, key: string) => Promise<T>,
    path?: string,
  ): Promise<T> {
    const { bucket, prefix } = this.#place;
    try {
      return await ask(bucket, prefix + checkName(name));
    } catch (error) {
      const isOfFile = path !== undefined && (error as { syscall?: unknown }).syscall !== 'connect';
      throw isOfFile && typeof (error as { errno?: unknown }).errno === 'number'
        ? fileError(path, action === 'read' ? 'write' : 'read', error)
        : this.#error(action, name, error);
    }
  }

  #error(action: 'read' | 'write', name: string, error: unknown): Error {
    const { bucket, endpoint } = this.#place;
    const { code = '', message } = error as { code?: string; message: string };
    const reasons: Readonly<Record<string, string>> = {
      NoSuchBucket: `there is no bucket ${bucket}; create it, or name another`,
      AccessDenied: 'access denied; give these keys the right to read, write, list and delete in the bucket',
      Forbidden: 'access denied; give these keys the right to read, write, list and delete in the bucket',
      InvalidAccessKeyId: 'the key is unknown; check AWS_ACCESS_KEY_ID',
      SignatureDoesNotMatch: 'the keys do not match; check AWS_SECRET_ACCESS_KEY',
      ExpiredToken: 'the keys have expired; get new ones',
      RequestTimeTooSkewed: "this machine's clock is wrong; set it",
      ECONNREFUSED: `nothing answers at ${endpoint.host}; check AWS_ENDPOINT_URL`,
      ENOTFOUND: `there is no host ${endpoint.host}; check AWS_ENDPOINT_URL and AWS_REGION`,
      NoSuchKey: MISSING,
      NotFound: MISSING,
    };
    const why = reasons[code] ?? `the storage says ${[code, message].filter(Boolean).join(': ')}; try again`;
    return new Error(`store ${this.where}: cannot ${action} ${name}: ${why}`, { cause: error });
  }
}

const MISSING = 'it is not there; run the command that queued the task again';

function isMissing(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { code?: unknown };
  return code === 'NoSuchKey' || code === 'NotFound';
}
