/** Training in the page, in Chromium: in its panel, with a tab that is closed meanwhile, and adapters that are used and saved. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { drawSample, SIZE } from '../train/pictures.js';
import type { TestFile } from './served_page.js';
import { ShownPage } from './shown_page.js';

let shown: ShownPage;
beforeAll(async () => {
  shown = await ShownPage.open();
  await shown.page.goto(shown.served.address);
  await shown.page.locator('#stop').waitFor({ state: 'attached' });
  await shown.idle();
});
afterAll(() => shown?.close());

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

it('ends with adapters that the page uses and saves, without room for checkpoints; a wild rate ends it in one line', async () => {
  const { page } = shown;
  await page.reload();
  await prepare(1);
  await page.locator('#teach-imageRate').fill('1e38');
  await page.locator('#teach-imageEpochs').fill('3');
  await page.locator('#teach-start').click();
  await status(/lower the learning rate/);
  // No room for checkpoints: the run goes on without them. What the page says of it is in its language, the reason is marked.
  const session = await shown.context.newCDPSession(page);
  const { origin } = new URL(shown.served.address);
  await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1 });
  await page.locator('#language').selectOption('zh');
  await page.locator('#teach-imageRate').fill('0.002');
  await page.locator('#teach-start').click();
  await status(/^共 4 步，训练完成/);
  const reason = await page.locator('#teach-status [lang=en]').innerText();
  expect(reason).toMatch(/_adapter\.safetensors: not kept: the browser has no room for it/);
  expect((await shown.says('teach-status')).replace(reason, '')).not.toMatch(/[A-Za-z]/);
  await session.send('Storage.overrideQuotaForOrigin', { origin });
  await page.locator('#language').selectOption('en');
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
  const after = (await shown.lastResult()).score;
  expect(after).not.toBe(before.score);
  // The choice of the model follows, and goes from one to the other.
  await page.locator('#tab-device').click();
  const taught = page.getByLabel('The adapters trained in this tab');
  expect(await taught.isChecked()).toBe(true);
  const scoreWith = async (name: string): Promise<number> => {
    await page.locator('#use-model').click();
    await page.locator('#model-status', { hasText: /^Ready/ }).waitFor({ timeout: 60_000 });
    await page.locator('#tab-try').click();
    await shown.scored(file(name, drawn[1].picture.data));
    await page.locator('#tab-device').click();
    return (await shown.lastResult()).score;
  };
  await page.locator('input[value=packaged]').check();
  expect(await scoreWith('packaged.png')).toBe(before.score);
  await taught.check();
  expect(await scoreWith('taught.png')).toBe(after);
}, 300_000);
