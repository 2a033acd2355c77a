/**
 * The web host, run in Node with stand-ins for the browser: Dawn for WebGPU, files for the addresses of the build.
 * Bundling is tested in test/package.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Detection } from '../../src/detect/detection.js';
import type { Detector } from '../../src/detect/detector.js';
import { decode } from '../../src/node/decode.js';
import { nodeHost, readShaders } from '../../src/node/device.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import type { StepReport } from '../../src/train/training_run.js';
import { device } from '../devices.js';
import { exif } from '../small_pictures.js';
import { drawSample, SIZE } from '../train/pictures.js';

type Web = typeof import('../../src/web/web.js');
type Texts = typeof import('../../src/web/shader_texts.js');
const built = (path: string): Promise<unknown> => import(new URL(`../../dist/web/${path}`, import.meta.url).href);
const file = (name: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../goldens/${name}`, import.meta.url))));

const fetched: string[] = [];
let web: Web;

beforeAll(async () => {
  web = (await built('web.js')) as Web;
  vi.stubGlobal('fetch', async (place: string | URL, options: { signal?: AbortSignal }) => {
    options.signal?.throwIfAborted();
    fetched.push(String(place).split('/').at(-1)!);
    try {
      return new Response(readFileSync(fileURLToPath(place)));
    } catch {
      return new Response(null, { status: 404, statusText: 'Not Found' });
    }
  });
  const { entry } = await nodeHost();
  vi.stubGlobal('navigator', { gpu: entry });
});
afterAll(() => vi.unstubAllGlobals());

async function all(detector: Detector, pictures: Parameters<Detector['detect']>[0]): Promise<Detection[]> {
  const found: Detection[] = [];
  for await (const d of detector.detect(pictures, 'screw')) found.push(d);
  return found;
}

describe('the web host', () => {
  it('exports the names that the Node host exports, and the texts of all shaders', async () => {
    for (const name of ['loadDetector', 'train', 'openGpu', 'decode', 'AaclipError', 'Gpu'] as const) {
      expect(web[name], name).toBeTypeOf('function');
    }
    const { SHADERS } = (await built('shader_texts.js')) as Texts;
    expect(new Map(SHADERS)).toEqual(readShaders());
  });

  it('detects the same as the Node host, with the packaged model', async () => {
    const { picture } = drawSample(1);
    const png = new File([new Uint8Array(encodePng(SIZE, SIZE, picture.data))], 'a.png');
    using ours = await web.loadDetector({ weights: 'tiny', adapters: 'tiny', classes: ['screw'] });
    expect(fetched.sort()).toEqual([
      'clip.safetensors',
      'clip_merges.txt',
      'image_adapter.safetensors',
      'text_adapter.safetensors',
    ]);
    using node = await loadDetector({ weights: 'tiny', adapters: 'tiny', classes: ['screw'], gpu: await device() });
    const [a, b] = [await all(ours, [png, picture]), await all(node, [png, picture])];
    expect(a.map((d) => [d.name, d.score.toFixed(5), d.peak.x, d.peak.y])).toEqual(
      b.map((d) => [d.name, d.score.toFixed(5), d.peak.x, d.peak.y]),
    );
  });

  it('trains', async () => {
    const samples = [0, 1].map((i) => {
      const { picture, mask, label, className } = drawSample(i);
      return { picture, mask: { width: SIZE, height: SIZE, data: mask }, label, className };
    });
    const steps: StepReport[] = [];
    const run = web.train({ weights: 'tiny', samples, imageSize: 56, textEpochs: 1, imageEpochs: 1 });
    for await (const step of run) steps.push(step);
    expect(steps.map((s) => s.stage)).toEqual(['text', 'image']);
    expect((await run.finish()).image.length).toBeGreaterThan(1000);
  });

  it('names the missing file, or missing WebGPU', async () => {
    const lost = web.loadDetector({ weights: 'file:///nowhere.pt', classes: ['screw'] });
    await expect(lost).rejects.toMatchObject({
      code: 'weights',
      message: 'file:///nowhere.pt: cannot fetch: the server says 404 Not Found; check the address and the connection',
    });
    const navigator: unknown = Reflect.get(globalThis, 'navigator');
    vi.stubGlobal('navigator', {});
    try {
      const none = web.loadDetector({ weights: 'tiny', classes: ['screw'] });
      await expect(none).rejects.toMatchObject({
        code: 'device',
        message: expect.stringMatching(/not available in this browser/),
      });
    } finally {
      vi.stubGlobal('navigator', navigator);
    }
  });
});

describe('its decoder', () => {
  it('gives PNG and BMP as Node does', async () => {
    for (const name of ['grey.png', 'palette.png', 'rgb.png', 'rgba.png', 'photo.bmp']) {
      expect((await web.decode(name, file(name))).data, name).toEqual(
        new Uint8Array((await decode(name, file(name))).data),
      );
    }
    await expect(web.decode('photo.tif', file('photo.tif'))).rejects.toThrow(/^photo\.tif: TIFF is not decoded in a/);
    const { picture } = drawSample(2);
    const cut = encodePng(SIZE, SIZE, picture.data).subarray(0, 900);
    await expect(web.decode('cut.png', cut)).rejects.toThrow(/^cut\.png: broken or truncated PNG: /);
  });

  it('leaves JPEG to the browser without colour management, and drops its alpha', async () => {
    const asked: unknown[] = [];
    let closed = 0;
    vi.stubGlobal('createImageBitmap', async (blob: Blob, options: unknown) => {
      asked.push(blob.size, options);
      return { width: 2, height: 1, close: () => closed++ };
    });
    vi.stubGlobal(
      'OffscreenCanvas',
      class {
        getContext = () => ({
          drawImage: () => undefined,
          getImageData: () => ({ data: Uint8ClampedArray.of(1, 2, 3, 255, 4, 5, 6, 255) }),
        });
      },
    );
    const jpeg = file('baseline.jpg');
    const picture = await web.decode('b.jpg', jpeg);
    expect(picture).toEqual({ name: 'b.jpg', width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) });
    expect(asked).toEqual([jpeg.length, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }]);
    expect(closed).toBe(1);
    // EXIF data are hidden from the browser: whether a picture is turned is the caller's choice, as in Node.
    const segment = Buffer.from([0xff, 0xe1, 0, 34, ...Buffer.from('Exif\0\0'), ...exif(6, true)]);
    const turned = new Uint8Array(Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]));
    vi.stubGlobal('createImageBitmap', async (blob: Blob) => {
      expect(await blob.text()).not.toContain('Exif');
      return { width: 2, height: 1, close: () => undefined };
    });
    expect(await web.decode('c.jpg', turned)).toMatchObject({ width: 2, height: 1 });
    expect(await web.decode('c.jpg', turned, { orient: true })).toMatchObject({ width: 1, height: 2 });
    vi.stubGlobal('createImageBitmap', async () => {
      throw new Error('The source image could not be decoded.');
    });
    await expect(web.decode('b.jpg', jpeg)).rejects.toMatchObject({
      name: 'PictureError',
      message: expect.stringMatching(/^b\.jpg: broken or truncated JPEG: The source/),
    });
  });
});
