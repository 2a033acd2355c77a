/** The library's `train`: the steps and checkpoints of the command line, resuming, stopping, errors. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AaclipError, type ErrorCode } from '../../src/detect/errors.js';
import { readScoreRecords, type ScoreRecords } from '../../src/detect/score_records.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector, type NodeTrainOptions, train } from '../../src/node/node_library.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import type { SavedCheckpoint, TrainingSample } from '../../src/train/training_options.js';
import type { StepReport } from '../../src/train/training_run.js';
import { runCli } from '../cli/run_cli.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from './pictures.js';

const COUNT = 6;
let dir = '';
const at = (...names: string[]): string => join(dir, ...names);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-train-'));
  mkdirSync(at('data'));
  const lines = Array.from({ length: COUNT }, (_, i) => {
    const { picture, mask, label } = drawSample(i);
    writeFileSync(at('data', `${i}.png`), encodePng(SIZE, SIZE, picture.data));
    const line = { image_path: `${i}.png`, label, class_name: 'cloth' };
    if (label === 0) return JSON.stringify(line);
    const white = mask.map((v) => 255 * v);
    writeFileSync(at('data', `${i}_mask.png`), encodePng(SIZE, SIZE, white));
    return JSON.stringify({ ...line, mask_path: `${i}_mask.png` });
  });
  writeFileSync(at('data', 'full-shot.jsonl'), lines.join('\n'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const drawn = (): TrainingSample[] => Array.from({ length: COUNT }, (_, i) => drawSample(i)).map(toSample);

/** The mask as bytes, with its size in a plain object. */
function toSample({ picture, mask, label, className }: ReturnType<typeof drawSample>): TrainingSample {
  return { picture, label, className, ...(label === 1 && { mask: { width: SIZE, height: SIZE, data: mask } }) };
}

async function options(more: Partial<NodeTrainOptions> = {}): Promise<NodeTrainOptions> {
  return {
    ...{ weights: 'synthetic:tiny', samples: drawn(), gpu: await device(), seed: 1, imageSize: 56 },
    ...{ textBatch: 3, textEpochs: 2, imageEpochs: 2, shape: { imageUntil: 2 }, saveEvery: 1 },
    ...more,
  };
}

async function stepsOf(more: Partial<NodeTrainOptions> = {}): Promise<StepReport[]> {
  const steps: StepReport[] = [];
  for await (const step of train(await options(more))) steps.push(step);
  return steps;
}

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

async function expectError(code: ErrorCode, work: Promise<unknown>, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(AaclipError);
  expect((error as AaclipError).message).toMatch(message);
  expect((error as AaclipError).code).toBe(code);
}

/** A checkpoint without the fingerprint of its list: only the command line has one. */
function contents(path: string): unknown {
  const bytes = readFileSync(path);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const { __metadata__: metadata, ...tensors } = JSON.parse(bytes.toString('utf8', 8, end));
  const { list: _, ...flags } = JSON.parse(metadata.flags);
  return { metadata: { ...metadata, flags }, tensors, data: base64(bytes.subarray(end)) };
}

/** The records of a checkpoint. */
function recordedScores(bytes: Uint8Array): ScoreRecords | undefined {
  const end = 8 + Number(Buffer.from(bytes).readBigUInt64LE());
  const header = JSON.parse(Buffer.from(bytes.subarray(8, end)).toString()) as { __metadata__: { scores?: string } };
  return readScoreRecords(header.__metadata__.scores);
}

describe('train', () => {
  it('makes the steps and the checkpoints of the command line, from paths and from memory', async () => {
    const cli = await runCli(
      ...['train', '--dataset', 'mine', '--data', at('data'), '--training_mode', 'full_shot', '--seed', '1', '--json'],
      ...['--weights', 'synthetic:tiny', '--img_size', '56', '--text_batch_size', '3', '--text_epoch', '2'],
      ...['--image_epoch', '2', '--image_adapt_until', '2', '--save_every', '1', '--save_path', at('cli')],
    );
    expect(cli.code, cli.stderr).toBe(0);
    const lines = cli.stdout.trim().split('\n').slice(0, -1);
    const told = lines.map((line) => JSON.parse(line) as StepReport);
    const paths = Array.from({ length: COUNT }, (_, i): TrainingSample => {
      const label = (i % 2) as 0 | 1;
      const mask = label === 1 ? { mask: at('data', `${i}_mask.png`) } : {};
      return { picture: at('data', `${i}.png`), label, className: 'cloth', ...mask };
    });
    for (const [folder, samples] of [
      ['paths', paths],
      ['memory', drawn()],
    ] as const) {
      const steps = await stepsOf({ folder: at(folder), samples });
      expect(steps).toHaveLength(2 * 2 + 2 * 3);
      expect(steps.map((s) => [s.stage, s.epoch, s.batch, s.loss])).toEqual(
        told.map((s) => [s.stage, s.epoch, s.batch, s.loss]),
      );
      for (const name of ['text_adapter', 'image_adapter', 'image_adapter_1', 'image_adapter_2']) {
        const file = `${name}.safetensors`;
        expect(contents(at(folder, file)), file).toEqual(contents(at('cli', file)));
      }
      // The folder was given back.
      expect(readdirSync(at(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
    }
  });

  it('returns adapters that a detector takes, and leaves nothing on the device', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const run = train(await options());
    let steps = 0;
    for await (const _ of run) steps++;
    expect(steps).toBe(10);
    const adapters = await run.finish();
    const again = await train(await options()).finish();
    expect(base64(again.image)).toBe(base64(adapters.image));
    expect(base64(again.text!)).toBe(base64(adapters.text!));
    {
      using detector = await loadDetector({ weights: 'synthetic:tiny', adapters, classes: ['cloth'], gpu });
      expect(detector.settings).toMatchObject({ adapted: true, imageSize: 56 });
      const [peaks, scores]: [number[], number[]] = [[], []];
      const all = Array.from({ length: COUNT }, (_, i) => drawSample(i));
      const pictures = all.map((s) => s.picture);
      for await (const { peak, score, decision } of detector.detect(pictures, 'cloth')) {
        peaks.push(Math.log(peak.value / (1 - peak.value)));
        scores.push(Math.log(score / (1 - score)));
        expect(decision).toMatchObject({ source: 'training', rule: expect.stringContaining('best on 6 training') });
      }
      // Recorded is what the detector finds on the pictures of the training.
      const { Industrial: found } = recordedScores(adapters.image) as Required<ScoreRecords>;
      expect(found.pictures).toEqual({ good: 3, faulty: 3 });
      for (const [kind, values] of [
        ['peak', peaks],
        ['score', scores],
      ] as const) {
        for (const [label, name] of [
          [0, 'good'],
          [1, 'faulty'],
        ] as const) {
          const own = values.filter((_, i) => all[i]!.label === label).sort((a, b) => a - b);
          const [lowest, , , , median, , , , highest] = found[kind][name];
          for (const [i, value] of [lowest, median, highest].entries()) expect(value).toBeCloseTo(own[i]!, 3);
        }
      }
    }
    const plain = await train(await options({ textEpochs: 0, imageEpochs: 1 })).finish();
    expect(plain.text).toBeUndefined();
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });

  it('resumes after its loop was left, and ends with the same bytes', async () => {
    const whole = await train(await options()).finish();
    expect(recordedScores(whole.image)).toBeDefined();
    const done = await train(await options({ resume: whole })).finish();
    expect(base64(done.image), 'resumed at its end').toBe(base64(whole.image));
    for (const stop of [2, 7]) {
      const saved: { text?: Uint8Array; image?: Uint8Array } = {};
      const names: string[] = [];
      const onSave = async ({ stage, name, batch, bytes }: SavedCheckpoint): Promise<void> => {
        saved[stage] = bytes;
        names.push(name);
        const isEpoch = stage === 'image' && batch === 0;
        expect(recordedScores(bytes) !== undefined, `${name} after batch ${batch}`).toBe(isEpoch);
      };
      const broken = train(await options({ onSave }));
      let steps = 0;
      for await (const _ of broken) if (++steps === stop) break;
      await expectError('training', broken.finish(), /ended before its last step/);
      expect(names).toContain('text_adapter.safetensors');
      let rest = 0;
      const resumed = train(await options({ resume: saved }));
      for await (const _ of resumed) rest++;
      expect(rest).toBeLessThan(10);
      expect(rest).toBeGreaterThan(0);
      expect(base64((await resumed.finish()).image)).toBe(base64(whole.image));
    }
    const other = stepsOf({ resume: { text: whole.text }, textMix: 0.3 });
    await expectError('training', other, /its text checkpoint was trained with another textMix/);
  });

  it('does not run ahead of a slow consumer', async () => {
    const saves: number[] = [];
    let taken = 0;
    const onSave = (): void => void saves.push(taken);
    for await (const _ of train(await options({ onSave, imageEpochs: 1 }))) {
      await new Promise((next) => setTimeout(next, 50));
      taken++;
    }
    // A save follows each step: the number of steps taken keeps up with it.
    saves.forEach((seen, i) => {
      expect(seen).toBeGreaterThanOrEqual(i - 4);
    });
    expect(saves.length).toBeGreaterThan(6);
  });

  it('ends when its signal is aborted: before, while loading and between steps', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    await expectError('aborted', stepsOf({ signal: AbortSignal.abort() }), /abort/);
    const loading = new AbortController();
    setTimeout(() => loading.abort(), 5);
    await expectError('aborted', stepsOf({ signal: loading.signal }), /abort/);
    const between = new AbortController();
    let steps = 0;
    const run = async (): Promise<void> => {
      for await (const _ of train(await options({ signal: between.signal }))) if (++steps === 5) between.abort();
    };
    await expectError('aborted', run(), /abort/);
    expect(steps).toBeGreaterThanOrEqual(5);
    expect(steps).toBeLessThan(10);
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });

  it('refuses what it cannot train on, before anything is opened', async () => {
    const [good, faulty] = drawn() as [TrainingSample, TrainingSample];
    const gpu = (): never => {
      throw new Error('opened too early');
    };
    await expectError('options', stepsOf({ gpu, samples: [] }), /samples: expected at least one/);
    await expectError('options', stepsOf({ gpu, samples: [good, { ...faulty, mask: undefined }] }), /sample 2: .*mask/);
    await expectError('options', stepsOf({ gpu, textBatch: 0 }), /textBatch: expected a whole number of at least 1/);
    await expectError('class', stepsOf({ gpu, classes: ['nut'] }), /class "cloth" is not among the classes/);
    await expectError('weights', stepsOf({ gpu, weights: at('none.pt') }), /none\.pt: cannot read/);
    const lost = [{ ...good, picture: at('none.png') }];
    await expectError('picture', stepsOf({ samples: lost }), /none\.png: cannot read/);
    expect(readdirSync(dir)).not.toContain('none.png');
  });

  it('refuses a limit of memory that it cannot keep, and steps that the adapter cannot hold', async () => {
    await expectError(
      'options',
      stepsOf({ memoryLimit: 2 ** 20 }),
      /^train: memoryLimit: the (text|image) stage needs 0\.\d\d GiB of buffers, over the limit of 0\.00 GiB: .*use smaller/,
    );
    const gpu = (await device()).counting({ limits: { maxStorageBufferBindingSize: 2 ** 14 } });
    await expectError(
      'options',
      stepsOf({ gpu }),
      /^text stage with 3 pictures of 56 px a step: .* binds at most 16384: use/,
    );
  });

  it('notes words the model does not know', async () => {
    const notes: string[] = [];
    const samples = drawn().map((s) => ({ ...s, className: 'zyzzyva' }));
    const steps = await stepsOf({
      weights: 'tiny',
      samples,
      textEpochs: 1,
      imageEpochs: 0,
      onNote: (n) => notes.push(n),
    });
    expect(steps).toHaveLength(2);
    expect(notes).toEqual([
      expect.stringMatching(/"zyzzyva" of class "zyzzyva": its class uses the prompts of "object"/),
    ]);
  });
});
