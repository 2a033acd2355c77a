/** Downloads that go on where they broke off, and are checked before they count. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Response } from 'undici';
import { fileError } from './file_error.js';

/** SHA-256 of a file, or Git's name of it: SHA-1 of "blob ", its size, a zero byte and its content. */
export interface Digest {
  readonly kind: 'SHA-256' | 'Git blob';
  readonly value: string;
}

export interface DownloadOptions {
  /** Tried one after the other. */
  readonly urls: readonly string[];
  /** The file to make. While it is not whole, it is called `FILE.part`. */
  readonly file: string;
  /** What the whole file must be; without it only the length that the server announces is checked, and nothing is resumed. */
  readonly digest?: Digest | undefined;
  /** Attempts for each address; each goes on where the last one ended. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; twice as long before each further one. */
  readonly wait?: number;
  readonly onProgress?: (done: number, total: number | undefined, note: string) => void;
}

/** An answer that another attempt would not change. */
class Refused extends Error {}

/** Fetches by undici, which reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY; Node's own fetch does not. */
async function request(url: string, headers: Record<string, string>): Promise<Response> {
  const { EnvHttpProxyAgent, fetch } = await import('undici');
  return fetch(url, { headers, dispatcher: new EnvHttpProxyAgent(), redirect: 'follow' });
}

/**
 * Downloads a file. A download that broke off goes on where it ended, also in a later run of the program.
 * @throws one line that names the last address and what was wrong with it; what is right so far is kept
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { urls, file, attempts = 5, wait = 1000 } = options;
  await mkdir(dirname(file), { recursive: true }).catch((error: unknown) => {
    throw fileError(dirname(file), 'write', error);
  });
  let last = new Error(`${file}: no address to fetch it from`);
  for (const url of urls) {
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await pause(wait * 2 ** (attempt - 1));
      try {
        await fetchRest(url, options);
        await rename(`${file}.part`, file).catch((error: unknown) => {
          throw fileError(file, 'write', error);
        });
        return;
      } catch (error) {
        if (error instanceof DiskFault) throw error.reason;
        last = error instanceof Error ? error : new Error(String(error));
        if (last instanceof Refused) break;
        options.onProgress?.(0, undefined, `broke off: ${reasonOf(last)}`);
      }
    }
  }
  throw new Error(`${lineOf(last)}; run the command again to go on, or name another address with --url`);
}

/** Trouble with the disk, which no other address would mend. */
class DiskFault extends Error {
  readonly reason: Error;

  constructor(path: string, error: unknown) {
    super('disk');
    this.reason = fileError(path, 'write', error);
  }
}

const lineOf = (error: Error): string => error.message.split('\n')[0] ?? '';

/** undici says "fetch failed", and the reason is in the cause. */
function reasonOf(error: Error): string {
  const { cause } = error;
  return cause instanceof Error && cause.message ? lineOf(cause) : lineOf(error);
}

/** Bytes of the part that is there. */
async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** The hash of a file so far; Git's begins with the size of the whole. */
async function hashOf(path: string, kind: Digest['kind']): Promise<Hash> {
  const hash = kind === 'SHA-256' ? createHash('sha256') : createHash('sha1').update(`blob ${await sizeOf(path)}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash;
}

/** Opens the answer to a request for the bytes from `from` on. */
async function openAnswer(url: string, from: number): Promise<{ answer: Response; from: number }> {
  let answer: Response;
  try {
    answer = await request(url, from > 0 ? { range: `bytes=${from}-` } : {});
  } catch (error) {
    throw new Error(`${url}: cannot be reached: ${reasonOf(error as Error)}`);
  }
  const { status, headers } = answer;
  const html = /text\/html/i.test(headers.get('content-type') ?? '');
  if (status === 206 && /^bytes (\d+)-/.exec(headers.get('content-range') ?? '')?.[1] === String(from)) {
    return { answer, from };
  }
  if (status === 200 && !html) return { answer, from: 0 };
  await answer.body?.cancel();
  if (status === 416) return { answer, from };
  if (status === 200) throw new Refused(`${url}: sent a web page instead of the file`);
  const error = `${url}: the server answered ${status}${status === 206 ? ' with another part than was asked for' : ''}`;
  // Too many requests, and faults of the server, pass.
  throw status === 429 || status >= 500 ? new Error(error) : new Refused(error);
}

/** Fetches what the part lacks, and checks the whole. */
async function fetchRest(url: string, { file, digest, onProgress }: DownloadOptions): Promise<void> {
  const part = `${file}.part`;
  const there = digest === undefined ? 0 : await sizeOf(part);
  const { answer, from } = await openAnswer(url, there);
  // SHA-256 is taken on the way, since files may be large.
  const hash = from > 0 ? await hashOf(part, 'SHA-256') : createHash('sha256');
  if (answer.status !== 416) {
    const length = Number(answer.headers.get('content-length') ?? Number.NaN);
    const total = Number.isFinite(length) ? from + length : undefined;
    let done = from;
    const handle = await open(part, from > 0 ? 'r+' : 'w').catch((error: unknown) => {
      throw new DiskFault(part, error);
    });
    try {
      for await (const chunk of bodyOf(url, answer)) {
        await write(part, handle, chunk, done);
        hash.update(chunk);
        done += chunk.byteLength;
        onProgress?.(done, total, '');
      }
    } finally {
      await handle.close();
    }
  }
  if (digest === undefined) return;
  const { kind, value } = digest;
  const got = (kind === 'SHA-256' ? hash : await hashOf(part, kind)).digest('hex');
  if (got === value) return;
  await rm(part, { force: true });
  throw new Refused(`${url}: sent another file: expected ${kind} ${value}, got ${got}`);
}

async function* bodyOf(url: string, answer: Response): AsyncIterable<Uint8Array> {
  if (!answer.body) throw new Error(`${url}: the answer is empty`);
  try {
    for await (const chunk of answer.body) yield chunk as Uint8Array;
  } catch (error) {
    throw new Error(`${url}: broke off: ${reasonOf(error as Error)}`);
  }
}

async function write(part: string, handle: FileHandle, chunk: Uint8Array, at: number): Promise<void> {
  try {
    for (let from = 0; from < chunk.byteLength; ) {
      from += (await handle.write(chunk, from, chunk.byteLength - from, at + from)).bytesWritten;
    }
  } catch (error) {
    throw new DiskFault(part, error);
  }
}
