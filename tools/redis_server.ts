/** A Redis server of a test's or a measurement's own, on a free port of this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findRedis } from './setup/redis.js';

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve((address as { port: number }).port));
    });
    server.on('error', reject);
  });
}

const accepts = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(port, '127.0.0.1');
    const end = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });

export class RedisServer implements AsyncDisposable {
  readonly port: number;
  /** Its data; stays over a restart. */
  readonly folder = mkdtempSync(join(tmpdir(), 'aaclip-redis-'));
  readonly #args: readonly string[];
  #child: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  /** @param args of the server, such as `--requirepass` `secret` */
  static async start(...args: string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), args);
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again. @param more arguments for this time */
  async start(...more: string[]): Promise<void> {
    const port = this.#args.includes('--tls-port') ? [] : ['--port', String(this.port)];
    const args = [...port, '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', ...this.#args, ...more];
    const child = spawn(
      findRedis(),
      args.map((arg) => (arg === 'PORT' ? String(this.port) : arg)),
      { stdio: 'ignore' },
    );
    this.#child = child;
    for (let tries = 0; !(await accepts(this.port)); tries++) {
      if (child.exitCode !== null || tries > 200)
        throw new Error(`redis: the server did not start (${args.join(' ')})`);
      await sleep(25);
    }
    // What answers may be another server that was given the same port.
    await sleep(50);
    if (child.exitCode !== null) throw new Error(`redis: the server has ended (${args.join(' ')})`);
  }

  /** Ends the server, by default as a machine that loses power. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
