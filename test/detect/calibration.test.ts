/** The file of a calibration: its name, what it holds, and what is refused. */
import { describe, expect, it } from 'vitest';
import {
  type Calibration,
  calibratedClass,
  calibrationFile,
  checkCalibration,
  encodeCalibration,
  openCalibration,
  ruleOf,
} from '../../src/detect/calibration.js';
import type { ModelIdentity } from '../../src/detect/model_identity.js';
import { packF16 } from '../../src/io/dtype.js';
import { openTensorSource } from '../../src/io/open_tensors.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { bytesSource } from '../../src/io/source.js';
import { rawF32 } from '../../src/io/tensor_file.js';

const model: ModelIdentity = {
  ...{ weights: 'w', adapters: 'a', method: 'aa-clip', imageSize: 518, levels: [6, 12], activation: 'quickgelu' },
  ...{ textMix: 0.1, imageMix: 0.1, tile: null },
};
const nut: Calibration = {
  ...{ className: 'nut', words: 'metal nut', domain: 'Industrial', model, good: 9, faulty: 0 },
  combination: { zeroShot: { mean: -3.1, weight: 0.5 }, distance: { mean: 0.2, weight: 9 } },
  scale: { good: -1, threshold: 2.5000000000000004, faulty: 6 },
  rule: {
    kind: 'false_alarms',
    wanted: 0.01,
    kept: false,
    expected: 0.1,
    interval: [0.0028, 0.3085],
    confidence: 0.95,
  },
  references: new Map([
    [0, { values: packF16(Float32Array.of(0.6, 0.8, 1, 0)), width: 2 }],
    [1, { values: packF16(Float32Array.of(0, 0, -1)), width: 3 }],
  ]),
};

async function whole(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return new Uint8Array(Buffer.concat(all));
}
const open = async (bytes: Uint8Array): Promise<Calibration> =>
  openCalibration(await openTensorSource(bytesSource('c.safetensors', bytes)));

describe('the file', () => {
  it('gives back what was put in, to the last bit', async () => {
    const { distance: _, ...alone } = nut.combination;
    for (const one of [
      nut,
      { ...nut, references: new Map(), combination: alone },
      { ...nut, faulty: 3, rule: { kind: 'f1_max', f1: 0.9, falseAlarms: 1, missed: 0 } as const },
    ]) {
      expect(await open(await whole(encodeCalibration(one)))).toEqual(one);
    }
  });

  it('names tensors by their blocks', async () => {
    const { tensors } = await openTensorSource(bytesSource('c', await whole(encodeCalibration(nut))));
    expect([...tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape])).toEqual([
      ['references.12', 'F16', [1, 3]],
      ['references.6', 'F16', [2, 2]],
    ]);
  });

  it('has a name that tells the class, whatever it is called', () => {
    for (const name of ['nut', 'metal nut', '../x', 'a/b\\c:*?', 'größe', '%41', 'CON', '.']) {
      const file = calibrationFile(name);
      expect(file).toMatch(/^calibration_[^/\\:*?"<>|]+\.safetensors$/);
      expect(calibratedClass(file)).toBe(name);
    }
    for (const file of [
      'nut.safetensors',
      'calibration_.safetensors',
      'calibration_%.safetensors',
      'calibration_a.pth',
    ])
      expect(calibratedClass(file)).toBeUndefined();
  });
});

describe('a file is refused', () => {
  const { references: _, ...about } = nut;
  const f16 = (shape: readonly number[], values: readonly number[]) => ({
    ...{ dtype: 'F16' as const, shape, bytes: new Uint8Array(Uint16Array.from(values).buffer) },
  });
  const good = f16([1, 2], [0x3c00, 0]);
  const written = (text: string | undefined, tensor: Parameters<typeof toWrite>[1] = good, name = 'references.6') =>
    whole(writeSafetensors([toWrite(name, tensor)], text === undefined ? {} : { aaclip_calibration: text }));
  const json = (change: Record<string, unknown> = {}): string => JSON.stringify({ format: 1, ...about, ...change });
  const DAMAGED = 'c.safetensors: a damaged calibration: calibrate again';

  it('without what makes it a calibration, or of another form', async () => {
    await expect(open(await written(undefined))).rejects.toThrow(
      'c.safetensors: no calibration: give a file that a calibration was saved to (aaclip calibrate)',
    );
    await expect(open(await written(json({ format: 2 })))).rejects.toThrow(
      'c.safetensors: a calibration of form 2, expected 1: calibrate again with this version',
    );
    expect((await open(await written(json()))).references.size).toBe(1);
  });

  const { rule, combination, scale } = nut;
  it.each<[string, string]>([
    ['text that is no JSON', '{"format":1'],
    ['nothing', 'null'],
    ['a form that is no number', json({ format: '1\n' })],
    ['no name', json({ className: undefined })],
    ['words that are none', json({ words: 5 })],
    ['no model', json({ model: null })],
    ['levels that are no numbers', json({ model: { ...model, levels: [{}] } })],
    ['no combination', json({ combination: undefined })],
    ['half a combination', json({ combination: { ...combination, distance: { mean: 1 } } })],
    ['no distance for its references', json({ combination: { zeroShot: combination.zeroShot } })],
    ['a distance that is null', json({ combination: { ...combination, distance: null } })],
    ['an infinite weight', json({ combination: { ...combination, zeroShot: { mean: 0, weight: Infinity } } })],
    ['a threshold of text', json({ scale: { ...scale, threshold: '2.5' } })],
    ['no rule', json({ rule: undefined })],
    ['an unknown rule', json({ rule: { ...rule, kind: 'other' } })],
    ['a rule without its interval', json({ rule: { ...rule, interval: undefined } })],
    ['half an interval', json({ rule: { ...rule, interval: [0.1] } })],
    ['F1 of nothing', json({ rule: { kind: 'f1_max', falseAlarms: 1, missed: 0 } })],
    ['no number of pictures', json({ good: null })],
  ])('with %s', async (_, text) => {
    await expect(open(await written(text))).rejects.toThrow(new Error(DAMAGED));
  });

  it.each<[string, Parameters<typeof toWrite>[1]]>([
    ['NaN', f16([1, 2], [0x7e00, 0])],
    ['infinity', f16([1, 2], [0, 0xfc00])],
    ['another type', rawF32([1, 2], Float32Array.of(1, 0))],
    ['another rank', f16([2], [0x3c00, 0])],
    ['no rows', f16([0, 2], [])],
  ])('with references of %s', async (_, tensor) => {
    await expect(open(await written(json(), tensor))).rejects.toThrow(new Error(DAMAGED));
  });

  it('without the references that it is made of, or cut short', async () => {
    await expect(open(await written(json(), good, 'references.7'))).rejects.toThrow(new Error(DAMAGED));
    const bytes = await written(json());
    for (const length of [bytes.length - 1, bytes.length - 4, 200, 9, 0]) {
      await expect(open(bytes.subarray(0, length))).rejects.toThrow(/^c\.safetensors: [^\n]+$/);
    }
  });
});

describe('a calibration is refused', () => {
  const classes = [{ className: 'nut', words: 'metal nut', domain: 'Industrial' as const }];
  const again = 'calibrate nut again with these (aaclip calibrate), or leave the calibration out';

  it.each<[string, Partial<Calibration>, string]>([
    [
      'model',
      { model: { ...model, imageSize: 336 } },
      `made with another size of pictures (336 instead of 518): ${again}`,
    ],
    ['class', { className: 'bolt\n' }, 'a calibration of class bolt\\n: expected one of nut: give that of the class'],
    ['words', { words: 'nut' }, `made for "nut", which is called "metal nut" here: ${again}`],
    ['domain', { domain: 'Medical' }, `made for Medical, not for Industrial: ${again}`],
  ])('for another %s', (_, change, message) => {
    expect(() => checkCalibration({ ...nut, ...change }, classes, model, 'c')).toThrow(new Error(`c: ${message}`));
    expect(() => checkCalibration(nut, classes, model, 'c')).not.toThrow();
  });
});

it('the rule says what decides, from what, and how sure it is', () => {
  expect(ruleOf(nut)).toBe(
    'calibration of nut: 9 good pictures, too few for false alarms of 1 %, so 10 % (0.28 % to 31 % with 95 % confidence)',
  );
  const kept = { ...nut, good: 99, rule: { ...nut.rule, kept: true } as Calibration['rule'] };
  expect(ruleOf(kept)).toBe(
    'calibration of nut: 99 good pictures, false alarms 1 % as asked for (0.28 % to 31 % with 95 % confidence)',
  );
});
