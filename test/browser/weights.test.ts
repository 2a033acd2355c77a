/** Weights of some hundred megabytes in the page: from the picker, kept, and where the browser has no room for them. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packF16 } from '../../src/io/dtype.js';
import { writeSafetensors } from '../../src/io/safetensors_writer.js';
import { tensorInfo } from '../../src/io/tensor_file.js';
import { syntheticClip, VIT_L_14_336 } from '../../src/model/synthetic.js';
import { writeAtomically } from '../../src/node/atomic_write.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { ShownPage } from './shown_page.js';

/** As wide as ViT-L, but of few blocks and large patches, with a small text tower: a software device takes long to compute. */
const CONFIG = {
  ...{ ...VIT_L_14_336, embed: 64, patch: 28, image: 112, visionLayers: 4, levels: [1, 2, 3, 4] },
  ...{ textWidth: 64, textLayers: 1, textHeads: 1 },
};
const { picture } = drawSample(1);
const png = { name: 'weave.png', mimeType: 'image/png', buffer: Buffer.from(encodePng(SIZE, SIZE, picture.data)) };

let folder = '';
let weights = '';
let shown: ShownPage;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'aaclip-weights-'));
  weights = join(folder, 'made-up.safetensors');
  const clip = syntheticClip(CONFIG, 5, true);
  const tensors = clip.names.map((name) => ({
    ...tensorInfo(name, 'F16', clip.shape(name)),
    bytes: async () => new Uint8Array(packF16(await clip.readF32(name)).buffer),
  }));
  await writeAtomically(weights, writeSafetensors(tensors));
  shown = await ShownPage.open();
  await shown.page.goto(shown.served.address);
  await shown.page.locator('#stop').waitFor({ state: 'attached' });
  await shown.idle();
});
afterAll(async () => {
  await shown?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Uses the model that the fields name. @returns what the page says of it */
async function useModel(): Promise<string> {
  await shown.page.locator('#use-model').click();
  await shown.page.locator('#model-progress').waitFor({ state: 'visible' });
  await shown.page.locator('#model-progress').waitFor({ state: 'hidden', timeout: 120_000 });
  return shown.says('model-status');
}

async function scored(): Promise<number> {
  await shown.page.locator('#tab-try').click();
  await shown.page.evaluate("document.querySelector('#size').closest('details').open = true");
  await shown.page.locator('#size').selectOption('112');
  await shown.page.locator('#object').fill('tile');
  await shown.scored(png);
  return (await shown.lastResult()).score;
}

async function openOwn(): Promise<void> {
  await shown.page.locator('#tab-device').click();
  await shown.page.locator('input[value=files]').check();
}

describe('large weights', () => {
  let inNode = 0;

  it('come from the picker without a copy of them in the page, and score as in Node', async () => {
    expect(statSync(weights).size).toBeGreaterThan(100e6);
    await openOwn();
    await shown.page.locator('#weights').setInputFiles(weights);
    await shown.page.locator('#keep').check();
    expect(await useModel()).toMatch(/^Ready: .* made-up\.safetensors is kept in this browser \(\d+\.\d MiB\)\.$/);
    const score = await scored();
    const options = { weights, classes: ['tile'], imageSize: 112, gpu: await device(), cache: false };
    using detector = await loadDetector(options);
    for await (const found of detector.detect(new File([new Uint8Array(png.buffer)], png.name), 'tile')) {
      inNode = found.score;
      expect(Math.abs(score - found.score)).toBeLessThan(1e-5 * found.score);
    }
  });

  it('are there after a reload, from private storage', async () => {
    await shown.page.reload();
    await shown.page.locator('#stop').waitFor({ state: 'attached' });
    await shown.idle();
    await openOwn();
    await shown.page.locator('#kept').selectOption('made-up.safetensors');
    expect(await useModel()).toMatch(/^Ready/);
    const score = await scored();
    expect(Math.abs(score - inNode)).toBeLessThan(1e-5 * inNode);
  });

  it('are used without being kept where there is no room', async () => {
    await openOwn();
    await shown.page.locator('#forget').click();
    await shown.page.locator('#kept-field').waitFor({ state: 'hidden' });
    const session = await shown.context.newCDPSession(shown.page);
    const { origin } = new URL(shown.served.address);
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 50_000_000 });
    await shown.page.locator('#weights').setInputFiles(weights);
    await shown.page.locator('#keep').check();
    expect(await useModel()).toMatch(
      /made-up\.safetensors: not kept: the browser has no room for it: it is used for this visit/,
    );
    const score = await scored();
    expect(Math.abs(score - inNode)).toBeLessThan(1e-5 * inNode);
    await session.send('Storage.overrideQuotaForOrigin', { origin });
  });
});
