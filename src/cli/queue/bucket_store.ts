/** A store in a bucket of S3, or of anything with its interface (MinIO, Ceph, R2). */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { writeAtomically } from '../../node/atomic_write.js';
import { fileError } from '../../node/file_error.js';
import { checkName, type Store } from './store.js';

type Sdk = typeof import('@aws-sdk/client-s3');

const IDENTITY = 'store-id';
/** Most bytes of one upload. */
const MOST_BYTES = 5 * 2 ** 30;
const TRIES = 5;

const MEANINGS: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket; make it, or correct --store',
  AccessDenied: 'access denied; check the credentials, and that they may get, put, list and delete there',
  InvalidAccessKeyId: 'the access key is not known there; check AWS_ACCESS_KEY_ID',
  SignatureDoesNotMatch: 'the secret key is wrong; check AWS_SECRET_ACCESS_KEY',
  CredentialsProviderError: 'no credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a profile',
  ECONNREFUSED: 'no server answers; check AWS_ENDPOINT_URL_S3',
  ENOTFOUND: 'no host of that name; check AWS_ENDPOINT_URL_S3 and AWS_REGION',
};

/** Whether an error says that there is no file of a name. */
const isMissing = (error: unknown): boolean => ['NoSuchKey', 'NotFound'].includes((error as Error).name);

class BucketStore implements Store {
  readonly where: string;
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #prefix: string;

  constructor(sdk: Sdk, client: S3Client, bucket: string, prefix: string) {
    this.where = `s3://${bucket}/${prefix}`.replace(/\/$/, '');
    this.#sdk = sdk;
    this.#client = client;
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  pathOf(): undefined {
    return undefined;
  }

  #at(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + checkName(name) };
  }

  #error(error: unknown): Error {
    const { name, code, message } = error as Error & { code?: string };
    if (message.startsWith('store ')) return error as Error;
    const meaning = MEANINGS[name] ?? MEANINGS[code ?? ''] ?? `${name}: ${message.split('\n')[0]}; check the storage`;
    return new Error(`store ${this.where}: ${meaning}`, { cause: error });
  }

  async #send<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#error(error);
    }
  }

  /** What a request gives, undefined where there is no such file. */
  async #orMissing<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#error(error);
    }
  }

  async identity(): Promise<string> {
    const found = await this.get(IDENTITY);
    if (found) return Buffer.from(found).toString('utf8').trim();
    const put = { ...this.#at(IDENTITY), Body: `${randomUUID()}\n`, IfNoneMatch: '*' };
    try {
      await this.#client.send(new this.#sdk.PutObjectCommand(put));
    } catch (error) {
      // Another process was first.
      if (!['PreconditionFailed', 'ConditionalRequestConflict'].includes((error as Error).name))
        throw this.#error(error);
    }
    return Buffer.from((await this.get(IDENTITY)) ?? '')
      .toString('utf8')
      .trim();
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await this.#send(() => this.#client.send(new this.#sdk.PutObjectCommand({ ...this.#at(name), Body: bytes })));
  }

  async putFile(name: string, path: string): Promise<void> {
    const { size } = await stat(path).catch((error: unknown) => {
      throw fileError(path, 'read', error);
    });
    if (size > MOST_BYTES)
      throw new Error(`${path}: ${size} bytes: a bucket takes files of at most 5 GiB; use a folder as the store`);
    const put = { ...this.#at(name), Body: createReadStream(path), ContentLength: size };
    await this.#send(() => this.#client.send(new this.#sdk.PutObjectCommand(put)));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    return this.#orMissing(async () => {
      const { Body } = await this.#client.send(new this.#sdk.GetObjectCommand(this.#at(name)));
      return Body?.transformToByteArray() ?? new Uint8Array();
    });
  }

  async getFile(name: string, toPath: string): Promise<void> {
    const found = await this.#orMissing(() => this.#client.send(new this.#sdk.GetObjectCommand(this.#at(name))));
    if (!found) throw new Error(`store ${this.where}: has no ${name}; run the command that queued the task again`);
    await this.#send(() => writeAtomically(toPath, found.Body as unknown as AsyncIterable<Uint8Array>));
  }

  async has(name: string): Promise<boolean> {
    const head = new this.#sdk.HeadObjectCommand(this.#at(name));
    return (await this.#orMissing(() => this.#client.send(head))) !== undefined;
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#send(() =>
        this.#client.send(
          new this.#sdk.ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
          }),
        ),
      );
      for (const { Key } of page.Contents ?? []) if (Key !== undefined) yield Key.slice(this.#prefix.length);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  async remove(name: string): Promise<void> {
    await this.#orMissing(() => this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(name))));
  }
}

/**
 * Opens a store in a bucket. Region, credentials and, for storage other than Amazon's, AWS_ENDPOINT_URL_S3 come from the
 * environment, as for all programs that use S3.
 * @param where `s3://bucket/prefix`
 * @throws one line when the client is not installed, or the bucket cannot be reached
 */
export async function openBucketStore(where: string): Promise<Store> {
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/i.exec(where) ?? [];
  if (bucket === undefined) throw new Error(`--store: not a bucket: expected s3://BUCKET/PREFIX`);
  const folder = rest.replace(/\/+$/, '');
  const prefix = folder === '' ? '' : `${checkName(folder)}/`;
  const sdk = await import('@aws-sdk/client-s3').catch((error: unknown) => {
    throw new Error(`store ${where}: the client for S3 is not installed; run: npm install @aws-sdk/client-s3`, {
      cause: error,
    });
  });
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL || undefined;
  const client = new sdk.S3Client({
    maxAttempts: TRIES,
    region: process.env.AWS_REGION || process.env.AWS_DEFAULT_REGION || 'us-east-1',
    // Others than Amazon do not have a host for each bucket, and do not all know its newer checksums.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  return new BucketStore(sdk, client, bucket, prefix);
}
