/** `npm run report-picture`: the picture of a report in the README, taken in a browser from what `npm start` left. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import type { Locator, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import sharp from 'sharp';
import { ROOT } from './child.js';
import { runCommand } from './command.js';
import { openBrowser } from './open_browser.js';

const USAGE = `usage: npm run report-picture -- [--page FILE] [--out FILE]

Takes a picture of a report (default: that of the packaged adapters, which npm start leaves in out/embedded) and writes it to
FILE (default docs/report.png): the top of the page, and below it the first class with its pictures.`;

/** Width of the window, and the space around the parts that are shown, in CSS pixels. */
const [WIDTH, HEIGHT, EDGE] = [1240, 900, 12];
/** Pixels of the picture for each of them. */
const SCALE = 0.62;

/** A part of a page across its whole width. */
async function strip(page: Page, first: Locator, last: Locator): Promise<PNG> {
  const [from, to] = [await first.boundingBox(), await last.boundingBox()];
  if (!from || !to) throw new Error('the page: no such part: expected a report of a test with --visualize');
  const y = Math.max(0, from.y - EDGE);
  const clip = { x: 0, y, width: WIDTH, height: to.y + to.height + EDGE - y };
  return PNG.sync.read(await page.screenshot({ clip, fullPage: true }));
}

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      page: { type: 'string', default: join(ROOT, 'out', 'embedded', 'report.html') },
      out: { type: 'string', default: join(ROOT, 'docs', 'report.png') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  if (!existsSync(values.page)) throw new Error(`${values.page}: no such file: run npm start first, or give --page`);
  const browser = await openBrowser();
  try {
    const viewport = { width: WIDTH, height: HEIGHT };
    const page = await browser.newPage({ viewport, deviceScaleFactor: SCALE, colorScheme: 'light' });
    await page.goto(pathToFileURL(values.page).href);
    const top = await strip(page, page.locator('header'), page.locator('.charts figure').first());
    const below = await strip(page, page.locator('details').first(), page.locator('.gallery').first());
    const raw = { width: top.width, height: top.height + below.height, channels: 4 } as const;
    const both = sharp(Buffer.concat([top.data, below.data]), { raw });
    // A table of colours makes it a third as large.
    writeFileSync(values.out, await both.png({ palette: true, colours: 96, effort: 10 }).toBuffer());
  } finally {
    await browser.close();
  }
  process.stdout.write(`${values.out}\n`);
});
