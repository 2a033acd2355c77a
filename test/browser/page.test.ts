/** The page in a browser: what it shows, what it says of bad input, and that nothing leaves it. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { levelMaps } from '../../src/detect/level_maps.js';
import type { ScoreMap } from '../../src/detect/share_map.js';
import { HEAT_COLOURS } from '../../src/eval/colour_map.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector, NODE_LIBRARY } from '../../src/node/node_library.js';
import { device } from '../devices.js';
import { exif } from '../small_pictures.js';
import { drawSample, SIZE } from '../train/pictures.js';
import type { TestFile } from './served_page.js';
import { ShownPage } from './shown_page.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const golden = (name: string): Buffer => readFileSync(join(ROOT, 'test', 'goldens', name));
const file = (name: string, buffer: Uint8Array, mimeType = 'application/octet-stream'): TestFile => {
  return { name, mimeType, buffer: Buffer.from(buffer) };
};
const ofModel = (name: string): TestFile => file(name, readFileSync(join(ROOT, 'weights', 'tiny', name)));

const { picture } = drawSample(1);
const png = file('weave.png', encodePng(SIZE, SIZE, picture.data), 'image/png');

let shown: ShownPage;
beforeAll(async () => {
  shown = await ShownPage.open();
});
afterAll(() => shown?.close());

describe('the files of the page', () => {
  const assets = join(ROOT, 'dist-web', 'assets');
  const size = (name: string): number => statSync(join(assets, name)).size;

  it('take at most 350 kB beside weights, vocabulary and samples', () => {
    const code = readdirSync(assets).filter((name) => /\.(?:js|css|packed)$/.test(name));
    expect(code).toHaveLength(3);
    expect(code.reduce((sum, name) => sum + size(name), 0)).toBeLessThan(350_000);
  });
});

describe('the page', () => {
  it('is there after less than a second of its thread, scores its first sample live and shows each step', async () => {
    // Time of the processor, not of the clock: other programs run, too.
    const session = await shown.context.newCDPSession(shown.page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const before = await shown.processorTime();
    await shown.page.goto(shown.served.address);
    await shown.page.locator('#steps li').first().waitFor();
    const { metrics } = await session.send('Performance.getMetrics');
    const busy = metrics.find(({ name }) => name === 'TaskDuration')!.value;
    expect(busy).toBeGreaterThan(0);
    expect(busy).toBeLessThan(1);
    await shown.idle();
    // On a software device, all that page, worker and kernels do up to the first map, in seconds of the processor.
    const firstMap = (await shown.processorTime()) - before;
    expect(firstMap).toBeGreaterThan(0.5);
    expect(firstMap).toBeLessThan(8);
    expect(await shown.says('verdict')).toBe('Looks faulty: score 1.00, threshold 0.50');
    // Its anchors and words come with the page.
    const fetched = await shown.fetchedByWorker();
    expect(fetched).toContain('ready');
    expect(fetched).not.toContain('clip_merges');
    expect((await shown.says('steps')).match(/[A-Z][a-z ]+/g)).toEqual([
      'Decode the picture',
      'Open the device',
      'Open the model',
      'Load the weights',
      'Compile the kernels',
      'Score the picture',
    ]);
  });

  it('is fit to show: on a desk and a phone, light and dark', async () => {
    expect(await shown.look('try')).toEqual([]);
  });

  it('gives the score and the map of Node for a picture that is dropped on it', async () => {
    await shown.page.locator('#panel-try summary').click();
    await shown.page.locator('#size').selectOption('112');
    await shown.scored(png);
    const ours = await shown.lastResult();
    const options = { weights: 'tiny', adapters: 'tiny', classes: ['tile'], imageSize: 112 };
    using detector = await loadDetector({ ...options, gpu: await device() });
    for await (const found of detector.detect(png.buffer, 'tile')) {
      expect(Math.abs(ours.score / found.score - 1)).toBeLessThan(1e-5);
      const { data } = found.decision.map();
      expect(ours.map).toHaveLength(data.length);
      const off = ours.map.map((v, i) => Math.abs(v - data[i]!));
      expect(Math.max(...off)).toBeLessThan(1e-5);
      expect(ours.peak).toMatchObject({ x: found.peak.x, y: found.peak.y });
    }
  });

  it('follows the threshold, and saves what it knows as CSV, JSON and PNG', async () => {
    const { score } = await shown.lastResult();
    await shown.page.locator('#threshold').fill('0');
    expect(await shown.says('verdict')).toMatch(/^Looks faulty: score 0\.\d\d, threshold 0\.00$/);
    await shown.page.locator('#threshold').fill('100');
    expect(await shown.says('verdict')).toMatch(/^Looks good: .* threshold 1\.00$/);
    const saved = async (id: string): Promise<{ name: string; bytes: Buffer }> => {
      const [download] = await Promise.all([shown.page.waitForEvent('download'), shown.page.locator(`#${id}`).click()]);
      return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
    };
    const json = JSON.parse((await saved('save-json')).bytes.toString()) as Record<string, unknown>[];
    expect(json.map(({ image }) => image)).toEqual(['tile-faulty.jpg', 'weave.png']);
    expect(json[1]).toMatchObject({ class: 'tile', score, anomalous: false, width: SIZE, img_size: 112 });
    expect(json[1]!.decided_by).toEqual({ source: 'hand', threshold: 1 });
    const csv = (await saved('save-csv')).bytes.toString().split('\r\n');
    expect(csv[0]).toMatch(/^image,class,score,/);
    expect(csv[2]).toMatch(new RegExp(`^weave\\.png,tile,${score},`));
    const heatmap = await saved('save-heatmap');
    expect(heatmap.name).toBe('weave.heatmap.png');
    expect([heatmap.bytes.readUInt32BE(16), heatmap.bytes.readUInt32BE(20)]).toEqual([SIZE, SIZE]);
    expect((await saved('save-mask')).name).toBe('weave.mask.png');
  });

  it('shows the map of a level alone, as Node makes it, and that of all levels again', async () => {
    const heat = (): Promise<number[]> => {
      const canvas = "document.getElementById('canvas-map')";
      return shown.page.evaluate(
        `Array.from(${canvas}.getContext('2d').getImageData(0, 0, ${canvas}.width, ${canvas}.height).data)`,
      );
    };
    const sample = readFileSync(join(ROOT, 'web', 'samples', 'tile-faulty.jpg'));
    const faulty = await NODE_LIBRARY.decode('tile-faulty.jpg', sample);
    await shown.scored(file('crack.png', encodePng(faulty.width, faulty.height, faulty.data), 'image/png'));
    const [before, words] = [await heat(), await shown.says('view-words')];
    await shown.page.locator('#level').selectOption('0');
    await shown.page.locator('#level-note', { hasText: 'One level alone' }).waitFor();
    const options = { weights: 'tiny', adapters: 'tiny', classes: ['tile'], imageSize: 112 };
    using detector = await loadDetector({ ...options, gpu: await device() });
    const [lowest, next] = await levelMaps(detector, faulty, 'tile');
    expect(await shown.page.locator('#level option').allInnerTexts()).toEqual([
      'of all levels',
      ...detector.model.config.levels.map((block, i) => `of level ${i + 1} alone (block ${block})`),
    ]);
    const off = async (map: ScoreMap): Promise<number> => {
      const drawn = await heat();
      const colour = (v: number): number => 3 * Math.round(255 * v);
      return Math.max(...map.data.map((v, i) => Math.abs(drawn[4 * i]! - HEAT_COLOURS[colour(v)]!)));
    };
    // Neighbouring colours differ by a few grey levels.
    expect(await off(lowest!.scaled)).toBeLessThan(8);
    expect(await off(next!.scaled)).toBeGreaterThan(20);
    await shown.page.locator('#level').selectOption('1');
    await expect.poll(() => off(next!.scaled)).toBeLessThan(8);
    const [download] = await Promise.all([
      shown.page.waitForEvent('download'),
      shown.page.locator('#save-heatmap').click(),
    ]);
    expect(download.suggestedFilename()).toBe('crack.level2.heatmap.png');
    await shown.page.locator('#level').selectOption('');
    expect([await heat(), await shown.says('view-words')]).toEqual([before, words]);
    expect(await shown.says('level-note')).toBe('');
  });

  it('speaks Chinese, and is worked by keyboard', async () => {
    await shown.page.locator('#language').selectOption('zh');
    expect(await shown.page.evaluate('document.documentElement.lang')).toBe('zh');
    expect(await shown.says('verdict')).toMatch(/^未见缺陷/);
    const left = await shown.page.locator('[data-text]:visible').allInnerTexts();
    // Later tests read English, whatever comes of this one.
    await shown.page.locator('#language').selectOption('en');
    expect(left.filter((words) => /^[A-Za-z ,.]+$/.test(words))).toEqual([]);
    await shown.page.locator('#tab-try').focus();
    await shown.page.keyboard.press('ArrowLeft');
    expect(await shown.page.locator('#tab-device').getAttribute('aria-selected')).toBe('true');
    expect(await shown.page.locator('#panel-try').isVisible()).toBe(false);
    await shown.page.keyboard.press('Home');
    expect(await shown.page.locator('#panel-try').isVisible()).toBe(true);
  });
});

describe('bad input', () => {
  /** A PNG whose header says 40000 x 25000 pixels. */
  const huge = Buffer.from(png.buffer);
  huge.writeUInt32BE(40_000, 16);
  huge.writeUInt32BE(25_000, 20);
  const jpeg = golden('baseline.jpg');
  const broken = Buffer.concat([jpeg.subarray(0, jpeg.length >> 1), Buffer.alloc(3000, 0xff)]).subarray(0, 200);

  it.each([
    [
      'a text file',
      file('notes.txt', Buffer.from('hello'), 'text/plain'),
      /^notes\.txt: not a readable picture: got a text file/,
    ],
    ['a broken JPEG', file('broken.jpg', broken), /^broken\.jpg: broken/],
    [
      'a gigapixel',
      file('huge.png', huge),
      /^huge\.png: 40000 ?x ?25000|^huge\.png: .*too large|^huge\.png: .*megapixel/,
    ],
  ])('%s is refused in one line', async (_, bad, line) => {
    const { verdict, notes } = await shown.scored(bad);
    expect(verdict).toBe('This picture cannot be used');
    expect(notes).toMatch(line);
    expect(notes).not.toMatch(/npm|--|\n/);
  });

  it('transparency is dropped, a turned photo and an unknown word are told of', async () => {
    expect((await shown.scored(file('rgba.png', golden('rgba.png')))).verdict).toMatch(/^Looks /);
    const segment = Buffer.from([0xff, 0xe1, 0, 34, ...Buffer.from('Exif\0\0'), ...exif(6, true)]);
    const turned = file('turned.jpg', Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]));
    expect((await shown.scored(turned)).notes).toMatch(/^The photo is marked as turned\. It was scored as stored/);
    await shown.page.locator('#object').fill('flurbistan');
    const { verdict, notes } = await shown.scored(png);
    expect(verdict).toMatch(/^Looks /);
    expect(notes).toBe('The model does not know “flurbistan”, so it looks for faults of an “object”.');
    expect(await shown.fetchedByWorker()).toContain('clip_merges');
    await shown.page.locator('#object').fill('');
    await shown.drop(png);
    expect(await shown.says('verdict')).toMatch(/^Say first what is in the picture/);
    await shown.page.locator('#object').fill('tile');
  });
});

describe('a lost device', () => {
  /** Has the worker note its device, and has the next `times` devices that are used destroyed at once. */
  const lose = (times: number): Promise<unknown> =>
    shown.worker.evaluate(`{
      const { prototype } = GPUDevice;
      const plain = (globalThis.plainEncoder ??= prototype.createCommandEncoder);
      const lost = new Set();
      prototype.createCommandEncoder = function (...args) {
        globalThis.device = this;
        if (lost.size < ${times} && !lost.has(this)) {
          lost.add(this);
          this.destroy();
        }
        return plain.apply(this, args);
      };
    }`);

  it('while nothing runs is opened again with the next picture', async () => {
    await lose(0);
    await shown.scored(png);
    const { score } = await shown.lastResult();
    await shown.stages();
    await shown.worker.evaluate('device.destroy()');
    expect((await shown.scored({ ...png, name: 'after.png' })).verdict).toMatch(/^Looks /);
    expect(await shown.stages()).toContain('again');
    expect((await shown.lastResult()).score).toBe(score);
  });

  it('while a picture is scored is opened again, and the picture is scored once more', async () => {
    const { score } = await shown.lastResult();
    await shown.stages();
    await lose(1);
    expect((await shown.scored({ ...png, name: 'during.png' })).verdict).toMatch(/^Looks /);
    expect((await shown.stages()).filter((stage) => stage === 'again')).toHaveLength(1);
    expect((await shown.lastResult()).score).toBe(score);
  });

  it('twice in a job ends the job with a smaller size on offer, and the page goes on', async () => {
    await shown.page.locator('#size').selectOption('224');
    await lose(2);
    const { verdict, notes } = await shown.scored({ ...png, name: 'twice.png' });
    expect(verdict).toBe('The graphics device failed');
    expect(notes).toMatch(/^webgpu: the device was lost .*\n*Try again at 112 pixels$/);
    expect((await shown.stages()).filter((stage) => stage === 'again')).toHaveLength(1);
    await shown.page.locator('#notes button').click();
    await shown.idle();
    expect(await shown.says('verdict')).toMatch(/^Looks /);
    expect(await shown.says('facts')).toContain('seen at 112');
  });
});

describe('nothing leaves the page', () => {
  it('neither from itself nor from its worker', async () => {
    const { attempt } = shown.served;
    expect(await shown.page.evaluate(attempt)).toBe('TypeError');
    expect(await shown.worker.evaluate(attempt)).toBe('TypeError');
    const image = `new Promise((done) => {
      const image = new Image();
      image.onload = () => done('reached');
      image.onerror = () => done('refused');
      image.src = ${JSON.stringify(shown.served.otherAddress)};
    })`;
    expect(await shown.page.evaluate(image)).toBe('refused');
    expect(shown.served.foreign).toEqual([]);
    expect(await (await fetch(shown.served.otherAddress)).text()).toBe('reached');
  });
});

describe('the camera', () => {
  const start = async (): Promise<void> => {
    await shown.page.locator('#tab-camera').click();
    await shown.page.locator('#camera-size').selectOption('112');
    await shown.page.locator('#camera-start').click();
  };

  it('is scored frame by frame, one at a time, and stops when the page is hidden', async () => {
    await start();
    await shown.page
      .locator('#camera-rate', { hasText: /pictures a second, \d+ ms each; frames of \d+ × \d+/ })
      .waitFor();
    expect(await shown.says('camera-verdict')).toMatch(/^[⚠✓]? ?Looks (?:good|faulty): score 0\.\d\d, threshold/);
    expect(await shown.look('camera')).toEqual([]);
    await shown.page.locator('#camera-take').click();
    await shown.page.locator('#rows tr', { hasText: 'camera-1.png' }).waitFor({ state: 'attached' });
    await shown.page.evaluate(`{
      Object.defineProperty(document, 'hidden', { value: true, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
      delete document.hidden;
    }`);
    expect(await shown.says('camera-status')).toBe('The camera was stopped because the page was hidden.');
    expect(await shown.page.evaluate("document.getElementById('camera-video').srcObject")).toBe(null);
    const { asked, most } = (await shown.page.evaluate('({ asked: frames.asked, most: frames.most })')) as {
      asked: number;
      most: number;
    };
    expect(asked).toBeGreaterThan(1);
    expect(most).toBe(1);
  });

  it.each([
    ['NotAllowedError', /^The camera was refused: allow it/],
    ['NotFoundError', /^No camera was found/],
    ['NotReadableError', /^The camera cannot be read/],
  ])('that cannot be had is told of: %s', async (name, words) => {
    await shown.page.evaluate(`{
      const { mediaDevices } = navigator;
      mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', '${name}'));
    }`);
    await start();
    await shown.page.locator('#camera-status', { hasText: words }).waitFor();
    await shown.page.evaluate('delete navigator.mediaDevices.getUserMedia');
  });
});

describe('the device and its model', () => {
  const status = (): Promise<string> => shown.says('model-status');
  const use = async (weights: TestFile, adapters: readonly TestFile[]): Promise<string> => {
    await shown.page.locator('#weights').setInputFiles({ ...weights });
    await shown.page.locator('#adapters').setInputFiles(adapters.map((one) => ({ ...one })));
    await shown.page.locator('#use-model').click();
    await shown.page.locator('#model-progress').waitFor({ state: 'hidden', timeout: 60_000 });
    return status();
  };
  const whole = ofModel('clip.safetensors');

  it('are described, and the kernels are timed', async () => {
    await shown.page.locator('#tab-device').click();
    await shown.page.locator('#device-kernels div').first().waitFor();
    expect(await shown.says('device-facts')).toMatch(/swiftshader[\s\S]*MiB/i);
    expect(await shown.says('device-facts')).toContain('AA-CLIP');
    await shown.page.locator('#plan-rows tr').first().waitFor();
    // Larger pictures take more memory, the model itself hardly.
    expect(await shown.page.locator('#plan-rows tr').count()).toBe(6);
    expect(await shown.says('plan-rows')).toMatch(/^518 pixels\s+\d+\.\d MiB\s+\d+\.\d MiB/);
    await shown.page.locator('#time').click();
    await shown.page.locator('#time-rows tr').first().waitFor();
    expect(await shown.page.locator('#time-rows tr').count()).toBeGreaterThan(5);
    expect(await shown.look('device')).toEqual([]);
  });

  it('weights and adapters that do not fit are refused, and the model before stays', async () => {
    await shown.page.locator('input[value=files]').check();
    const cut = file('cut.safetensors', whole.buffer.subarray(0, 1_000_000));
    expect(await use(cut, [])).toMatch(/^These weights cannot be used: cut\.safetensors: .* still in use\.$/);
    const stranger = file('april_gan.pth', golden('method.april_gan.tiny.pth'));
    expect(await use(whole, [stranger])).toMatch(/^These adapters cannot be used: .* still in use\.$/);
    const wider = file('image_adapter.pth', golden('image_adapter.tiny.pth'));
    expect(await use(whole, [wider])).toMatch(
      /^These adapters cannot be used: image_adapter\.pth: .*expected .* still in use\.$/,
    );
    const line = await use(wider, []);
    expect(line).toMatch(/^These weights cannot be used: image_adapter\.pth: [^-]*adapters, not the weights of a CLIP/);
    await shown.page.locator('#tab-try').click();
    expect((await shown.scored({ ...png, name: 'still.png' })).verdict).toMatch(/^Looks /);
  });

  it('weights are kept for the next visit, which needs no network', async () => {
    await shown.page.locator('#tab-device').click();
    await shown.page.locator('#keep').check();
    const parts = ['text_adapter.safetensors', 'image_adapter.safetensors'].map(ofModel);
    expect(await use(whole, parts)).toMatch(/^Ready: .* clip\.safetensors is kept in this browser \(3\.2 MiB\)\.$/);
    // Of these files: the packaged model takes anchors that came with the page, which differ by rounding.
    await shown.page.locator('#tab-try').click();
    await shown.scored({ ...png, name: 'picked.png' });
    const { score } = await shown.lastResult();
    await shown.page.evaluate('navigator.serviceWorker.ready.then(() => undefined)');
    await shown.context.setOffline(true);
    await shown.page.reload();
    await shown.page.locator('#stop').waitFor();
    await shown.page.locator('#stop').click();
    await shown.idle();
    await shown.page.locator('#tab-device').click();
    await shown.page.locator('input[value=files]').check();
    await shown.page.locator('#kept').selectOption('clip.safetensors');
    await shown.page.locator('#adapters').setInputFiles(parts.map((one) => ({ ...one })));
    await shown.page.locator('#use-model').click();
    await shown.page.locator('#model-status', { hasText: /^Ready/ }).waitFor({ timeout: 60_000 });
    await shown.page.locator('#tab-try').click();
    await shown.page.locator('#panel-try summary').click();
    await shown.page.locator('#size').selectOption('112');
    await shown.page.locator('#object').fill('tile');
    await shown.scored(png);
    expect((await shown.lastResult()).score).toBe(score);
    await shown.context.setOffline(false);
  });
});

describe('a browser without WebGPU', () => {
  it('is told which browsers have it', async () => {
    const page = await shown.context.newPage();
    await page.addInitScript("Object.defineProperty(Navigator.prototype, 'gpu', { get: () => undefined })");
    await page.goto(shown.served.address);
    expect(await page.locator('#no-webgpu').innerText()).toMatch(
      /WebGPU[\s\S]*Chrome and Edge[\s\S]*Safari[\s\S]*Firefox/,
    );
    await page.close();
  });
});
