/** The built page in a Chromium. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, BrowserContext, Page, Worker } from 'playwright-core';
import type { ScoreReport } from '../../src/web/engine_messages.js';
import { openBrowser } from '../../tools/open_browser.js';
import { dropScript, LAST_RESULT, LISTEN, ServedPage, type TestFile } from './served_page.js';

export const DESK = { width: 1280, height: 900 };
export const PHONE = { width: 390, height: 844 };

export class ShownPage {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly served: ServedPage;
  readonly #browser: Browser;

  private constructor(served: ServedPage, browser: Browser, context: BrowserContext, page: Page) {
    this.served = served;
    this.#browser = browser;
    this.context = context;
    this.page = page;
  }

  static async open(): Promise<ShownPage> {
    // A made-up camera, which shows a moving pattern.
    const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
    const browser = await openBrowser(['--enable-unsafe-webgpu', ...camera]);
    const permissions = ['camera'];
    const context = await browser.newContext({ viewport: DESK, colorScheme: 'light', locale: 'en-GB', permissions });
    await context.addInitScript(LISTEN);
    return new ShownPage(await ServedPage.open(), browser, context, await context.newPage());
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.served.close();
  }

  get worker(): Worker {
    return this.page.workers()[0]!;
  }

  /** Seconds that the browser's pages, workers and device have taken of the processor so far. */
  async processorTime(): Promise<number> {
    const session = await this.#browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    await session.detach();
    return processInfo.filter(({ type }) => /^(renderer|GPU)$/.test(type)).reduce((sum, p) => sum + p.cpuTime, 0);
  }

  /** Names of the files that the worker has fetched, without the hashes of their contents. */
  fetchedByWorker(): Promise<string[]> {
    const entries = "performance.getEntriesByType('resource')";
    return this.worker.evaluate(`${entries}.map(({ name }) => name.replace(/^.*\\/|-[\\w-]{8}\\.\\w+$/g, ''))`);
  }

  /** What an element says. */
  says(id: string): Promise<string> {
    return this.page.locator(`#${id}`).innerText();
  }

  /** Drops a file on the page, as from a file manager. */
  async drop(file: TestFile): Promise<void> {
    await this.page.evaluate(dropScript(file));
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
    return this.page.evaluate(LAST_RESULT);
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
