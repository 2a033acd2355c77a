import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sample } from '../../src/data/metadata.js';
import { batchesOf, epochOrder } from '../../src/data/shuffle.js';
import { loadMask, loadPicture } from '../../src/node/decode.js';
import { DecodePool } from '../../src/node/decode_pool.js';
import { type DecodedSample, Loader, type LoaderOptions } from '../../src/node/loader.js';
import { prepareMask } from '../../src/picture/mask.js';
import { PIXEL_BUDGET, runsWithin } from '../../src/picture/pixel_budget.js';

const golden = (name: string) => fileURLToPath(new URL(`../goldens/${name}`, import.meta.url));
const root = mkdtempSync(join(tmpdir(), 'aaclip-loader-'));
const PICTURES = ['photo.bmp', 'rgb.png', 'grey.png', 'palette.png', 'rgba.png', 'photo.tif', 'baseline.jpg'];

const sample = (imagePath: string, line: number, maskPath?: string): Sample => ({
  imagePath,
  label: maskPath === undefined ? 0 : 1,
  className: 'thing',
  line,
  ...(maskPath === undefined ? {} : { maskPath }),
});
/** Every second picture is abnormal. */
const samples = PICTURES.map((name, i) => sample(`pictures/${name}`, i + 1, i % 2 === 1 ? 'mask.png' : undefined));

beforeAll(() => {
  mkdirSync(join(root, 'pictures'));
  for (const name of PICTURES) copyFileSync(golden(name), join(root, 'pictures', name));
  copyFileSync(golden('mask.png'), join(root, 'mask.png'));
  writeFileSync(join(root, 'pictures', 'broken.png'), 'no picture at all');
});
afterAll(() => rmSync(root, { recursive: true }));

const options = (change: Partial<LoaderOptions> = {}): LoaderOptions => ({ root, samples, maskSize: 56, ...change });

async function collect(loader: Loader, batches: readonly Uint32Array[]): Promise<DecodedSample[][]> {
  const all: DecodedSample[][] = [];
  for await (const batch of loader.batches(batches)) all.push([...batch]);
  return all;
}

describe.each([0, 1, 3])('with %i threads', (threads) => {
  test('samples come in order, decoded, with masks at the requested size', async () => {
    await using loader = new Loader(options({ threads }));
    expect(loader.threads).toBe(threads);
    const batches = batchesOf(epochOrder(samples.length, 7, 0), 3);
    const got = await collect(loader, batches);
    expect(got.map((b) => b.map((s) => s.index))).toEqual(batches.map((b) => [...b]));
    for (const { index, sample, picture, mask } of got.flat()) {
      expect(sample).toBe(samples[index]);
      const want = await loadPicture(join(root, sample.imagePath));
      expect({ ...picture, data: undefined }).toEqual({ ...want, data: undefined });
      expect(Buffer.compare(picture.data, want.data)).toBe(0);
      const marked =
        sample.label === 1 ? prepareMask(await loadMask(golden('mask.png')), 56, 56) : new Uint8Array(56 * 56);
      expect(mask).toEqual(marked);
    }
    // A second epoch over the same loader.
    expect((await collect(loader, batches)).flat()).toHaveLength(samples.length);
  });

  test('masks of pictures in tiles have the size of the blended map', async () => {
    await using loader = new Loader(options({ threads, tileSize: 16 }));
    for (const { sample, picture, mask } of (await collect(loader, [Uint32Array.of(0, 1)])).flat()) {
      const [width, height] = [picture.width, picture.height].map((n) => Math.round((n * 56) / 16)) as [number, number];
      const marked = sample.label === 1 ? prepareMask(await loadMask(golden('mask.png')), width, height) : undefined;
      expect(mask).toEqual(marked ?? new Uint8Array(width * height));
    }
  });

  test('a broken picture stops the run with an error that names it, after all samples before it', async () => {
    const broken = samples.map((s, i) => (i === 4 ? sample('pictures/broken.png', 5) : s));
    await using loader = new Loader(options({ threads, samples: broken }));
    const seen: number[] = [];
    const run = async () => {
      for await (const batch of loader.batches(batchesOf(Uint32Array.of(0, 1, 2, 3, 4, 5, 6), 2))) {
        seen.push(...batch.map((s) => s.index));
      }
    };
    await expect(run()).rejects.toThrow(/^.*broken\.png: [^\n]*$/);
    expect(seen).toEqual([0, 1, 2, 3]);
    // The loader can still read the rest.
    expect(await collect(loader, [Uint32Array.of(6)])).toHaveLength(1);
  });

  test('a missing file is named', async () => {
    const missing = [sample('pictures/none.png', 1), sample('pictures/rgb.png', 2, 'masks/none.png')];
    await using loader = new Loader(options({ threads, samples: missing }));
    await expect(collect(loader, [Uint32Array.of(0)])).rejects.toThrow(
      /none\.png: cannot read: no such file or folder/,
    );
    await expect(collect(loader, [Uint32Array.of(1)])).rejects.toThrow(/masks.none\.png: cannot read/);
    await expect(collect(loader, [Uint32Array.of(2)])).rejects.toThrow('loader: sample 2: expected one of 0 to 1');
  });

  test('an abnormal picture without a mask has none, and a mask on a normal one is not read', async () => {
    const odd: Sample[] = [
      { ...sample('pictures/rgb.png', 1), label: 1 },
      { ...sample('pictures/rgb.png', 2, 'none.png'), label: 0 },
    ];
    await using loader = new Loader(options({ threads, samples: odd }));
    const [[first, second] = []] = await collect(loader, [Uint32Array.of(0, 1)]);
    expect(first?.mask).toBeUndefined();
    expect(second?.mask).toEqual(new Uint8Array(56 * 56));
  });

  test('no more files are opened ahead than allowed', async () => {
    const late = mkdtempSync(join(tmpdir(), 'aaclip-late-'));
    const many = Array.from({ length: 9 }, (_, i) => sample(`${i}.bmp`, i + 1));
    const create = (i: number) => copyFileSync(golden('photo.bmp'), join(late, `${i}.bmp`));
    await using loader = new Loader({ root: late, samples: many, maskSize: 8, threads, ahead: 3 });
    const order = Uint32Array.from(many.keys());
    // Two in use and three ahead: a file is made only when its turn may have come.
    for (let i = 0; i < 5; i++) create(i);
    let first = 0;
    for await (const batch of loader.batches(batchesOf(order, 2))) {
      expect(batch[0]!.index).toBe(first);
      for (const i of [first + 5, first + 6]) if (i < many.length) create(i);
      first += 2;
    }
    expect(first).toBe(10);
    rmSync(late, { recursive: true });
  });

  test('large pictures are not opened ahead, but a batch is opened as a whole', async () => {
    const late = mkdtempSync(join(tmpdir(), 'aaclip-large-'));
    const many = Array.from({ length: 6 }, (_, i) => sample(`${i}.bmp`, i + 1));
    const create = (i: number) => copyFileSync(golden('photo.bmp'), join(late, `${i}.bmp`));
    // Said to be so large that a third one would exceed what may be opened ahead.
    const bytes = many.map(() => PIXEL_BUDGET / 5);
    await using loader = new Loader({ root: late, samples: many, maskSize: 8, threads, bytes, ahead: 6 });
    for (let i = 0; i < 3; i++) create(i);
    let first = 0;
    for await (const batch of loader.batches(batchesOf(Uint32Array.from(many.keys()), 3))) {
      expect(batch.map((b) => b.index)).toEqual([first, first + 1, first + 2]);
      // The next batch has not been asked for: its files are made only now.
      for (let i = 3; i < 6; i++) create(i);
      first += 3;
    }
    expect(first).toBe(6);
    rmSync(late, { recursive: true });
  });

  test('leaving early and closing leaves nothing behind', async () => {
    const loader = new Loader(options({ threads, ahead: 7 }));
    const batches = loader.batches(batchesOf(epochOrder(samples.length, 7, 0), 1));
    expect((await batches.next()).done).toBe(false);
    await batches.return();
    await loader.close();
    await loader.close();
    if (threads > 0) {
      await expect(collect(loader, [Uint32Array.of(0)])).rejects.toThrow('loader: closed while samples were awaited');
    }
  });

  test('closing in the middle rejects the samples still awaited', async () => {
    const loader = new Loader(options({ threads }));
    const wanted = collect(loader, batchesOf(epochOrder(samples.length, 7, 0), 7));
    const settled = wanted.then(
      () => 'read',
      (error: Error) => error.message,
    );
    await loader.close();
    expect(await settled).toBe(threads > 0 ? 'loader: closed while samples were awaited' : 'read');
  });
});

test('runs end at a number of items or of bytes; an item that is too large stands alone', () => {
  const runs = (most: number, budget: number) =>
    runsWithin([0, 1, 2, 3, 4], most, (i) => [1, 1, 9, 2, 2][i]!, budget).map((run) => [...run]);
  expect(runs(2, 100)).toEqual([[0, 1], [2, 3], [4]]);
  expect(runs(5, 4)).toEqual([[0, 1], [2], [3, 4]]);
  expect(runs(5, 1)).toEqual([[0], [1], [2], [3], [4]]);
});

test('one core is left for the device unless there is only one', async () => {
  await using loader = new Loader(options());
  expect(loader.threads).toBeGreaterThanOrEqual(1);
  expect(loader.threads).toBeLessThanOrEqual(4);
});

describe('a decoding thread that ends', () => {
  test.each([
    ['with an error', "throw new Error('out of luck\\nand more');", 'out of luck'],
    ['by itself', 'process.exit(3);', 'exit code 3'],
  ])('%s is told in one line, with the files it had', async (_, fate, why) => {
    const script = join(root, 'thread.mjs');
    writeFileSync(
      script,
      `import { parentPort } from 'node:worker_threads';\nparentPort.on('message', () => { ${fate} });\n`,
    );
    const pool = new DecodePool(1, pathToFileURL(script));
    const files = { mask: undefined, maskSize: 8, rules: {} };
    const wanted = ['a.png', 'b.png', 'c.png'].map((image) =>
      pool.open({ ...files, image }).catch((e: Error) => e.message),
    );
    const message = `loader: a decoding thread ended while decoding a.png or b.png: ${why}; decode without threads`;
    expect(await Promise.all(wanted)).toEqual([message, message, message]);
    await expect(pool.open({ ...files, image: 'd.png' })).rejects.toThrow(message);
    await pool.close();
  });
});
