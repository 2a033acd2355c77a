/** `aaclip calibrate`, and how other commands find and refuse what it leaves. */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CalibrationReport } from '../../src/calibrate/calibrate.js';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { textLines } from '../../src/cli/calibrate/output.js';
import { type CalibrationFlags, openCalibrations } from '../../src/cli/calibration_choice.js';
import type { Judged } from '../../src/cli/judge.js';
import { type JudgeFlags, openJudge } from '../../src/cli/open_judge.js';
import { type Calibration, calibrationFile, encodeCalibration } from '../../src/detect/calibration.js';
import type { Detector } from '../../src/detect/detector.js';
import type { DetectorOptions } from '../../src/detect/open_model.js';
import { writeAtomically } from '../../src/node/atomic_write.js';
import { loadPicture } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector } from '../../src/node/node_library.js';
import { PACKAGED_FOLDER } from '../../src/node/open_weights.js';
import { drawSample } from '../../tools/pictures/index.js';
import { device } from '../devices.js';
import { arr } from '../reference/arr.js';
import { type InProcess, runHere } from './in_process.js';

const SIZE = 96;
let dir = '';
const at = (...names: string[]): string => join(dir, ...names);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-calibrate-'));
  for (const folder of ['good', 'new', 'adapters']) mkdirSync(at(folder));
  const draw = (className: string, seed: number): Uint8Array => {
    const { rgb } = drawSample({ className, seed, size: SIZE, defect: 'none', setup: 'bench' });
    return encodePng(SIZE, SIZE, rgb);
  };
  for (let i = 0; i < 5; i++) writeFileSync(at('good', `${i}.png`), draw('brick', 900 + i));
  writeFileSync(at('good', 'coin.png'), draw('coin', 1));
  writeFileSync(at('new', 'brick.png'), draw('brick', 950));
  writeFileSync(at('new', 'coin.png'), draw('coin', 2));
  for (const name of ['text_adapter', 'image_adapter'])
    copyFileSync(join(PACKAGED_FOLDER, `${name}.safetensors`), at('adapters', `${name}.safetensors`));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const MODEL = ['--weights', 'tiny', '--img_size', String(SIZE)];
const good = (...names: string[]): string[] => names.map((name) => at('good', `${name}.png`));
const BRICKS = ['0', '1', '2', '3', '4'];

const lines = ({ stdout }: InProcess): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('from good pictures to a decision', () => {
  const predict = (...args: string[]): Promise<InProcess> =>
    runHere('predict', at('new'), '--class', 'brick', ...MODEL, '--adapters', at('adapters'), '--json', ...args);

  it('the calibration lies beside the adapters, and predict decides by it', { timeout: 300_000 }, async () => {
    const run = await runHere(
      ...['calibrate', '--class', 'brick', '--good', ...good(...BRICKS), '--false_alarms', '1/6', '--json'],
      ...[...MODEL, '--adapters', at('adapters')],
    );
    expect(run.failed).toBeUndefined();
    expect(run.stderr).toBe('');
    const [report, ...more] = lines(run);
    expect(more).toEqual([]);
    const file = at('adapters', 'calibration_brick.safetensors');
    expect(report).toMatchObject({
      ...{ class: 'brick', prompt_name: 'brick', domain: 'Industrial', file, bad: [] },
      rule: { kind: 'false_alarms', wanted: 1 / 6, kept: true, expected: 1 / 6 },
      good: good(...BRICKS).map((image) => ({ image, normalized_score: expect.any(Number) })),
      // Five pictures of 6 x 6 patches, at each of the model's levels.
      reference_patches: 5 * 36 * 4,
    });
    for (const { normalized_score } of report!.good as { normalized_score: number }[])
      expect(normalized_score).toBeLessThan(0.5);
    expect(readdirSync(at('adapters')).filter((name) => !name.includes('adapter'))).toEqual([
      'calibration_brick.safetensors',
    ]);

    const found = await predict('--out', at('out'));
    expect(found.failed).toBeUndefined();
    const rule = (report!.rule as { text: string }).text;
    for (const line of lines(found)) {
      const odd = line.image === at('new', 'coin.png');
      expect(line.decided_by).toEqual({ source: 'calibration', rule });
      expect(line.anomalous).toBe((line.normalized_score as number) >= 0.5);
      expect((line.regions as unknown[]).length > 0).toBe(line.anomalous);
      if (odd) expect(line.anomalous).toBe(true);
      const mask = await loadPicture((line.files as string[]).find((name) => name.endsWith('.mask.png'))!);
      expect([mask.width, mask.height]).toEqual([SIZE, SIZE]);
      expect(mask.data.some((v) => v > 0)).toBe(line.anomalous);
    }

    const without = await predict('--out', at('bare'), '--no-calibration');
    for (const [i, line] of lines(without).entries()) {
      expect(line.decided_by).toMatchObject({ source: 'training' });
      expect(line.regions).toBeUndefined();
      expect((line.files as string[]).filter((name) => name.endsWith('.mask.png'))).toEqual([]);
      // What the method's own program computes is the same.
      const { score, image_score, peak, map_sum } = lines(found)[i]!;
      expect(line).toMatchObject({ score, image_score, peak, map_sum });
    }

    // What watches and serves judges by the same rule, and says so.
    const flags = { weights: 'tiny', adapters: at('adapters'), img_size: SIZE, json: true, cache: true, depth: 'clip' };
    using judge = await openJudge(['brick'], flags as JudgeFlags);
    const asked = lines(found).map(({ image }) => ({ picture: image as string, className: 'brick' }));
    const verdicts = new Map<number, Judged>();
    for await (const judged of judge.judge(asked)) verdicts.set(judged.index, judged);
    for (const [i, { normalized_score, anomalous, decided_by, regions }] of lines(found).entries()) {
      const judged = verdicts.get(i)!;
      if ('error' in judged) throw judged.error;
      expect(judged.verdict.anomalous).toBe(anomalous);
      expect(judged.verdict.about).toMatchObject({ normalized_score, decided_by, regions });
    }
    expect((await judge.detector()).ruleFor('brick')).toEqual({ source: 'calibration', rule });
    await judge.close();
  });
});

describe('one line, before weights are read:', () => {
  const run = async (...args: string[]): Promise<string | undefined> => {
    const { failed, stdout } = await runHere('calibrate', '--class', 'brick', '--weights', 'gone', ...args);
    expect(stdout).toBe('');
    expect(failed?.trim()).not.toContain('\n');
    return failed;
  };
  const to = (): string[] => ['--save_path', at('line')];

  it('fewer than three good pictures', async () => {
    expect(await run('--good', ...good('0', '1'), ...to())).toBe(
      'calibrate: expected at least 3 good pictures of brick, got 2: 8 are a start, 40 and more are better',
    );
    // Once is enough.
    expect(await run('--good', ...good('0', '1', '1', '0'), ...to())).toMatch(/got 2:/);
  });

  it('a picture that is good and faulty', async () => {
    expect(await run('--good', at('good'), '--bad', ...good('3'), ...to())).toBe(
      `${at('good', '3.png')}: given as good and as faulty: leave it out of --good or --bad`,
    );
  });

  it('a broken picture among the good ones', async () => {
    mkdirSync(at('broken'), { recursive: true });
    for (const name of BRICKS) copyFileSync(good(name)[0]!, at('broken', `${name}.png`));
    truncateSync(at('broken', '2.png'), 200);
    expect(await run('--good', at('broken'), ...to())).toBe(
      '--good: 1 of 5 pictures cannot be read: mend them, or leave them out with --skip-broken',
    );
  });

  it('no place for the calibration', async () => {
    const message = '--save_path: needed where --adapters is no folder of yours: name one for the calibration';
    expect(await run('--good', at('good'))).toBe(message);
    expect(await run('--good', at('good'), '--adapters', 'tiny')).toBe(message);
  });

  it('a place that is no folder', async () => {
    const model = ['--weights', 'synthetic:tiny', '--adapters', 'synthetic', '--img_size', '56', '--json'];
    const { failed, stdout } = await runHere(
      ...['calibrate', '--class', 'brick', '--good', at('good'), '--save_path', good('0')[0]!, ...model],
    );
    expect(failed).toMatch(/^[^\n]*0\.png: [^\n]+: [^\n]+$/);
    expect(stdout).toBe('');
  });

  it.each([
    ...['0', '1', '-0.1', '5', '101%', '1/0', '1/1', '0/5', 'none', '1%%', '1/2/3', '1e-400', '.'].map((text) => [
      '--false_alarms',
      text,
    ]),
    ...['95', '100%'].map((text) => ['--confidence', text]),
    ...['-1', '1.5', 'all'].map((text) => ['--references', text]),
    ['--augment', 'twice'],
    ['--seed', 'x'],
  ])('%s %s', async (flag, text) => {
    expect(await run('--good', at('good'), ...to(), `${flag}=${text}`)).toMatch(
      new RegExp(`^error: option '${flag} .*' argument '.*' is invalid`),
    );
  });
});

const S = 56;
const noise = (name: string) => {
  const { data } = arr([S, S, 3], name, 50, 128);
  return { name, width: S, height: S, data: Uint8Array.from(data, (v) => Math.min(255, Math.max(0, v))) };
};
const load = async (options: Partial<DetectorOptions> = {}): Promise<Detector> =>
  loadDetector({
    ...{ weights: 'synthetic:tiny', adapters: 'synthetic', classes: ['nut'], imageSize: S, gpu: await device() },
    ...options,
  });

describe('a folder of calibrations', () => {
  let calibration: Calibration;
  beforeAll(async () => {
    using detector = await load();
    ({ calibration } = await calibrate(detector, 'nut', ['a', 'b', 'c'].map(noise)));
    mkdirSync(at('made'));
    await writeAtomically(at('made', calibrationFile('nut')), encodeCalibration(calibration));
  });

  /** The notes of opening what the flags say, and the classes that then have a calibration. */
  const opened = async (detector: Detector, flags: CalibrationFlags): Promise<readonly [string[], string[]]> => {
    const notes: string[] = [];
    await openCalibrations(detector, flags, (note) => notes.push(note));
    return [notes, [...detector.calibrations.keys()]];
  };

  it('is that of the adapters, the one named, or none', async () => {
    using detector = await load({ classes: ['nut', 'bolt'] });
    expect(await opened(detector, {})).toEqual([[], []]);
    expect(await opened(detector, { adapters: 'tiny' })).toEqual([[], []]);
    expect(await opened(detector, { adapters: at('made'), calibration: false })).toEqual([[], []]);
    expect(await opened(detector, { adapters: at('made'), calibration: true })).toEqual([[], ['nut']]);
    expect(detector.calibrations.get('nut')).toEqual(calibration);
  });

  it('that was named must have every class', async () => {
    using detector = await load({ classes: ['nut', 'metal bolt'] });
    const make = 'make one from good pictures (aaclip calibrate --class "metal bolt" --good FOLDER)';
    await expect(opened(detector, { calibration: at('made') })).rejects.toMatchObject({
      code: 'calibration',
      message: `${at('made')}: no calibration of class metal bolt: it has those of nut: ${make}`,
    });
    await expect(opened(detector, { calibration: at('new') })).rejects.toMatchObject({
      message: `${at('new')}: no calibration of class nut: it has none at all: ${make.replace('metal bolt', 'nut')}`,
    });
    await expect(opened(detector, { calibration: at('gone') })).rejects.toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(/gone: [^\n]+$/),
    });
  });

  it.each<[string, Partial<DetectorOptions>, string]>([
    ['no adapters', { adapters: undefined }, 'another method'],
    ['another size', { imageSize: 70 }, `another size of pictures (${S} instead of 70)`],
    ['tiles', { tile: {} }, 'other tiles (null instead of {'],
    ['other shares', { textMix: 0.3 }, 'another share of text adapters (0.1 instead of 0.3)'],
    ['other words', { classes: [{ name: 'nut', words: 'hexagon nut' }] }, '"nut", which is called "hexagon nut" here'],
    ['another domain', { classes: [{ name: 'nut', domain: 'Medical' }] }, 'Industrial, not for Medical'],
  ])('of %s is refused where it was named, and otherwise not used', async (_, options, difference) => {
    using detector = await load(options);
    const made = difference.includes('nut"') || difference.includes('Medical') ? 'made for' : 'made with';
    const path = at('made', calibrationFile('nut'));
    const error = await opened(detector, { calibration: at('made') }).catch((e: Error) => e);
    expect(error).toMatchObject({ code: 'calibration' });
    const { message } = error as Error;
    expect(message.startsWith(`${path}: ${made} ${difference}`), message).toBe(true);
    expect(message).toMatch(/: calibrate nut again with these \(aaclip calibrate\), or leave the calibration out$/);
    expect(await opened(detector, { adapters: at('made') })).toEqual([[`not used: ${message}`], []]);
  });
});

it('lines for people tell the rule, the closest pictures, what is missing, and what stands out', () => {
  const named = (prefix: string, ...values: number[]) => values.map((value, i) => ({ name: `${prefix}${i}\n`, value }));
  const calibration = {
    ...{ className: 'nut', words: 'nut', domain: 'Industrial', model: {}, good: 4, faulty: 0 },
    scale: { good: 0, threshold: 2, faulty: 4 },
    rule: { kind: 'false_alarms', wanted: 0.01, kept: false, expected: 0.2, interval: [0.006, 0.6], confidence: 0.95 },
    references: new Map([[0, { values: new Uint16Array(12), width: 4 }]]),
  } as unknown as Calibration;
  const report: CalibrationReport = {
    calibration,
    ...{ good: named('g', 0, 1, 0.5, 1.5), bad: [], standsOut: { name: 'g3\n', value: 1.5 } },
  };
  expect(textLines(report, 'c.safetensors')).toEqual([
    'calibration of nut: 4 good pictures, too few for false alarms of 1 %, so 20 % (0.6 % to 60 % with 95 % confidence)',
    'references: 3 patches at 1 level',
    'good pictures with the highest scores (0.5 is the threshold; none is compared with itself):',
    ...['  0.38  g3\\n', '  0.25  g1\\n', '  0.13  g2\\n'],
    'note: a rate of 0.01 takes 99 good pictures: give more, or ask for less (--false_alarms)',
    'note: g3\\n stands out among the good pictures: look at it: if it is faulty, leave it out, since it raises the threshold',
    'written: c.safetensors',
  ]);
  const f1 = { ...calibration, rule: { kind: 'f1_max', f1: 0.8, falseAlarms: 1, missed: 2 }, references: new Map() };
  const both = textLines({ calibration: f1 as Calibration, good: named('g', 0), bad: named('b', 9, 3) }, 'c');
  expect(both.slice(1)).toEqual([
    'without references: pictures are judged by the zero-shot map alone',
    ...['good pictures with the highest scores (0.5 is the threshold):', '  0.00  g0\\n'],
    ...['faulty pictures with the lowest scores:', '  0.75  b1\\n', '  1.00  b0\\n'],
    ...['of these: 1 good called faulty, 2 faulty called good', 'written: c'],
  ]);
});
