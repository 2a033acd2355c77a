/** Opens a browser for the tests of pages, and for pictures of them. */
import { type Browser, chromium } from 'playwright-core';
import { findBrowser, noBrowser } from './setup/browser.js';

/** @param args further flags of Chromium @throws one line that says how to get a browser, where there is none */
export async function openBrowser(args: readonly string[] = []): Promise<Browser> {
  const executablePath = await findBrowser();
  if (executablePath === undefined) throw noBrowser();
  return chromium.launch({ executablePath, args: [...args] });
}
