/** Scores that are NaN or infinite: no such picture gets a verdict, and the others keep theirs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Detection } from '../../src/detect/detection.js';
import type { AaclipError } from '../../src/detect/errors.js';
import { scoreFault } from '../../src/detect/finite_scores.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { rawF32 } from '../../src/io/tensor_file.js';
import { openGpu } from '../../src/node/device.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { openTensors, PACKAGED_FOLDER } from '../../src/node/open_weights.js';
import { runCli } from '../cli/run_cli.js';

const dir = mkdtempSync(join(tmpdir(), 'aaclip-finite-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const S = 56;
const png = encodePng(
  S,
  S,
  Uint8Array.from({ length: 3 * S * S }, (_, i) => i * 7),
);

/** The packaged weights with one tensor so large that sums of its products leave f32's range. */
async function writeOversized(path: string, name: string): Promise<void> {
  const file = await openTensors(join(PACKAGED_FOLDER, 'clip.safetensors'));
  const tensors = await Promise.all(
    [...file.tensors.values()].map(async ({ name: own, shape }) => {
      if (own !== name) return toWrite(own, await file.read(own));
      return toWrite(own, rawF32(shape, (await file.readF32(own)).fill(3e38)));
    }),
  );
  await writeFile(path, writeSafetensors(tensors));
}

describe('scores that are no numbers', () => {
  const sum = Float32Array.of(1, 2, 3);

  it('are told from numbers, wherever they are, with a remedy for the precision', () => {
    expect(scoreFault('a.png', { sum, score: 0 }, 'f32')).toBeUndefined();
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const inMap = scoreFault('a.png', { sum: Float32Array.of(1, bad, 3), score: 0 }, 'f32');
      expect(inMap).toMatchObject({ code: 'score', file: 'a.png' });
      expect(inMap?.message).toMatch(/^a\.png: no result: the map holds NaN or infinity: the weights .*get the files/);
      const inScore = scoreFault('a.png', { sum, score: bad }, 'f16');
      expect(inScore?.message).toMatch(/^a\.png: no result: the score holds .*: use precision f32$/);
    }
  });

  it('of one picture leave the results of others: onBroken is told, or the detection ends there', async () => {
    using gpu = await openGpu();
    const { read } = gpu;
    // As a faulty device would: the second of three scores is lost.
    gpu.read = async (storage, bytes, offset) => {
      const data = await read.call(gpu, storage, bytes, offset);
      if (bytes === 12) new Float32Array(data)[1] = Number.NaN;
      return data;
    };
    using detector = await loadDetector({
      ...{ weights: 'tiny', adapters: 'tiny', classes: ['screw'], imageSize: S, batchSize: 3, gpu },
    });
    const pictures = [png, png, png].map((bytes) => new Uint8Array(bytes));
    const told: [AaclipError, number][] = [];
    const found: Detection[] = [];
    const onBroken = (error: AaclipError, index: number): void => void told.push([error, index]);
    for await (const d of detector.detect(pictures, 'screw', { onBroken })) found.push(d);
    expect(found.map((d) => [d.index, Number.isFinite(d.score)])).toEqual([
      [0, true],
      [2, true],
    ]);
    expect(told.map(([{ code }, index]) => [code, index])).toEqual([['score', 1]]);
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const d of detector.detect(pictures, 'screw')) seen.push(d.index);
    };
    await expect(run()).rejects.toMatchObject({ code: 'score', file: 'picture 2' });
    expect(seen).toEqual([0]);
  });

  it('get no verdict from predict: a line for each picture, and exit code 1', async () => {
    for (const name of ['a', 'b']) writeFileSync(join(dir, `${name}.png`), png);
    const weights = join(dir, 'clip.safetensors');
    await writeOversized(weights, 'visual.ln_pre.weight');
    const { code, stdout, stderr } = await runCli(
      ...['predict', dir, '--class', 'screw', '--weights', weights, '--adapters', 'tiny', '--img_size', String(S)],
      ...['--out', join(dir, 'out'), '--threshold', '0.5', '--json'],
    );
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object);
    expect(lines).toEqual(
      ['a', 'b'].map((name) => ({
        image: join(dir, `${name}.png`),
        error: expect.stringMatching(/\.png: no result: the \w+ holds NaN or infinity: .*get the files/),
      })),
    );
    expect(code, stderr).toBe(1);
  });
});
