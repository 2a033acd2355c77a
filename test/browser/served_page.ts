/** The built page as its own server sends it, and another server that it must not reach. */
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type PreviewServer, preview } from 'vite';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Keeps what the worker sends, since the page itself shows rounded numbers, and counts frames of a camera. Run before the page's own scripts. */
export const LISTEN = `{
  const Plain = Worker;
  globalThis.frames = { asked: 0, most: 0, running: new Set() };
  globalThis.Worker = class extends Plain {
    constructor(...args) {
      super(...args);
      globalThis.theWorker = this;
      this.addEventListener('message', ({ data }) => {
        if (data.kind === 'done' && data.result?.preview) globalThis.lastResult = structuredClone(data.result);
        if (data.kind === 'progress') (globalThis.stages ??= []).push(data.stage);
        else frames.running.delete(data.id);
      });
    }
    postMessage(message, handOver) {
      if (message.request?.picture?.data) {
        frames.asked++;
        frames.most = Math.max(frames.most, frames.running.add(message.id).size);
      }
      super.postMessage(message, handOver ?? []);
    }
  };
}`;

/** What the worker sent for the last picture, without its preview. */
export const LAST_RESULT = '({ ...lastResult, preview: undefined, map: Array.from(lastResult.map.data) })';

/** A file to drop or pick. */
export interface TestFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

/** Drops a file on the page, as from a file manager; to be run in the page. */
export function dropScript({ name, mimeType, buffer }: TestFile): string {
  const [bytes, file, type] = [buffer.toString('base64'), name, mimeType].map((text) => JSON.stringify(text));
  return `{
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(${bytes}), (c) => c.charCodeAt(0));
    data.items.add(new File([bytes], ${file}, { type: ${type} }));
    const dropped = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
    document.getElementById('drop').dispatchEvent(dropped);
  }`;
}

export class ServedPage {
  readonly address: string;
  /** What was asked of the other server. */
  readonly foreign: string[] = [];
  readonly #server: PreviewServer;
  readonly #other: Server;

  private constructor(server: PreviewServer, other: Server) {
    this.#server = server;
    this.#other = other;
    this.address = server.resolvedUrls!.local[0]!;
    other.on('request', ({ url }) => this.foreign.push(url ?? ''));
  }

  static async open(): Promise<ServedPage> {
    if (!existsSync(join(ROOT, 'dist-web', 'index.html'))) throw new Error('dist-web: missing: run npm run build');
    const root = join(ROOT, 'web');
    const server = await preview({
      ...{ root, configFile: join(root, 'vite.config.ts'), logLevel: 'warn' },
      preview: { port: 0, host: '127.0.0.1' },
    });
    // It allows everyone: only the page's own policy keeps anyone from it.
    const other = createServer((_, reply) => reply.setHeader('Access-Control-Allow-Origin', '*').end('reached'));
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    return new ServedPage(server, other);
  }

  get otherAddress(): string {
    return `http://127.0.0.1:${(this.#other.address() as AddressInfo).port}/`;
  }

  /** Tries to reach the other server; to be run in the page or its worker. */
  get attempt(): string {
    return `fetch(${JSON.stringify(this.otherAddress)}).then(() => 'reached', (error) => error.name)`;
  }

  async close(): Promise<void> {
    await this.#server.close();
    await new Promise((done) => this.#other.close(done));
  }
}
