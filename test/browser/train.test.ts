/** Training in the page, in Chromium: Node's numbers, and a tab that is closed meanwhile. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { drawSample, SIZE } from '../train/pictures.js';
import type { TestFile } from './served_page.js';
import { ShownPage } from './shown_page.js';
import { expectTrained, TRAIN, type TrainedInPage } from './taught_pictures.js';

let shown: ShownPage;
beforeAll(async () => {
  shown = await ShownPage.open();
  await shown.page.goto(shown.served.address);
  await shown.page.locator('#stop').waitFor({ state: 'attached' });
  await shown.idle();
});
afterAll(() => shown?.close());

it('takes the steps of Node, and Node scores as the page does with the new adapters', async () => {
  // A tab that is not looked at goes on.
  await shown.page.evaluate(`{
    Object.defineProperty(document, 'hidden', { value: true, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }`);
  await expectTrained((await shown.page.evaluate(TRAIN)) as TrainedInPage);
}, 200_000);

const file = (name: string, pixels: Uint8Array): TestFile => {
  return { name, mimeType: 'image/png', buffer: Buffer.from(encodePng(SIZE, SIZE, pixels)) };
};
const drawn = [drawSample(0), drawSample(1)] as const;

/** Opens the panel, gives it a good and a faulty picture with its mask, and sets a small run. */
async function prepare(epochs: number): Promise<void> {
  const { page } = shown;
  await page.locator('#tab-teach').click();
  await page.locator('#teach-object').fill('tile');
  const pictures = [file('good/a.png', drawn[0].picture.data), file('bad.png', drawn[1].picture.data)];
  await page
    .locator('#teach-pick')
    .setInputFiles(pictures.map((one) => ({ ...one, name: one.name.replace('/', '_') })));
  await page.getByRole('group', { name: 'bad.png' }).getByLabel('Faulty').check();
  await page.locator('#teach-masks').setInputFiles([
    file(
      'bad_mask.png',
      drawn[1].mask.map((v) => 255 * v),
    ),
  ]);
  await page.locator('#teach-missing', { hasText: /^$/ }).waitFor({ state: 'attached' });
  await page.evaluate("document.querySelector('#teach-settings').open = true");
  for (const [name, value] of Object.entries({ imageSize: 56, textEpochs: 1, imageEpochs: epochs, saveEvery: 1 })) {
    await page.locator(`#teach-${name}`).fill(String(value));
  }
}
const status = (words: RegExp): Promise<void> =>
  shown.page.locator('#teach-status', { hasText: words }).waitFor({ timeout: 120_000 });

it('is started, held and stopped in the panel, and the next visit continues it', async () => {
  const { page } = shown;
  await prepare(400);
  await page.locator('#teach-start').click();
  await page.locator('#teach-course', { hasText: /^Step [3-9]/ }).waitFor({ timeout: 120_000 });
  await page.locator('#teach-chart canvas').waitFor();
  await page.locator('#teach-pause').click();
  await status(/^Paused/);
  expect(await shown.look('teach')).toEqual([]);
  await page.locator('#teach-pause').click();
  // The device is lost, and the run goes on.
  await shown.worker.evaluate(`{
    const { prototype } = GPUDevice;
    const plain = prototype.createCommandEncoder;
    prototype.createCommandEncoder = function (...args) {
      prototype.createCommandEncoder = plain;
      this.destroy();
      return plain.apply(this, args);
    };
  }`);
  await status(/^The device was lost/);
  await page.locator('#teach-course', { hasText: /^Step \d\d/ }).waitFor({ timeout: 120_000 });
  await page.locator('#teach-stop').click();
  await status(/^Stopped/);
  await page.reload();
  await prepare(400);
  await page.locator('#teach-kept', { hasText: 'A run of' }).waitFor();
  await page.locator('#teach-resume').click();
  await page.locator('#teach-course', { hasText: /^Step \d\d/ }).waitFor({ timeout: 120_000 });
  await page.locator('#teach-stop').click();
  await status(/^Stopped/);
}, 300_000);

it('ends with adapters that the page uses and saves; a wild rate ends it in one line', async () => {
  const { page } = shown;
  await page.reload();
  await prepare(1);
  await page.locator('#teach-imageRate').fill('1e38');
  await page.locator('#teach-imageEpochs').fill('3');
  await page.locator('#teach-start').click();
  await status(/lower the learning rate/);
  await page.locator('#teach-imageRate').fill('0.002');
  await page.locator('#teach-start').click();
  await status(/^Done after 4 steps/);
  const [saved] = await Promise.all([page.waitForEvent('download'), page.locator('#teach-save-text').click()]);
  expect(saved.suggestedFilename()).toBe('text_adapter.safetensors');
  await page.locator('#tab-try').click();
  await page.evaluate("document.querySelector('#size').closest('details').open = true");
  await page.locator('#size').selectOption('112');
  await page.locator('#object').fill('tile');
  await shown.scored(file('before.png', drawn[1].picture.data));
  const before = await shown.lastResult();
  await page.locator('#tab-teach').click();
  await page.locator('#teach-use').click();
  await status(/now scores with these/);
  await page.locator('#tab-try').click();
  await shown.scored(file('after.png', drawn[1].picture.data));
  expect((await shown.lastResult()).score).not.toBe(before.score);
}, 300_000);
