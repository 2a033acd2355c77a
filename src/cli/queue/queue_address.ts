/** Which Redis server carries the jobs, and connecting to it. */
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Redis } from 'ioredis';
import { fileError } from '../../node/file_error.js';
import { isConnectionError, serverError } from './redis_errors.js';

/** The variable that holds the password where the URL does not: command lines are seen by all users of a machine. */
export const PASSWORD_VARIABLE = 'AACLIP_QUEUE_PASSWORD';

/** The first version with all commands that BullMQ uses. */
const OLDEST = [6, 2] as const;
const CONNECT_MS = 10_000;
const LONGEST_WAIT_MS = 2_000;

export interface QueueAddress {
  /** For messages: without user and password. */
  readonly label: string;
  readonly options: {
    readonly host: string;
    readonly port: number;
    readonly db: number;
    readonly username?: string;
    readonly password?: string;
    readonly tls?: ConnectionOptions;
  };
}

/**
 * Reads `--queue`.
 * @param url `redis://[user:password@]host[:port][/database]`; `rediss://` for TLS
 * @param caFile `--queue_ca`: certificates, as PEM, that sign the server's
 * @throws one line, which does not show the URL: it may hold a password
 */
export function queueAddress(url: string, caFile?: string): QueueAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !['redis:', 'rediss:'].includes(parsed.protocol) || parsed.hostname === '') {
    throw new Error(
      '--queue: not the URL of a Redis server; expected redis://HOST:6379, or rediss://HOST:6379 for TLS',
    );
  }
  const { protocol, hostname, username, password, pathname } = parsed;
  const host = hostname.replace(/^\[|\]$/g, '');
  const port = Number(parsed.port || 6379);
  if (!/^\/?\d*$/.test(pathname))
    throw new Error('--queue: the part after the host is no number of a database; leave it out');
  const tls = protocol === 'rediss:';
  if (caFile !== undefined && !tls)
    throw new Error('--queue_ca: needs a URL that begins with rediss://; change --queue');
  const secret = decodeURIComponent(password) || process.env[PASSWORD_VARIABLE] || undefined;
  return {
    label: `${protocol}//${hostname}:${port}`,
    options: {
      host,
      port,
      ...(username ? { username: decodeURIComponent(username) } : {}),
      ...(secret === undefined ? {} : { password: secret }),
      db: Number(pathname.slice(1) || 0),
      ...(tls ? { tls: caFile === undefined ? {} : { ca: readCa(caFile) } } : {}),
    },
  };
}

function readCa(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}

/** Connects once, and checks that the server is one that can be used. @throws one line with the remedy */
async function checkServer({ label, options }: QueueAddress, onNote: (note: string) => void): Promise<void> {
  const { Redis } = await import('ioredis');
  const redis = new Redis({
    ...options,
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    // Something that is no Redis may accept the connection and never answer.
    commandTimeout: CONNECT_MS,
    enableReadyCheck: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let first: Error | undefined;
  redis.on('error', (error) => {
    first ??= error;
  });
  try {
    await redis.connect();
    // A wrong number would be passed over when connecting.
    if (options.db > 0) await redis.select(options.db);
    const info = await redis.info();
    const version = /^redis_version:(\d+)\.(\d+)(\S*)/m.exec(info);
    if (!version) throw new Error(`queue ${label}: the server does not say its version; it is no Redis: check --queue`);
    const [major, minor] = [Number(version[1]), Number(version[2])];
    if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
      throw new Error(
        `queue ${label}: Redis ${major}.${minor}${version[3]} is too old: expected ${OLDEST.join('.')} or newer; update the server`,
      );
    }
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
    if (policy !== undefined && policy !== 'noeviction' && !/^maxmemory:0\s/m.test(info)) {
      onNote(
        `queue ${label}: the server forgets keys when its memory is full (maxmemory-policy ${policy}); set it to noeviction`,
      );
    }
  } catch (error) {
    // What the connection met tells more than "Connection is closed".
    throw serverError(label, first ?? error);
  } finally {
    redis.disconnect();
  }
}

/**
 * Connects to the server. The first connection must succeed; later, a server that has gone away is waited for.
 * @param onNote told once when the connection is lost, and when it is back
 * @param onFatal told of what waiting does not mend, such as another password
 * @throws one line with the remedy
 */
export async function connectQueue(
  address: QueueAddress,
  onNote: (note: string) => void,
  onFatal: (error: Error) => void,
): Promise<Redis> {
  await checkServer(address, onNote);
  const { Redis } = await import('ioredis');
  const { label, options } = address;
  const redis = new Redis({
    ...options,
    // BullMQ asks for it: commands wait for the server as long as it takes.
    maxRetriesPerRequest: null,
    retryStrategy: (times: number) => Math.min(LONGEST_WAIT_MS, 100 * times),
  });
  let lost = false;
  redis.on('error', (error) => {
    if (!isConnectionError(error)) onFatal(serverError(label, error));
  });
  redis.on('close', () => {
    if (lost || redis.status === 'end') return;
    lost = true;
    onNote(`queue ${label}: connection lost; waiting for the server`);
  });
  redis.on('ready', () => {
    if (lost) onNote(`queue ${label}: connected again`);
    lost = false;
  });
  return redis;
}
