/**
 * Reports in a browser: on a desk and on a phone, light and dark, without network and without script. With
 * AACLIP_SCREENSHOTS=FOLDER every one of them is also saved there as a PNG.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePage } from '../../src/cli/report/write_page.js';
import { openBrowser } from '../../tools/open_browser.js';
import { behind, drawPictures, MadeResults, tested } from '../cli/made_results.js';

const made = new MadeResults();
/** Opened by the first test: without a browser each of them fails, and none is left out. */
let browser: Promise<Browser> | undefined;
/** The page of each kind of run. */
const files = new Map<string, string>();

beforeAll(async () => {
  const training = made.training('training');
  const sheet = made.at('test', 'visualization', 'nut', 'sheet.png');
  const long = 'a class with a very long name of many words, or_even_one_without_any_space_to_break_it_at';
  const classes = [tested('nut', { behind: behind({ sheet }) }), tested(long, { notes: ['a note on its figures'] })];
  const test = made.test('test', classes, [1, 2], { savePath: training });
  drawPictures(made.at('test', 'visualization', 'nut'));
  const sets = (['Industrial', 'Medical'] as const).map((domain, i) => ({
    ...{ name: `Parts ${i}`, domain },
    epochs: [classes, [tested('nut')]],
  }));
  const all = await made.tree('all', sets);
  const other = made.test('other', [tested('nut', { pixelAuc: 95 })], [1], { weights: 'other' });
  const pages = { training: [training], test: [test], 'test-all': [all], compared: [test, other] };
  for (const [kind, folders] of Object.entries(pages)) {
    const file = made.at(`${kind}.html`);
    await writePage(folders, file);
    files.set(kind, file);
  }
});
afterAll(async () => {
  await (await browser?.catch(() => undefined))?.close();
  made.remove();
});

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** Opens the page of a run; all that it asks for beyond its own file is refused, and noted like any complaint. */
async function opened(kind: string, options: BrowserContextOptions): Promise<{ page: Page; asked: string[] }> {
  browser ??= openBrowser();
  const context = await (await browser).newContext(options);
  const page = await context.newPage();
  const asked: string[] = [];
  const address = pathToFileURL(files.get(kind)!).href;
  page.on('request', (request) => {
    if (request.url() !== address && !request.url().startsWith('data:')) asked.push(request.url());
  });
  page.on('console', (message) => asked.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => asked.push(String(error)));
  await context.route(/^(?!file:|data:)/, (route) => route.abort());
  await page.goto(address);
  return { page, asked };
}

/** What axe finds seriously wrong, with the elements. */
async function faultsOf(page: Page): Promise<string[]> {
  const found = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as axe.AxeResults;
  return found.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 120)}`));
}

/** How far the page can be scrolled sideways, in pixels. */
const sideways = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

const save = async (page: Page, name: string): Promise<void> => {
  const folder = process.env.AACLIP_SCREENSHOTS;
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
};

describe('in a browser, on a desk and on a phone, light and dark', () => {
  it.each(['training', 'test', 'test-all', 'compared'])('the page of %s', async (kind) => {
    const { page, asked } = await opened(kind, { viewport: DESK, colorScheme: 'light' });
    await save(page, `${kind}-desk-light`);
    // What is closed at first is looked at, too.
    await page.evaluate("for (const part of document.querySelectorAll('details')) part.open = true");
    expect(await sideways(page)).toBe(0);
    await page.setViewportSize(PHONE);
    expect(await sideways(page)).toBe(0);
    await save(page, `${kind}-phone-light`);
    await page.emulateMedia({ colorScheme: 'dark' });
    await save(page, `${kind}-phone-dark`);
    await page.setViewportSize(DESK);
    await save(page, `${kind}-desk-dark`);
    // A chart is one image with a name; axe would go through thousands of parts that no reader comes to.
    await page.evaluate("for (const chart of document.querySelectorAll('figure svg')) chart.replaceChildren()");
    // The page's own policy allows no other script: this one is run from outside.
    await page.evaluate(`${axe.source};`);
    expect(await faultsOf(page), 'dark').toEqual([]);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.setViewportSize(PHONE);
    expect(await faultsOf(page), 'light').toEqual([]);
    expect(asked).toEqual([]);
    await page.context().close();
  });
});

describe('a page', () => {
  it('has everything without script, and sorts its tables with it', async () => {
    const rows = (page: Page) => page.locator('#set1 table.sortable tbody th').allTextContents();
    const { page: bare } = await opened('test', { javaScriptEnabled: false });
    const { page } = await opened('test', {});
    const before = await rows(bare);
    expect(before).toHaveLength(2);
    expect(await bare.locator('main').innerText()).toBe(await page.locator('main').innerText());
    expect(await bare.locator('figure svg').count()).toBeGreaterThan(6);
    await bare.locator('summary').first().click();
    const sorter = page.locator('#set1 table.sortable thead button').first();
    await sorter.click();
    await sorter.click();
    expect(await rows(page)).toEqual([...before].sort((a, b) => a.localeCompare(b)));
    expect(await page.locator('#set1 th[aria-sort]').getAttribute('aria-sort')).toBe('ascending');
    await bare.context().close();
    await page.context().close();
  });

  it('is printed whole, in the colours of paper', async () => {
    const { page } = await opened('test-all', { colorScheme: 'dark' });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    // As wide as A4 between its margins.
    await page.setViewportSize({ width: 700, height: 1000 });
    expect(await sideways(page)).toBe(0);
    const shown = await page
      .locator('details .charts')
      .evaluateAll((parts) => parts.map((p) => (p as unknown as { checkVisibility(): boolean }).checkVisibility()));
    expect(shown.length).toBeGreaterThan(3);
    expect(new Set(shown)).toEqual(new Set([true]));
    const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(paper).toBe('rgb(255, 255, 255)');
    await page.context().close();
  });
});
