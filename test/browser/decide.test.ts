/** The panel Decide in a browser: calibrations are those of Node, and files go both ways. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CalibrationReport, calibrate } from '../../src/calibrate/calibrate.js';
import { type Calibration, encodeCalibration } from '../../src/detect/calibration.js';
import { unpackF16 } from '../../src/io/dtype.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { goodPictures } from '../calibrate/good_pictures.js';
import { device } from '../devices.js';
import type { TestFile } from './served_page.js';
import { ShownPage } from './shown_page.js';

const SIZE = 112;
const ofModel = (name: string): string => fileURLToPath(new URL(`../../weights/tiny/${name}`, import.meta.url));
const good: TestFile[] = goodPictures('tile', SIZE, 1, 8).map(({ name, data }) => {
  return { name: `${name}.png`, mimeType: 'image/png', buffer: Buffer.from(encodePng(SIZE, SIZE, data as Uint8Array)) };
});
const options = { weights: 'tiny', adapters: 'tiny', classes: ['tile'], imageSize: SIZE };

/** The same tile each time, a little brighter, with a dark square of that side on it. */
function tile(name: string, brighter: number, side = 0): TestFile {
  const pixels = (goodPictures('tile', SIZE, 20, 1)[0]!.data as Uint8Array).map((v) => Math.min(255, v + brighter));
  for (let y = 20; y < 20 + side; y++) pixels.fill(0, 3 * (y * SIZE + 20), 3 * (y * SIZE + 20 + side));
  return { name, mimeType: 'image/png', buffer: Buffer.from(encodePng(SIZE, SIZE, pixels)) };
}

let shown: ShownPage;
let ours: CalibrationReport;
let saved: Buffer;
beforeAll(async () => {
  using detector = await loadDetector({ ...options, gpu: await device() });
  ours = await calibrate(
    detector,
    'tile',
    good.map(({ name, buffer }) => new File([new Uint8Array(buffer)], name)),
  );
  shown = await ShownPage.open();
  await shown.page.goto(shown.served.address);
  await shown.page.locator('#panel-try summary').click();
  await shown.page.locator('#size').selectOption(String(SIZE));
  await shown.page.locator('#tab-decide').click();
  await shown.page.locator('#decide-object').fill('tile');
}, 120_000);
afterAll(() => shown?.close());

const click = (id: string): Promise<void> => shown.page.locator(`#${id}`).click();
const status = (words: RegExp): Promise<void> =>
  shown.page.locator('#decide-status', { hasText: words }).waitFor({ timeout: 90_000 });

async function bytesOf(calibration: Calibration): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of encodeCalibration(calibration)) parts.push(new Uint8Array(part));
  return Buffer.concat(parts);
}

async function load(name: string, buffer: Buffer): Promise<void> {
  await shown.page.locator('#decide-file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
}

/** How far apart two rows of f16 are, as a share of what one step of f16 and the rounding of f32 sums allow. */
function apart(a: Uint16Array, b: Uint16Array): number {
  const [ours, theirs] = [unpackF16(a), unpackF16(b)];
  return ours.reduce(
    (most, v, i) => Math.max(most, Math.abs(v - theirs[i]!) / Math.max(1e-6, 2 ** -10 * Math.abs(v))),
    0,
  );
}

describe('the panel Decide', () => {
  it('names a picture that cannot be read, leaves it out, and can be stopped', async () => {
    const broken = { name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('hello') };
    await shown.page.locator('#decide-good').setInputFiles([...good, broken]);
    await click('decide-start');
    await status(/: notes\.png: not a readable picture/);
    await shown.page.locator('#decide-given summary').click();
    await shown.page.getByRole('button', { name: 'Leave it out: notes.png' }).click();
    expect(await shown.says('decide-count')).toBe('8 good, 0 faulty.');
    await click('decide-start');
    await click('decide-stop');
    await status(/^Stopped/);
  });

  it('finds references, scale and threshold of Node, though the device is lost on the way', async () => {
    await click('decide-start');
    await status(/looks/);
    await click('decide-stop');
    await status(/^Stopped/);
    await shown.worker.evaluate(`{
      const plain = GPUDevice.prototype.createCommandEncoder;
      GPUDevice.prototype.createCommandEncoder = function (...args) {
        globalThis.device = this;
        return plain.apply(this, args);
      };
    }`);
    await click('decide-start');
    await status(/looks/);
    await shown.stages();
    await shown.worker.evaluate('device.destroy()');
    await status(/^The threshold is in use for tile/);
    expect(await shown.stages()).toContain('again');
    const [download] = await Promise.all([shown.page.waitForEvent('download'), click('decide-save')]);
    expect(download.suggestedFilename()).toBe('calibration_tile.safetensors');
    saved = readFileSync(await download.path());
    using detector = await loadDetector({ ...options, gpu: await device() });
    const theirs = await detector.openCalibration(new Uint8Array(saved));
    const { scale, rule, references } = ours.calibration;
    for (const part of ['good', 'threshold', 'faulty'] as const) {
      expect(Math.abs(theirs.scale[part] / scale[part] - 1), part).toBeLessThan(1e-5);
    }
    expect(theirs.rule).toEqual(rule);
    expect([...theirs.references.keys()]).toEqual([...references.keys()]);
    for (const [level, { values }] of references) {
      const others = theirs.references.get(level)!.values;
      expect(others).toHaveLength(values.length);
      expect(apart(values, others)).toBeLessThanOrEqual(1);
    }
  });

  it('says how rough the threshold is, moves it, and is fit to show', async () => {
    expect(await shown.says('decide-words')).toMatch(/With 8 pictures, it is between 0\.\d+ and 3\d %/);
    expect(await shown.page.locator('#decide-use').isDisabled()).toBe(true);
    await shown.page.locator('#decide-share').fill('3');
    expect(await shown.page.locator('#decide-chart').getAttribute('aria-label')).toMatch(/above: 2 good, 0 faulty/);
    expect(await shown.look('decide')).toEqual([]);
    await shown.page.locator('#language').selectOption('zh');
    const left = await shown.page.locator('[data-text]:visible').allInnerTexts();
    if (process.env.AACLIP_SCREENSHOTS) {
      await shown.page.screenshot({ path: `${process.env.AACLIP_SCREENSHOTS}/decide-chinese.png`, fullPage: true });
    }
    await shown.page.locator('#language').selectOption('en');
    expect(left.filter((words) => /^[A-Za-z ,.]+$/.test(words))).toEqual([]);
    await click('decide-use');
    await status(/^The threshold is in use/);
    expect(await shown.page.locator('#decide-use').isDisabled()).toBe(true);
  });

  it('decides pictures by the file of Node as Node does, until it is dropped', async () => {
    await load('node.safetensors', await bytesOf(ours.calibration));
    await status(/^The threshold is in use/);
    await click('tab-try');
    await shown.scored(good[0]!);
    const own = (await shown.page.evaluate('lastResult.decision')) as { source: string; score: number };
    using detector = await loadDetector({ ...options, gpu: await device(), calibrations: [new Uint8Array(saved)] });
    for await (const { decision } of detector.detect(good[0]!.buffer, 'tile')) {
      expect(own.source).toBe('calibration');
      expect(Math.abs(own.score - decision.score)).toBeLessThan(1e-4);
    }
    await click('tab-decide');
    const other = { ...ours.calibration, model: { ...ours.calibration.model, adapters: 'f'.repeat(64) } };
    await load('other.safetensors', await bytesOf(other));
    // No word of the command line.
    await status(
      /other\.safetensors: made with other adapters: calibrate tile again with these, or leave the calibration out$/,
    );
    await load('words.safetensors', readFileSync(ofModel('text_adapter.safetensors')));
    await status(/words\.safetensors: no calibration: give a file that a calibration was saved to$/);
    await shown.page.locator('#decide-used button').click();
    await shown.page.locator('#decide-used', { hasText: 'No calibration is in use.' }).waitFor();
  });

  it('parts good pictures of a folder, and a dropped one that stands out, from faulty ones as Node does', async () => {
    const root = mkdtempSync(join(tmpdir(), 'aaclip-good-'));
    mkdirSync(join(root, 'more'));
    const inFolder = ['0.png', '1.png', 'more/2.png', 'more/10.png'].map((name, i) => tile(name, 2 * i));
    for (const { name, buffer } of inFolder) writeFileSync(join(root, name), buffer);
    writeFileSync(join(root, 'more', 'notes.txt'), 'no picture');
    const odd = tile('odd.png', 0, 40);
    const bad = [tile('bad-1.png', 4, 30), tile('bad-2.png', 4, 50)];
    await click('decide-clear');
    await shown.page.locator('#decide-folder').setInputFiles(root);
    await shown.page.locator('#decide-count', { hasText: /^4 good, 0 faulty\.$/ }).waitFor();
    await shown.drop(odd);
    await shown.page.locator('#decide-bad').setInputFiles(bad);
    await shown.page.locator('#decide-count', { hasText: /^5 good, 2 faulty\.$/ }).waitFor();
    await click('decide-start');
    await status(/^The threshold is in use for tile/);
    rmSync(root, { recursive: true });

    using detector = await loadDetector({ ...options, gpu: await device() });
    const files = (list: readonly Pick<TestFile, 'name' | 'buffer'>[]): File[] =>
      list.map(({ name, buffer }) => new File([new Uint8Array(buffer)], name));
    const inNode = await calibrate(detector, 'tile', files([...inFolder, odd]), { bad: files(bad) });
    const { rule, scale } = inNode.calibration;
    if (rule.kind !== 'f1_max') throw new Error(`expected a rule by F1, got ${rule.kind}`);
    expect(await shown.says('decide-words')).toBe(
      `The threshold parts these pictures best: ${rule.falseAlarms} good called faulty, ${rule.missed} faulty called good.`,
    );
    const [download] = await Promise.all([shown.page.waitForEvent('download'), click('decide-save')]);
    const theirs = await detector.openCalibration(new Uint8Array(readFileSync(await download.path())));
    expect(theirs.rule).toEqual(rule);
    for (const part of ['good', 'threshold', 'faulty'] as const) {
      expect(Math.abs(theirs.scale[part] / scale[part] - 1), part).toBeLessThan(1e-4);
    }

    expect(inNode.standsOut?.name).toBe('odd.png');
    expect(await shown.says('decide-odd')).toMatch(/^odd\.png stands out among the good pictures/);
    const image = shown.page.locator('#decide-odd img');
    expect(await image.getAttribute('alt')).toBe('odd.png');
    const width = (): Promise<number> => shown.page.evaluate("document.querySelector('#decide-odd img').naturalWidth");
    await expect.poll(width).toBe(SIZE);
    await shown.page.locator('#decide-odd button').click();
    await shown.page.locator('#decide-count', { hasText: /^4 good, 2 faulty\.$/ }).waitFor();
    expect(await shown.page.locator('#decide-odd').isVisible()).toBe(false);
  });

  it('says in Chinese that a calibration does not hold for another model, with the reason marked as English', async () => {
    const { page } = shown;
    await page.locator('#language').selectOption('zh');
    await click('tab-device');
    await page.locator('input[value=files]').check();
    await page.locator('#weights').setInputFiles(ofModel('clip.safetensors'));
    await click('use-model');
    await page.locator('#model-progress').waitFor({ state: 'hidden' });
    await page.locator('#use-model:enabled').waitFor({ timeout: 60_000 });
    await click('tab-try');
    const note = page.locator('#calibration-note');
    await note.locator('[lang=en]').waitFor();
    const reason = await note.locator('[lang=en]').innerText();
    expect(reason).toMatch(
      /^calibration of tile: made with .*: calibrate tile again with these, or leave the calibration out$/,
    );
    expect((await note.innerText()).replace(reason, '')).toMatch(/^tile 的[\p{Script=Han}]+：\s*$/u);
    await click('tab-decide');
    expect(await page.locator('#decide-status [lang=en]').innerText()).toBe(reason);
    await page.locator('#language').selectOption('en');
    expect(await shown.says('decide-used')).toBe('No calibration is in use.');
  });
});
