/** The page in Firefox: another WebGPU, another shader compiler, and Node's score and map. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { dropScript, LAST_RESULT, LISTEN, ServedPage } from '../browser/served_page.js';
import { CALIBRATE, expectCalibrated, expectTrained, TRAIN, type TrainedInPage } from '../browser/taught_pictures.js';
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

it('trains as Node does, and Node scores as it does with the new adapters', async () => {
  await expectTrained((await firefox.evaluate(TRAIN)) as TrainedInPage);
}, 300_000);

it('calibrates as Node does', async () => {
  await expectCalibrated((await firefox.evaluate(CALIBRATE)) as Parameters<typeof expectCalibrated>[0]);
}, 300_000);
