/** `--tile` and `--overlap`: their values, and what `predict` and `test` make of them. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TileFlags, tileOf, tileOptions } from '../../src/cli/model_options.js';
import { pictureScorer } from '../../src/detect/picture_scorer.js';
import { ClassScores } from '../../src/eval/metrics.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import type { Picture } from '../../src/picture/picture.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { type DrawnSet, drawSet, numbers, runsOf, S, test } from './drawn_set.js';
import { runCli } from './run_cli.js';

describe('the flags', () => {
  /** What the flags choose; their error's line. */
  const chosen = (...args: string[]): unknown => {
    const command = tileOptions(new Command().exitOverride().configureOutput({ writeErr: () => undefined }));
    try {
      return tileOf(command.parse(args, { from: 'user' }).opts<TileFlags>());
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('take a number of pixels, or the image size', () => {
    expect(chosen()).toBeUndefined();
    expect(chosen('--tile')).toEqual({});
    expect(chosen('--tile', '1036')).toEqual({ size: 1036 });
    expect(chosen('--tile', '518', '--overlap', '0')).toEqual({ size: 518, overlap: 0 });
    expect(chosen('--tile', '--overlap', '100')).toEqual({ overlap: 100 });
  });

  it.each([
    [['--tile', '13'], /'--tile \[px\]' argument '13' is invalid. expected a whole number of at least 14/],
    [['--tile', 'big'], /argument 'big' is invalid/],
    [['--tile', '56.5'], /argument '56.5' is invalid/],
    [['--tile', '-518'], /argument '-518' is invalid|unknown option '-518'/],
    [
      ['--tile', '56', '--overlap', '-1'],
      /'--overlap <px>' argument '-1' is invalid. expected a whole number of at least 0/,
    ],
    [['--tile', '56', '--overlap', '25%'], /argument '25%' is invalid/],
    [
      ['--tile', '56', '--overlap', '56'],
      /^--overlap: expected less than the 56 pixels of --tile, got 56: give a smaller one$/,
    ],
    [['--overlap', '10'], /^--overlap: only tiles overlap: add --tile, or leave it out$/],
  ])('refuse %j in one line', (args, message) => {
    expect(chosen(...args)).toMatch(message);
    expect(String(chosen(...args)).trim()).not.toContain('\n');
  });
});

it('predict writes the map of all tiles, and says how many there were', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'aaclip-tiles-'));
  try {
    const [width, height] = [150, 90];
    writeFileSync(join(dir, 'a.png'), encodePng(width, height, new Uint8Array(3 * width * height).fill(90)));
    const run = await runCli(
      ...['predict', join(dir, 'a.png'), '--class', 'screw', '--weights', 'synthetic:tiny', '--img_size', String(S)],
      ...['--out', dir, '--tile', '--raw', 'npy', '--overlap', '20'],
    );
    expect(run.code, run.stderr).toBe(0);
    // Along 150 pixels 0, 36, 72, 94; along 90 pixels 0, 34.
    expect(run.stderr).toMatch(/^1 pictures \(8 tiles\) in /m);
    const npy = readFileSync(join(dir, 'a.npy'));
    expect(npy.subarray(0, 128).toString('latin1')).toMatch(/'shape': \(90, 150\)/);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

describe('test', () => {
  let set: DrawnSet;
  beforeAll(async () => {
    set = await drawSet();
  });
  afterAll(() => set.remove());

  it('compares the blended maps with masks of their size, whatever the sides of a picture', async () => {
    // One faulty picture of the class is made shorter.
    const [, cut] = numbers(0);
    const samples = numbers(0).map((n) => {
      const { picture, mask, label } = drawSample(n);
      const height = n === cut ? 84 : SIZE;
      const cropped: Picture = { ...picture, height, data: picture.data.slice(0, 3 * SIZE * height) };
      return { picture: cropped, mask: mask.slice(0, SIZE * height), label };
    });
    const { picture, mask } = samples[1]!;
    writeFileSync(set.at('parts', 'cloth', 'blot', `${cut}.png`), encodePng(SIZE, 84, picture.data));
    const white = mask.map((v) => 255 * v);
    writeFileSync(set.at('parts', 'cloth', 'masks', 'blot', `${cut}.png`), encodePng(SIZE, 84, white));
    const run = await test(
      ...[...set.mine(), '--class', 'cloth', '--epoch', '2', '--batch_size', '1', '--json', '--visualize'],
      ...['--tile', String(S), '--overlap', '10'],
    );
    const [got] = runsOf(run);
    const [text, image] = ['text_adapter', 'image_adapter_2'].map((n) => set.at('ckpt', `${n}.safetensors`));
    using detector = await loadDetector({
      ...{ weights: 'synthetic:tiny', adapters: { text: text!, image: image! }, classes: ['cloth'], imageSize: S },
      gpu: await device(),
    });
    using scorer = pictureScorer(detector.model, 1, { size: S, overlap: 10 });
    const scores = new ClassScores('Industrial', { width: SIZE });
    for (const { picture, mask, label } of samples) {
      const { sums, scores: own } = await scorer.score([picture], ['cloth']);
      expect([sums[0]!.width, sums[0]!.height]).toEqual([picture.width, picture.height]);
      scores.add(sums[0]!.data, mask, label, own[0]!);
    }
    const want = scores.figures();
    expect(want.pixels).toBe(4 * SIZE * SIZE + SIZE * 84);
    expect(want.pixelAupro).toBeGreaterThan(0);
    expect(got!.classes[0]).toMatchObject(want);
    const kept = JSON.parse(readFileSync(set.at('ckpt', 'results.json'), 'utf8')) as { tile: unknown };
    expect(kept.tile).toEqual({ size: S, overlap: 10 });
    expect(existsSync(set.at('ckpt', 'visualization', 'mine', 'cloth', 'sheet.png'))).toBe(true);
  });
});
