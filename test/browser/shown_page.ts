/** The built page in a browser, served with its headers, and another server that it must not reach. */
import { existsSync, mkdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page, Worker } from 'playwright-core';
import { type PreviewServer, preview } from 'vite';
import type { ScoreReport } from '../../src/web/engine_messages.js';
import { openBrowser } from '../../tools/open_browser.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export const DESK = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

/** Keeps what the worker sends: the page itself shows rounded numbers. */
const LISTEN = `
  const Plain = Worker;
  globalThis.Worker = class extends Plain {
    constructor(...args) {
      super(...args);
      this.addEventListener('message', ({ data }) => {
        if (data.kind === 'done' && data.result?.preview) globalThis.lastResult = structuredClone(data.result);
        if (data.kind === 'progress') (globalThis.stages ??= []).push(data.stage);
      });
    }
  };`;

/** A file to drop or pick. */
export interface TestFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

export class ShownPage {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly address: string;
  /** Addresses outside the page's own that something asked for. */
  readonly foreign: string[] = [];
  readonly #browser: Browser;
  readonly #server: PreviewServer;
  readonly #other: Server;

  private constructor(server: PreviewServer, other: Server, browser: Browser, context: BrowserContext, page: Page) {
    this.#server = server;
    this.#other = other;
    this.#browser = browser;
    this.context = context;
    this.page = page;
    this.address = server.resolvedUrls!.local[0]!;
    other.on('request', ({ url }) => this.foreign.push(url ?? ''));
  }

  static async open(): Promise<ShownPage> {
    if (!existsSync(join(ROOT, 'dist-web', 'index.html'))) throw new Error('dist-web: missing: run npm run build');
    const browser = await openBrowser(['--enable-unsafe-webgpu']);
    const server = await preview({
      configFile: join(ROOT, 'web', 'vite.config.ts'),
      root: join(ROOT, 'web'),
      logLevel: 'warn',
      preview: { port: 0, host: '127.0.0.1' },
    });
    // It allows everyone: only the page's own policy keeps anyone from it.
    const other = createServer((_, reply) => reply.setHeader('Access-Control-Allow-Origin', '*').end('reached'));
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done));
    const context = await browser.newContext({ viewport: DESK, colorScheme: 'light', locale: 'en-GB' });
    await context.addInitScript(LISTEN);
    return new ShownPage(server, other, browser, context, await context.newPage());
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#server.close();
    await new Promise((done) => this.#other.close(done));
  }

  get otherAddress(): string {
    return `http://127.0.0.1:${(this.#other.address() as AddressInfo).port}/`;
  }

  get worker(): Worker {
    return this.page.workers()[0]!;
  }

  /** What an element says. */
  says(id: string): Promise<string> {
    return this.page.locator(`#${id}`).innerText();
  }

  /** Drops files on the page, as from a file manager. */
  async drop(...files: readonly TestFile[]): Promise<void> {
    const list = files.map(({ name, mimeType, buffer }) => ({ name, mimeType, text: buffer.toString('base64') }));
    await this.page.evaluate(`{
      const data = new DataTransfer();
      for (const { name, mimeType, text } of ${JSON.stringify(list)}) {
        const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: mimeType }));
      }
      document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
    }`);
  }

  /** Waits until no picture waits or is being scored. */
  async idle(): Promise<void> {
    await this.page.locator('#stop').waitFor({ state: 'hidden', timeout: 90_000 });
  }

  /** Scores a picture. @returns what the page says, with the reason where there is one */
  async scored(file: TestFile): Promise<{ verdict: string; notes: string }> {
    await this.drop(file);
    await this.page.locator('#view-name', { hasText: file.name }).waitFor();
    await this.idle();
    return { verdict: await this.says('verdict'), notes: await this.says('notes') };
  }

  /** What the worker sent for the last picture. */
  async lastResult(): Promise<Pick<ScoreReport, 'score' | 'imageScore' | 'peak'> & { map: number[] }> {
    return this.page.evaluate('({ ...lastResult, preview: undefined, map: Array.from(lastResult.map.data) })');
  }

  /** The steps that jobs have told of since the last call. */
  async stages(): Promise<string[]> {
    const all = (await this.page.evaluate('(globalThis.stages ??= []).splice(0)')) as string[];
    return all.filter((stage, i) => stage !== all[i - 1]);
  }

  /** What axe finds seriously wrong, with the elements. */
  async faults(): Promise<string[]> {
    await this.page.evaluate(`globalThis.axe || (() => { ${axe.source}; })()`);
    const found = (await this.page.evaluate("axe.run({ resultTypes: ['violations'] })")) as axe.AxeResults;
    return found.violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
  }

  /** How far the page can be scrolled sideways, in pixels. */
  sideways(): Promise<number> {
    return this.page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  }

  /** Looks at what is shown on a desk and on a phone, light and dark; saves pictures where AACLIP_SCREENSHOTS names a folder. */
  async look(name: string): Promise<string[]> {
    const faults: string[] = [];
    const folder = process.env.AACLIP_SCREENSHOTS;
    if (folder) mkdirSync(folder, { recursive: true });
    for (const colorScheme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme });
      for (const [place, size] of [
        ['desk', DESK],
        ['phone', PHONE],
      ] as const) {
        await this.page.setViewportSize(size);
        if ((await this.sideways()) > 0) faults.push(`${place}: can be scrolled sideways`);
        if (folder) {
          const path = join(folder, `${name}-${place}-${colorScheme}.png`);
          await this.page.screenshot({ path, fullPage: true });
        }
      }
      faults.push(...(await this.faults()).map((fault) => `${colorScheme}: ${fault}`));
    }
    await this.page.emulateMedia({ colorScheme: 'light' });
    await this.page.setViewportSize(DESK);
    return faults;
  }
}
