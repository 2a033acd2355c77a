/** The page in Firefox: another WebGPU, another shader compiler, and Node's score and map. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { dropScript, LAST_RESULT, LISTEN, ServedPage } from '../browser/served_page.js';
import { CALIBRATE, expectCalibrated, expectTrained, TRAIN, type TrainedInPage } from '../browser/taught_pictures.js';
import { goodPictures } from '../calibrate/good_pictures.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { Firefox } from './firefox.js';

/** In the worker, before its own code: Firefox runs no script of a test there. Tries an address, or loses the device once. */
const IN_WORKER = `addEventListener('message', (event) => {
  const { attempt, lose } = event.data;
  if (attempt === undefined && !lose) return;
  event.stopImmediatePropagation();
  if (attempt !== undefined) {
    fetch(attempt).then(() => 'reached', (error) => error.name).then((came) => postMessage({ kind: 'test', came }));
    return;
  }
  const { prototype } = GPUDevice;
  const plain = prototype.createCommandEncoder;
  prototype.createCommandEncoder = function (...args) {
    prototype.createCommandEncoder = plain;
    this.destroy();
    return plain.apply(this, args);
  };
});
`;

const PREPARE = `{
  ${LISTEN}
  const address = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    const isWorker = blob.type === 'text/javascript';
    return address.call(URL, isWorker ? new Blob([${JSON.stringify(IN_WORKER)}, blob], { type: blob.type }) : blob);
  };
}`;

let served: ServedPage;
let firefox: Firefox;
beforeAll(async () => {
  served = await ServedPage.open();
  firefox = await Firefox.open(PREPARE);
});
afterAll(async () => {
  await firefox?.close();
  await served?.close();
});

const says = async (id: string): Promise<string> =>
  String(await firefox.evaluate(`document.getElementById('${id}').innerText`));
/** Waits until an expression is true in the page. */
async function until(expression: string): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (await firefox.evaluate(`Boolean(${expression})`)) return;
    await new Promise((next) => setTimeout(next, 200));
  }
  throw new Error(`never true: ${expression}: the page says "${await says('verdict')}", "${await says('notes')}"`);
}

const { picture } = drawSample(1);
const png = Buffer.from(encodePng(SIZE, SIZE, picture.data));

/** Drops the picture under a name, and waits for its score. */
async function score(name: string): Promise<{ score: number; map: number[] }> {
  await firefox.run(dropScript({ name, mimeType: 'image/png', buffer: png }));
  await until(`document.getElementById('view-name').innerText === '${name}'`);
  await until("document.getElementById('stop').hidden");
  expect(await says('verdict')).toMatch(/^Looks /);
  return (await firefox.evaluate(LAST_RESULT)) as { score: number; map: number[] };
}

it('gives the score and the map of Node', async () => {
  await firefox.goto(served.address);
  await until("document.querySelector('#steps li')");
  // The first sample is not worth its time here.
  await firefox.run("document.getElementById('stop').click()");
  await until("document.getElementById('stop').hidden");
  await firefox.run("document.getElementById('size').value = '112'");
  const ours = await score('first.png');
  const options = { weights: 'tiny', adapters: 'tiny', classes: ['tile'], imageSize: 112 };
  using detector = await loadDetector({ ...options, gpu: await device() });
  for await (const found of detector.detect(png, 'tile')) {
    expect(Math.abs(ours.score / found.score - 1)).toBeLessThan(1e-5);
    const { data } = found.decision.map();
    expect(Math.max(...ours.map.map((v, i) => Math.abs(v - data[i]!)))).toBeLessThan(1e-5);
    expect(ours.map).toHaveLength(data.length);
  }
  // Every kernel is compiled for the first time.
}, 300_000);

it('reaches no other address, from the page or its worker', async () => {
  expect(await firefox.evaluate(served.attempt)).toBe('TypeError');
  const fromWorker = await firefox.evaluate(`new Promise((done) => {
    theWorker.addEventListener('message', ({ data }) => data.kind === 'test' && done(data.came));
    theWorker.postMessage({ attempt: '${served.otherAddress}' });
  })`);
  expect(fromWorker).toBe('TypeError');
  expect(served.foreign).toEqual([]);
});

it('opens a lost device again', async () => {
  const before = (await firefox.evaluate(LAST_RESULT)) as { score: number };
  await firefox.run('theWorker.postMessage({ lose: true })');
  await firefox.run('stages.length = 0');
  expect((await score('second.png')).score).toBe(before.score);
  expect(await firefox.evaluate('stages')).toContain('again');
});

it('trains as Node does behind another tab, and Node scores as it does with the new adapters', async () => {
  const trained = await firefox.behindAnotherTab(async () => {
    expect(await firefox.evaluate('document.hidden')).toBe(true);
    const found = await firefox.evaluate(TRAIN);
    expect(await firefox.evaluate('document.hidden')).toBe(true);
    return found as TrainedInPage;
  });
  expect(await firefox.evaluate('document.hidden')).toBe(false);
  await expectTrained(trained);
}, 300_000);

it('calibrates as Node does', async () => {
  await expectCalibrated((await firefox.evaluate(CALIBRATE)) as Parameters<typeof expectCalibrated>[0]);
}, 300_000);

describe('the panels, worked by a user', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'aaclip-panels-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const saved = (name: string, pixels: Uint8Array): string => {
    writeFileSync(join(folder, name), encodePng(SIZE, SIZE, pixels));
    return join(folder, name);
  };
  const contains = (id: string, words: string): Promise<void> =>
    until(`document.getElementById('${id}').innerText.includes(${JSON.stringify(words)})`);

  it('score dropped pictures, teach adapters that are used, and find a threshold', async () => {
    await firefox.click('#clear');
    await firefox.run(
      ['one.png', 'two.png'].map((name) => dropScript({ name, mimeType: 'image/png', buffer: png })).join(''),
    );
    await contains('list-count', '2 of 2');
    await until("document.getElementById('stop').hidden");
    expect(await says('verdict')).toMatch(/^Looks (?:good|faulty): score \d\.\d\d, threshold 0\.50$/);
    expect(await says('rows')).toMatch(/one\.png[\s\S]*two\.png/);
    const before = (await firefox.evaluate(LAST_RESULT)) as { score: number };

    await firefox.click('#tab-teach');
    const drawn = [0, 1, 2, 3].map((i) => ({ ...drawSample(i), name: `${i}.png` }));
    await firefox.choose(
      '#teach-pick',
      drawn.map(({ name, picture }) => saved(name, picture.data)),
    );
    const masks = drawn.filter(({ label }) => label === 1);
    const grey = (mask: Uint8Array): Uint8Array =>
      Uint8Array.from({ length: 3 * mask.length }, (_, i) => 255 * mask[Math.floor(i / 3)]!);
    await firefox.choose(
      '#teach-masks',
      masks.map(({ name, mask }) => saved(name.replace('.', '_mask.'), grey(mask!))),
    );
    await contains('teach-count', '2 good, 2 faulty; 2 of the faulty ones are marked.');
    await firefox.click('#teach-settings summary');
    const small = { imageSize: 112, textEpochs: 1, imageEpochs: 1, textBatch: 2, imageBatch: 2 };
    for (const [name, value] of Object.entries(small)) await firefox.fill(`#teach-${name}`, String(value));
    await firefox.click('#teach-start');
    await contains('teach-status', 'Done after 4 steps');
    await firefox.click('#teach-use');
    await contains('teach-status', 'The page now scores with these adapters.');
    await firefox.click('#tab-try');
    const after = await score('taught.png');
    expect(after.score).not.toBe(before.score);

    await firefox.click('#tab-decide');
    const good = goodPictures('tile', SIZE, 1, 4).map(({ name, data }) => saved(`${name}.png`, data as Uint8Array));
    await firefox.choose('#decide-good', good);
    await contains('decide-count', '4 good, 0 faulty.');
    await firefox.click('#decide-start');
    await contains('decide-status', 'The threshold is in use for tile.');
    const words = await says('decide-words');
    expect(words).toMatch(
      /^About 20 % of good pictures would be called faulty\. With 4 pictures, it is between 0\.\d+ and \d\d %/,
    );
    await firefox.click('#decide-share');
    await firefox.press('\uE010');
    expect(await says('decide-words')).toMatch(/^About 40 % /);
    await firefox.click('#decide-use');
    await until("document.getElementById('decide-use').disabled && document.getElementById('decide-progress').hidden");
    await firefox.click('#tab-try');
    await score('decided.png');
    expect(await firefox.evaluate('lastResult.decision.source')).toBe('calibration');
    expect(await firefox.evaluate('lastResult.decision.rule')).toMatch(/4 good pictures/);
  }, 300_000);
});
