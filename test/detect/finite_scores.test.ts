/** Weights that hold NaN: no picture gets a verdict, and those of other classes keep theirs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { REGISTRY } from '../../src/data/datasets.js';
import { encodeClasses, promptedClass } from '../../src/detect/class_tokens.js';
import type { Detection } from '../../src/detect/detection.js';
import type { AaclipError } from '../../src/detect/errors.js';
import { scoreFault } from '../../src/detect/finite_scores.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { openTokenizer } from '../../src/node/open_tokenizer.js';
import { openClip, PACKAGED_FOLDER } from '../../src/node/open_weights.js';
import { runCli } from '../cli/run_cli.js';
import { device } from '../devices.js';

const dir = mkdtempSync(join(tmpdir(), 'aaclip-finite-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const NAN_F16 = 0x7e00;
const S = 56;
const png = encodePng(
  S,
  S,
  Uint8Array.from({ length: 3 * S * S }, (_, i) => i * 7),
);

/** The packaged weights with NaN in rows of one tensor. */
function spoilt(name: string, rows: Iterable<number>): Buffer {
  const file = readFileSync(join(PACKAGED_FOLDER, 'clip.safetensors'));
  const header = Number(file.readBigUInt64LE(0));
  const tensors = JSON.parse(file.toString('utf8', 8, 8 + header)) as Record<
    string,
    { shape: number[]; data_offsets: [number, number] }
  >;
  const { shape, data_offsets } = tensors[name]!;
  const width = shape.slice(1).reduce((a, b) => a * b, 1);
  for (const row of rows) file.writeUInt16LE(NAN_F16, 8 + header + data_offsets[0] + 2 * row * width);
  return file;
}

/** Rows of the token embedding that the prompts of one class use, and those of another do not. */
async function rowsOf(own: string, other: string): Promise<Set<number>> {
  const prompted = [own, other].map((name) => promptedClass(name, REGISTRY));
  const clip = await openClip('tiny');
  const { classes } = await encodeClasses(await openTokenizer(), clip, prompted, '');
  const [mine, theirs] = classes.map((c) => new Set([...c.normal, ...c.abnormal]));
  const kept = [...(await clip.readF32('token_ids'))];
  return new Set([...mine!].filter((id) => !theirs!.has(id)).map((id) => kept.indexOf(id)));
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

  it('of one class leave the results of another: onBroken is told, or the detection ends there', async () => {
    const options = { adapters: 'tiny', classes: ['screw', 'cable'], imageSize: S, gpu: await device() };
    const weights = new Uint8Array(spoilt('token_embedding.weight', await rowsOf('screw', 'cable')));
    using detector = await loadDetector({ ...options, weights });
    const pictures = [png, png, png].map((bytes) => new Uint8Array(bytes));
    const classes = ['cable', 'screw', 'cable'];
    const told: [AaclipError, number][] = [];
    const found: Detection[] = [];
    const onBroken = (error: AaclipError, index: number): void => void told.push([error, index]);
    for await (const d of detector.detect(pictures, classes, { onBroken })) found.push(d);
    expect(found.map((d) => [d.index, Number.isFinite(d.score)])).toEqual([
      [0, true],
      [2, true],
    ]);
    expect(told.map(([{ code }, index]) => [code, index])).toEqual([['score', 1]]);
    const seen: number[] = [];
    const run = async (): Promise<void> => {
      for await (const d of detector.detect(pictures, classes)) seen.push(d.index);
    };
    await expect(run()).rejects.toMatchObject({ code: 'score', file: 'picture 2' });
    expect(seen).toEqual([0]);
  });

  it('get no verdict from predict: a line for each picture, and exit code 1', async () => {
    for (const name of ['a', 'b']) writeFileSync(join(dir, `${name}.png`), png);
    const weights = join(dir, 'clip.safetensors');
    writeFileSync(weights, spoilt('visual.ln_pre.weight', [0]));
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
