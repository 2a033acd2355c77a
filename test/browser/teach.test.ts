/** The panel Teach in a browser: pictures are given, labelled and marked by keys. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import type { TestFile } from './served_page.js';
import { ShownPage } from './shown_page.js';

const SIDE = 64;

/** A picture of one grey with a lighter rectangle. */
function picture(
  name: string,
  side: number,
  ground = 90,
  spot?: { x: number; y: number; w: number; h: number },
): TestFile {
  const data = new Uint8Array(side * side * 3).fill(ground);
  if (spot) {
    for (let y = spot.y; y < spot.y + spot.h; y++) {
      data.fill(255, 3 * (y * side + spot.x), 3 * (y * side + spot.x + spot.w));
    }
  }
  return { name, mimeType: 'image/png', buffer: Buffer.from(encodePng(side, side, data)) };
}

let shown: ShownPage;
beforeAll(async () => {
  shown = await ShownPage.open();
  await shown.page.goto(shown.served.address);
  await shown.page.locator('#tab-try').focus();
  await press('ArrowRight', 'ArrowRight');
}, 60_000);
afterAll(() => shown?.close());

async function press(...keys: string[]): Promise<void> {
  for (const key of keys) await shown.page.keyboard.press(key);
}
const give = (id: string, files: TestFile[]): Promise<void> => shown.page.locator(`#${id}`).setInputFiles(files);
const count = (words: string): Promise<void> => shown.page.locator('#teach-count', { hasText: words }).waitFor();
const needs = (): Promise<string> => shown.says('teach-missing');
const marked = async (): Promise<number> => Number.parseFloat(await shown.says('mask-words'));
const focused = (): Promise<string> => shown.page.evaluate('document.activeElement.id');

describe('the panel Teach', () => {
  it('takes pictures, and lets the keyboard label, mark, undo and draw a rectangle', async () => {
    expect(await shown.page.locator('#panel-teach').isVisible()).toBe(true);
    expect(await shown.says('teach-count')).toBe('No pictures yet.');
    expect(await needs()).toBe('Add at least one good picture.');
    await shown.page.locator('#teach-object').fill('');
    await give('teach-pick', [picture('a.png', SIDE)]);
    await count('1 good, 0 faulty');
    expect(await needs()).toBe('Add at least one faulty picture.');
    await shown.page.locator('#teach-object').focus();
    await shown.page.keyboard.type('tile');
    await press('Tab');
    await shown.page.locator('#teach-list', { hasText: 'tile' }).waitFor();
    await shown.drop(picture('b.png', SIDE, 90, { x: 10, y: 10, w: 16, h: 8 }));
    await count('2 good, 0 faulty; 0 of the faulty ones are marked.');
    expect(await shown.page.locator('#mask-none').isVisible()).toBe(true);

    await shown.page.getByRole('group', { name: 'b.png' }).getByLabel('Good').focus();
    await press('ArrowRight');
    await count('1 good, 1 faulty; 0 of the faulty ones are marked.');
    expect(await needs()).toBe('Mark the fault in b.png.');
    await press('Tab', 'Enter');
    expect(await focused()).toBe('mask-stack');

    await press('Space');
    const dab = await marked();
    expect(dab).toBeGreaterThan(0);
    expect(dab).toBeLessThan(1);
    await shown.page.keyboard.down('Space');
    await press('Shift+ArrowRight');
    await shown.page.keyboard.up('Space');
    const line = await marked();
    expect(line).toBeGreaterThan(2 * dab);
    await press('Control+z');
    expect(await marked()).toBe(dab);
    await press('Control+Shift+z');
    expect(await marked()).toBe(line);
    await count('1 good, 1 faulty; 1 of the faulty ones are marked.');
    expect(await needs()).toBe('');
    await press('Control+z', 'Control+z');
    expect(await marked()).toBe(0);

    await shown.page.getByRole('radio', { name: 'Rectangle' }).check();
    await shown.page.locator('#mask-stack').focus();
    await press('Enter', 'Shift+ArrowRight', 'Escape', 'Enter', 'Shift+ArrowRight', 'ArrowDown', 'Enter');
    // From the 42nd column, where Escape left it, to the 52nd, and two rows.
    expect(await marked()).toBe(Number(((100 * 11 * 2) / SIDE ** 2).toPrecision(2)));

    await shown.page.getByRole('radio', { name: 'Eraser' }).check();
    await shown.page.locator('#mask-stack').focus();
    const before = await marked();
    await press('Space');
    expect(await marked()).toBeLessThan(before);
    await shown.page.locator('#mask-clear').press('Enter');
    expect(await marked()).toBe(0);
  });

  it('follows a pointer, and takes what it drew back in one step', async () => {
    await shown.page.getByRole('radio', { name: 'Brush' }).check();
    const box = (await shown.page.locator('#mask-stack').boundingBox())!;
    const { mouse } = shown.page;
    await mouse.move(box.x + box.width * 0.25, box.y + box.height / 2);
    await mouse.down();
    await mouse.move(box.x + box.width * 0.75, box.y + box.height / 2, { steps: 4 });
    await mouse.up();
    // Half of the width by 6 % of it, and two half circles.
    const area = 100 * (0.5 * 0.06 + Math.PI * 0.03 ** 2);
    expect(Math.abs((await marked()) / area - 1)).toBeLessThan(0.15);
    await shown.page.locator('#mask-undo').click();
    expect(await marked()).toBe(0);
  });

  it('gives mask files to the pictures of their names, and names those without one', async () => {
    const mask = (name: string, side = SIDE): TestFile => picture(name, side, 0, { x: 0, y: 0, w: 16, h: 8 });
    await give('teach-masks', [mask('b_mask.png'), mask('c_mask.png'), mask('a.png', 32)]);
    await shown.page
      .locator('#teach-problems', { hasText: 'c_mask.png: no picture, or more than one, has this name' })
      .waitFor();
    expect(await shown.says('teach-problems')).toMatch(/a\.png: the mask has 32 × 32 pixels, its picture 64 × 64/);
    expect(await shown.page.locator('#teach-list').innerText()).toMatch(/b\.png\s+tile · 3\.1 % marked/);
    await count('1 good, 1 faulty; 1 of the faulty ones are marked.');
    await give('teach-pick', [picture('c.png', SIDE), { ...picture('d.png', SIDE), buffer: Buffer.from('hello') }]);
    await count('1 good, 2 faulty; 2 of the faulty ones are marked.');
    expect(await shown.says('teach-problems')).toBe(
      'd.png: not a readable picture: choose a PNG, JPEG, WebP or BMP file.',
    );
    await shown.page.getByRole('button', { name: 'Remove: c.png' }).press('Enter');
    await count('1 good, 1 faulty; 1 of the faulty ones are marked.');
    expect(await shown.page.evaluate('document.activeElement.ariaLabel')).toBe('Remove: b.png');
  });

  it('labels a folder by its parts, and finds the masks in it', async () => {
    const root = mkdtempSync(join(tmpdir(), 'aaclip-taught-'));
    const spot = { x: 0, y: 0, w: 32, h: 32 };
    for (const [path, file] of [
      ['good/0.png', picture('0.png', SIDE)],
      ['crack/0.png', picture('0.png', SIDE)],
      ['dent/0.png', picture('0.png', SIDE)],
      ['ground_truth/crack/0_mask.png', picture('0_mask.png', SIDE, 0, spot)],
    ] as const) {
      mkdirSync(join(root, dirname(path)), { recursive: true });
      writeFileSync(join(root, path), file.buffer);
    }
    await shown.page.locator('#teach-folder').setInputFiles(root);
    await count('2 good, 3 faulty; 2 of the faulty ones are marked.');
    rmSync(root, { recursive: true });
    expect(await shown.page.locator('#teach-list li', { hasText: 'crack/0.png' }).innerText()).toContain('25 % marked');
    expect(await shown.says('teach-problems')).toBe('');
    for (const name of ['crack', 'dent', 'good']) {
      await shown.page.getByRole('button', { name: new RegExp(`^Remove: .*${name}/0.png$`) }).press('Enter');
    }
    await count('1 good, 1 faulty; 1 of the faulty ones are marked.');
  });

  it('takes the samples, and is fit to show in both languages', async () => {
    await shown.page.locator('#teach-samples').press('Enter');
    await count('3 good, 3 faulty; 1 of the faulty ones are marked.');
    await shown.page.getByRole('button', { name: 'Mark the fault: tile-faulty.jpg' }).press('Enter');
    await shown.page.keyboard.down('Space');
    await press('Shift+ArrowRight', 'Shift+ArrowDown', 'Shift+ArrowDown');
    await shown.page.keyboard.up('Space');
    await count('3 good, 3 faulty; 2 of the faulty ones are marked.');
    expect(await shown.look('teach')).toEqual([]);
    await shown.page.locator('#language').selectOption('zh');
    const words = await shown.page.locator('#panel-teach :is([data-text], #mask-words):visible').allInnerTexts();
    const folder = process.env.AACLIP_SCREENSHOTS;
    if (folder) await shown.page.screenshot({ path: `${folder}/teach-chinese.png`, fullPage: true });
    await shown.page.locator('#language').selectOption('en');
    expect(words.filter((line) => /^[A-Za-z ,.]+$/.test(line))).toEqual([]);
  });
});
