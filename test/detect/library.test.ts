/**
 * The library in Node: every kind of source, mixed classes, progress, abort, errors; the scores equal those of
 * `predict`.
 */

import { mkdtempSync, openAsBlob, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Detection } from '../../src/detect/detection.js';
import type { DetectOptions, Detector, PictureSources } from '../../src/detect/detector.js';
import { AaclipError, type ErrorCode } from '../../src/detect/errors.js';
import type { DetectorOptions } from '../../src/detect/open_model.js';
import { GpuError } from '../../src/gpu/gpu.js';
import { decode } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { PACKAGED_FOLDER } from '../../src/node/open_weights.js';
import { PictureError } from '../../src/picture/picture.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import { runCli } from '../cli/run_cli.js';
import { device } from '../devices.js';

const S = 56;
const CLASSES = ['screw', { name: 'pcb', words: 'circuit board' }, 'Brain'] as const;
const NAMES = ['a', 'b', 'c', 'd', 'e'] as const;
let dir = '';
let server: Server;
const at = (name: string): string => join(dir, name);
const png = (name: string): string => at(`${name}.png`);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-library-'));
  for (const [n, name] of NAMES.entries()) {
    const [width, height] = [40 + 7 * n, 60 - 5 * n];
    const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * (n + 3)) ^ (i >> 4));
    writeFileSync(png(name), encodePng(width, height, rgb));
  }
  writeFileSync(png('broken'), Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 1, 2));
  server = createServer((request, response) => {
    const file = join(request.url!.startsWith('/tiny/') ? PACKAGED_FOLDER : dir, request.url!.split('/').at(-1)!);
    try {
      response.end(readFileSync(file));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
});
afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

/** A detector on the device of the tests, from the synthetic model unless the options say otherwise. */
async function load(options: Partial<DetectorOptions> = {}): Promise<Detector> {
  const gpu = await device();
  return loadDetector({
    ...{ weights: 'synthetic:tiny', adapters: 'synthetic', classes: CLASSES, imageSize: S, gpu },
    ...options,
  });
}

async function all(
  detector: Detector,
  pictures: PictureSources,
  classes: string | Iterable<string>,
  options?: DetectOptions,
): Promise<Detection[]> {
  const found: Detection[] = [];
  for await (const d of detector.detect(pictures, classes, options)) found.push(d);
  return found;
}

/** The error of a promise. */
async function errorOf(work: Promise<unknown>): Promise<AaclipError> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(AaclipError);
  return error as AaclipError;
}

async function expectError(code: ErrorCode, work: Promise<unknown>, message: RegExp): Promise<AaclipError> {
  const error = await errorOf(work);
  expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  expect(error.message).not.toContain('\n');
  return error;
}

describe('detect', () => {
  it('gives what `predict --json` prints, picture for picture', async () => {
    const paths = NAMES.map(png);
    for (const [className, more] of [
      ['screw', ['--batch_size', '2']],
      ['Brain', []],
    ] as const) {
      const run = await runCli(
        ...['predict', ...paths, '--class', className, '--weights', 'synthetic:tiny', '--adapters', 'synthetic'],
        ...['--img_size', String(S), '--out', at('out'), '--no-heatmap', '--json', ...more],
      );
      expect(run.code, run.stderr).toBe(0);
      const lines = run.stdout.trim().split('\n');
      using detector = await load();
      const found = await all(detector, paths, className, { batchSize: more.length > 0 ? 2 : 5 });
      const wanted = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(found.map((d) => d.name)).toEqual(wanted.map((w) => w.image));
      for (const [i, d] of found.entries()) {
        const { score, image_score, peak } = wanted[i] as {
          score: number;
          image_score: number;
          peak: Detection['peak'];
        };
        expect(d.score).toBeCloseTo(score, 6);
        expect(d.imageScore).toBeCloseTo(image_score, 6);
        expect([d.peak.x, d.peak.y]).toEqual([peak.x, peak.y]);
        expect(d.peak.value).toBeCloseTo(peak.value, 6);
      }
    }
  });

  it('takes classes and domains mixed, in any batch, and leaves nothing on the device', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    {
      using detector = await load();
      const classes = ['screw', 'Brain', 'pcb', 'Brain', 'screw'];
      const mixed = await all(detector, NAMES.map(png), classes, { batchSize: 4 });
      expect(mixed.map((d) => [d.index, d.className, d.domain])).toEqual(
        classes.map((c, i) => [i, c, c === 'Brain' ? 'Medical' : 'Industrial']),
      );
      for (const [i, d] of mixed.entries()) {
        const [alone] = await all(detector, png(NAMES[i]!), classes[i]!);
        expect(d.score, d.name).toBeCloseTo(alone!.score, 5);
        expect(d.score).toBeCloseTo(
          d.domain === 'Medical' ? d.peak.value : 0.5 * d.peak.value + 0.5 * d.imageScore,
          12,
        );
        expect([d.map.width, d.map.height, d.map.data.length]).toEqual([S, S, S * S]);
        expect(Math.max(...d.map.data)).toBe(d.peak.value);
        expect(Math.min(...d.map.data)).toBeGreaterThanOrEqual(0);
        expect(d.peak.x).toBeLessThan(d.picture.width);
        expect(d.peak.y).toBeLessThan(d.picture.height);
      }
      expect(mixed[1]!.score).not.toBeCloseTo((await all(detector, png('b'), 'screw'))[0]!.score, 3);
    }
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });

  it('takes a picture as path, URL, Blob, bytes or pixels: the same scores', async () => {
    using detector = await load();
    const bytes = new Uint8Array(readFileSync(png('a')));
    const { width, height, data } = await decode('a', bytes);
    const rgba = Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) =>
      i % 4 === 3 ? 255 : data[3 * (i >> 2) + (i % 4)]!,
    );
    const { port } = server.address() as AddressInfo;
    const sources = [
      png('a'),
      pathToFileURL(png('a')),
      pathToFileURL(png('a')).href,
      `http://127.0.0.1:${port}/a.png`,
      new URL(`http://127.0.0.1:${port}/a.png`),
      `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`,
      await openAsBlob(png('a')),
      new File([bytes], 'mine.png'),
      bytes,
      bytes.buffer,
      { width, height, data },
      { name: 'canvas', width, height, data: rgba },
    ];
    const found = await all(detector, sources, 'screw', { batchSize: 5 });
    expect(new Set(found.map((d) => d.score.toFixed(6))).size).toBe(1);
    expect(found.map((d) => d.name)).toEqual([
      png('a'),
      png('a'),
      png('a'),
      `http://127.0.0.1:${port}/a.png`,
      `http://127.0.0.1:${port}/a.png`,
      'data URL',
      'picture 7',
      'mine.png',
      'picture 9',
      'picture 10',
      'picture 11',
      'canvas',
    ]);
    for (const one of [png('a'), bytes, new Blob([bytes]), { width, height, data }]) {
      expect((await all(detector, one, 'screw'))[0]!.score).toBeCloseTo(found[0]!.score, 6);
    }
  });

  it('takes streams, and decodes at most one batch ahead', async () => {
    using detector = await load();
    const asked: string[] = [];
    async function* stream(): AsyncGenerator<string> {
      for (const name of NAMES) {
        asked.push(name);
        yield png(name);
      }
    }
    const seen: string[] = [];
    for await (const d of detector.detect(stream(), 'pcb', { batchSize: 1 })) {
      seen.push(d.name);
      expect(asked.length).toBeLessThanOrEqual(seen.length + 1);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual(NAMES.slice(0, 3).map(png));
    expect(await all(detector, [], 'pcb')).toEqual([]);
  });

  it('reports progress, with the total where it is known', async () => {
    using detector = await load();
    const told: [number, number | undefined][] = [];
    const onProgress = (done: number, total: number | undefined): void => void told.push([done, total]);
    await all(detector, NAMES.map(png), 'screw', { batchSize: 2, onProgress });
    expect(told).toEqual([0, 2, 4, 5].map((n) => [n, 5]));
    await all(detector, new Set([png('a'), png('b')]), 'screw', { batchSize: 2, onProgress });
    expect(told.slice(4)).toEqual([0, 2, 2].map((n) => [n, undefined]));
  });

  it('gives the device the next batch before it yields the results of one', async () => {
    const gpu = await device();
    using detector = await load();
    const pixels = { width: 40, height: 30, data: new Uint8Array(3600).fill(90) };
    const launched: number[] = [];
    const before = gpu.dispatches;
    for await (const _ of detector.detect(Array(5).fill(pixels), 'screw', { batchSize: 2 })) {
      launched.push(gpu.dispatches - before);
    }
    const last = launched.at(-1)!;
    // Batches of 2, 2 and 1: the first results come when two are launched, those of the second when all are.
    expect(launched[0]).toBe(launched[1]);
    expect(launched[0]).toBeLessThan(last);
    expect(launched.slice(2)).toEqual([last, last, last]);
  });

  it('does not wait for pictures that are not there yet', async () => {
    using detector = await load();
    let taken = 0;
    const live = async function* () {
      for (let i = 0; i < 3; i++) {
        // The next picture comes only after the result of the one before.
        while (taken < i) await new Promise((later) => setTimeout(later, 5));
        yield png(NAMES[i]!);
      }
    };
    for await (const d of detector.detect(live(), 'screw', { batchSize: 1 })) {
      expect(d.index).toBe(taken);
      taken++;
    }
    expect(taken).toBe(3);
  });

  it('gives a broken picture to onBroken, or ends with its error after the pictures before it', async () => {
    using detector = await load();
    const paths = [png('a'), png('broken'), at('missing.png'), png('b')];
    const broken: [AaclipError, number][] = [];
    const onBroken = (error: AaclipError, index: number): void => void broken.push([error, index]);
    const found = await all(detector, paths, ['screw', 'screw', 'pcb', 'pcb'], { onBroken });
    expect(found.map((d) => [d.index, d.className])).toEqual([
      [0, 'screw'],
      [3, 'pcb'],
    ]);
    expect(broken.map(([{ code }, index]) => [code, index])).toEqual([
      ['picture', 1],
      ['picture', 2],
    ]);
    expect(broken[0]![0]).toMatchObject({ file: png('broken'), cause: expect.any(PictureError) });
    expect(broken[1]![0]).toMatchObject({ file: at('missing.png'), cause: expect.any(Error) });
    expect(broken[1]![0].message).toMatch(/missing\.png: cannot read: no such file/);
    const seen: string[] = [];
    const run = async (): Promise<void> => {
      for await (const d of detector.detect(paths, 'screw', { batchSize: 4 })) seen.push(d.name);
    };
    await expectError('picture', run(), /broken\.png: truncated/);
    expect(seen).toEqual([png('a')]);
    await expectError('picture', all(detector, { width: 2, height: 2, data: new Uint8Array(5) }, 'screw'), /12 bytes/);
  });

  it('refuses unknown classes, too few or too many of them, and impossible batches', async () => {
    using detector = await load();
    const run = (classes: string | string[], options?: DetectOptions): Promise<unknown> =>
      all(detector, [png('a'), png('b')], classes, options);
    await expectError('class', run('nut'), /class "nut" was not loaded: expected one of screw, pcb, Brain/);
    await expectError('class', run(['screw']), /expected a class for every picture, got 1/);
    await expectError('class', run(['screw', 'pcb', 'pcb']), /for each of 2 pictures, got more/);
    await expectError('options', run('screw', { batchSize: 0 }), /batchSize: expected a whole number/);
    await expectError('options', run('screw', { batchSize: 1e6 }), /batchSize 1000000: .* at most \d+ pictures/);
    await expectError('options', load({ batchSize: 1e6 }), /batchSize 1000000: .* at most \d+ pictures/);
    const gpu = (await device()).counting({ limits: { maxStorageBufferBindingSize: 2 ** 19 } });
    await expectError(
      'options',
      load({ gpu, imageSize: 224 }),
      /^1 picture of 224 px at a time: .* binds at most 524288: use .*smaller pictures/,
    );
  });

  it('ends when its signal is aborted: before, between and during batches', async () => {
    using detector = await load();
    const paths = NAMES.map(png);
    const before = await expectError(
      'aborted',
      all(detector, paths, 'screw', { signal: AbortSignal.abort('no') }),
      /abort/,
    );
    expect(before).toMatchObject({ name: 'AbortError', cause: 'no' });
    const between = new AbortController();
    let seen = 0;
    const loop = async (): Promise<void> => {
      for await (const _ of detector.detect(paths, 'screw', { signal: between.signal, batchSize: 2 })) {
        if (++seen === 2) between.abort();
      }
    };
    await expectError('aborted', loop(), /abort/);
    expect(seen).toBe(2);
    const during = new AbortController();
    async function* stalled(): AsyncGenerator<string> {
      yield png('a');
      await new Promise(() => undefined);
    }
    const stream = all(detector, stalled(), 'screw', { signal: during.signal, batchSize: 1 });
    setTimeout(() => during.abort(), 300);
    await expectError('aborted', stream, /abort/);
    expect(await all(detector, paths, 'screw')).toHaveLength(5);
  });
});

describe('loadDetector', () => {
  it('takes weights and adapters from any source, and the settings the checkpoint records', async () => {
    const file = (name: string): string => join(PACKAGED_FOLDER, `${name}.safetensors`);
    const bytes = (name: string): Uint8Array => new Uint8Array(readFileSync(file(name)));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/tiny`;
    const scores: string[] = [];
    for (const [weights, adapters] of [
      ['tiny', 'tiny'],
      [file('clip'), PACKAGED_FOLDER],
      [pathToFileURL(file('clip')), pathToFileURL(PACKAGED_FOLDER)],
      [`${url}/clip.safetensors`, url],
      [bytes('clip').buffer as ArrayBuffer, { text: bytes('text_adapter'), image: file('image_adapter') }],
      [await openAsBlob(file('clip')), { text: new Blob([bytes('text_adapter')]), image: bytes('image_adapter') }],
    ] as const) {
      using detector = await load({ weights, adapters, imageSize: undefined, classes: ['screw'] });
      expect(detector.settings).toMatchObject({ imageSize: 256, adapted: true });
      scores.push((await all(detector, png('a'), 'screw'))[0]!.score.toFixed(6));
    }
    expect(new Set(scores).size).toBe(1);
    using textOnly = await load({ weights: 'tiny', adapters: { text: bytes('text_adapter') }, classes: ['screw'] });
    expect(textOnly.settings.adapted).toBe(false);
    using oneFile = await load({ weights: 'tiny', adapters: bytes('image_adapter'), classes: ['screw'] });
    expect(oneFile.settings).toMatchObject({ adapted: true, imageSize: S });
  });

  it('takes settings, and classes with words, domain and data set', async () => {
    using detector = await load({
      textMix: 0.3,
      imageMix: 0.2,
      activation: 'quickgelu',
      precision: 'f16',
      domain: 'Medical',
      classes: ['screw', { name: 'nut', domain: 'Industrial' }, { name: 'capsule', words: 'small capsule' }],
    });
    expect(detector.settings).toEqual({
      ...{ imageSize: S, textMix: 0.3, imageMix: 0.2, activation: 'quickgelu', precision: 'f16', adapted: true },
      ...{ method: 'aa-clip', levels: [1, 2, 3, 4], positional: 'bicubic' },
      decided: { activation: 'given', levels: 'method' },
      about: 'AA-CLIP: levels 1 2 3 4 (as published), quickgelu (as given), positions bicubic, antialiased',
    });
    expect(detector.classes).toEqual([
      { name: 'screw', domain: 'Medical', words: 'screw', unknownWords: [] },
      { name: 'nut', domain: 'Industrial', words: 'nut', unknownWords: [] },
      { name: 'capsule', domain: 'Medical', words: 'small capsule', unknownWords: [] },
    ]);
    expect(detector.imageSize).toBe(S);
    expect(detector.flopsPerPicture).toBeGreaterThan(1e6);
  });

  it('adds classes: scores as if loaded with all, only anchors stay on the device, failures change nothing', async () => {
    const gpu = await device();
    using whole = await load({ classes: ['screw', CLASSES[1], 'Brain'] });
    const wanted = await all(whole, [png('a'), png('b'), png('c')], ['screw', 'pcb', 'Brain']);
    using detector = await load({ classes: ['screw'] });
    const before = liveTensors(gpu);
    const unchanged = (): void => {
      expect([liveTensors(gpu), detector.classes.map(({ name }) => name)]).toEqual([before, ['screw']]);
      expect(() => detector.model.domainOf('pcb')).toThrow('was not loaded');
    };
    await expectError('class', detector.addClasses(['pcb', 'screw']), /^classes: "screw" is loaded already: add only/);
    await expectError('class', detector.addClasses(['pcb', 'pcb']), /^classes: expected every name once/);
    await expectError('class', detector.addClasses(['pcb', ' ']), /class/);
    await expectError('aborted', detector.addClasses(['pcb'], AbortSignal.abort()), /./);
    unchanged();
    // Aborted while the text tower is read: after the prompts, which note the unknown word.
    const control = new AbortController();
    using late = await load({ weights: 'tiny', adapters: 'tiny', classes: ['screw'], onNote: () => control.abort() });
    const loaded = liveTensors(gpu);
    await expectError('aborted', late.addClasses(['zyzzyva'], control.signal), /./);
    expect([liveTensors(gpu), late.classes.length]).toEqual([loaded, 1]);
    // Two calls at once take turns, so that a name is never added twice.
    const twice = await Promise.allSettled([detector.addClasses([CLASSES[1]]), detector.addClasses(['pcb'])]);
    expect(twice.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    await detector.addClasses(['Brain']);
    expect(liveTensors(gpu)).toBe(loaded + 2);
    expect(detector.classes).toEqual(whole.classes);
    const found = await all(detector, [png('a'), png('b'), png('c')], ['screw', 'pcb', 'Brain']);
    expect(found.map(({ score }) => score)).toEqual(wanted.map(({ score }) => score));
  });

  it('notes words the model does not know, and continues with "object"', async () => {
    const notes: string[] = [];
    const onNote = (note: string): void => void notes.push(note);
    using detector = await load({ weights: 'tiny', adapters: 'tiny', classes: ['zyzzyva', 'screw', 'object'], onNote });
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /"zyzzyva" of class "zyzzyva": its class uses the prompts of "object": give the class other/,
    );
    expect(detector.classes[0]).toMatchObject({ words: 'object', unknownWords: ['zyzzyva'] });
    const [strange, , object] = await all(detector, [png('a'), png('a'), png('a')], ['zyzzyva', 'screw', 'object']);
    expect(strange!.score).toBeCloseTo(object!.score, 6);
  });

  it('reports the share of the weights that is loaded', async () => {
    const shares: number[] = [];
    using _ = await load({ onProgress: (share) => shares.push(share) });
    expect(shares.at(-1)).toBeGreaterThan(0.95);
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
  });

  it('opens the device last, and closes a device it opened itself', async () => {
    let opened = 0;
    const open = async (): Promise<Awaited<ReturnType<typeof device>>> => {
      opened++;
      throw new GpuError('webgpu: none here');
    };
    await expectError('weights', load({ weights: at('nowhere.pt'), gpu: open }), /nowhere\.pt: cannot read/);
    await expectError('weights', load({ weights: png('a'), gpu: open }), /a\.png/);
    await expectError('adapters', load({ adapters: at('nowhere'), gpu: open }), /nowhere: cannot read/);
    await expectError('adapters', load({ adapters: { text: png('a') }, gpu: open }), /a\.png/);
    await expectError('class', load({ classes: [], gpu: open }), /at least one/);
    await expectError('class', load({ classes: [' '], gpu: open }), /class name: empty/);
    await expectError('class', load({ classes: ['a', 'a'], gpu: open }), /"a" twice/);
    const lost = [{ name: 'a', dataset: 'Nowhere' }];
    await expectError('class', load({ classes: lost, gpu: open }), /data set: unknown name: expected one of Brain, /);
    await expectError('options', load({ imageSize: 5, gpu: open }), /imageSize: expected .* at least 14, got 5/);
    await expectError('options', load({ weights: 'tiny', imageSize: 15, gpu: open }), /at least 16, got 15/);
    const { port } = server.address() as AddressInfo;
    await expectError(
      'weights',
      load({ weights: `http://127.0.0.1:${port}/none`, gpu: open }),
      /\/none: cannot fetch: .* 404/,
    );
    await expectError(
      'weights',
      load({ weights: 'http://127.0.0.1:1/none', gpu: open }),
      /cannot fetch: .*check the address/,
    );
    expect(opened).toBe(0);
    const error = await expectError('device', load({ gpu: open }), /none here/);
    expect(error.cause).toBeInstanceOf(GpuError);
    expect(opened).toBe(1);
    const own = await load({ gpu: undefined });
    expect(await all(own, png('a'), 'screw')).toHaveLength(1);
    own[Symbol.dispose]();
    await expectError('device', all(own, png('a'), 'screw'), /device was closed/);
  });

  it('ends when its signal is aborted: before and during', async () => {
    await expectError('aborted', load({ signal: AbortSignal.abort() }), /abort/);
    const gpu = await device();
    const before = liveTensors(gpu);
    const during = new AbortController();
    const onProgress = (share: number): void => {
      if (share > 0.3) during.abort('enough');
    };
    const error = await expectError('aborted', load({ signal: during.signal, onProgress }), /abort/);
    expect(error.cause).toBe('enough');
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });
});
