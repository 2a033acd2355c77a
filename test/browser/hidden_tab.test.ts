/**
 * Training in a tab that is not looked at. Playwright has its pages pretend that they are in front, so the browser is started without
 * it, and a second tab takes the first one's place. A Chromium without windows hides no page, as it shows none: there the page is
 * told so by an event alone. Firefox, which CI runs too, hides the tab in any case (test/firefox).
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findBrowser, noBrowser } from '../../tools/setup/browser.js';
import { LISTEN, ServedPage } from './served_page.js';
import { expectTrained, TRAIN, type TrainedInPage } from './taught_pictures.js';

let home = '';
let child: ChildProcess;
let browser: Browser;
let served: ServedPage;
beforeAll(async () => {
  const program = await findBrowser();
  if (program === undefined) throw noBrowser();
  home = mkdtempSync(join(tmpdir(), 'aaclip-hidden-'));
  const flags = ['--headless', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${home}`];
  const root = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  child = spawn(program, [...flags, ...root, '--enable-unsafe-webgpu', 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const address = await new Promise<string>((done, fail) => {
    let said = '';
    child.stderr!.on('data', (text: Buffer) => {
      said += text;
      const found = /DevTools listening on (ws:\S+)/.exec(said)?.[1];
      if (found) done(found);
    });
    child.once('exit', (code) => fail(new Error(`chromium: exit ${code}: ${said.slice(-500)}`)));
  });
  browser = await chromium.connectOverCDP(address, { noDefaults: true });
  served = await ServedPage.open();
});
afterAll(async () => {
  const over = new Promise((done) => child.once('exit', done));
  const session = await browser.newBrowserCDPSession();
  await session.send('Browser.close').catch(() => child.kill());
  await over;
  await served?.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

const hidden = (page: Page): Promise<boolean> => page.evaluate('document.hidden');

it('takes the steps of Node, and Node scores as the page does with the new adapters', async () => {
  const [context] = browser.contexts() as [ReturnType<Browser['contexts']>[0]];
  const page = context.pages()[0]!;
  await page.addInitScript(LISTEN);
  await page.goto(served.address);
  // The first sample is not worth its time here.
  await page.locator('#stop').click();
  const inFront = await context.newPage();
  await inFront.bringToFront();
  const hides = !/headless[-_]shell/.test(child.spawnfile);
  await expect.poll(() => hidden(page), { timeout: 5000 }).toBe(hides);
  if (!hides) {
    await page.evaluate(`{
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }`);
  }
  await expectTrained((await page.evaluate(TRAIN)) as TrainedInPage);
  expect(await hidden(page)).toBe(true);
}, 200_000);
