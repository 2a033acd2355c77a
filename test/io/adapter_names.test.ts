import { describe, expect, test } from 'vitest';
import { canonicalAdapters } from '../../src/io/adapter_names.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { makeTensorFile, type TensorFile, tensorInfo } from '../../src/io/tensor_file.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { golden } from '../golden_files.js';

function fileOf(...names: string[]): TensorFile {
  const infos = names.map((name) => tensorInfo(name, 'F32', [2, 2]));
  return makeTensorFile('a.pth', new Map(), infos, async () => new Uint8Array(16));
}

const TEXT = ['0.fc.0.weight', '1.fc.0.weight'];
const IMAGE = ['layer_adapters.0.fc.0.weight', 'seg_proj.0.fc.weight', 'seg_proj.1.fc.weight', 'det_proj.fc.weight'];
const RELU = IMAGE.map((name) => name.replace('.fc.weight', '.fc.0.weight'));

describe('canonicalAdapters', () => {
  test('reads a checkpoint, and its tensors stored bare', async () => {
    const checkpoint = canonicalAdapters((await readTorchArchive(golden('text_adapter.tiny.pth'))).tensors);
    const bare = canonicalAdapters(await openSafetensors(golden('pth.text_adapter.tiny.safetensors')));
    const names = [0, 1, 2, 3].map((i) => `text_adapter.${i}.fc.0.weight`);
    expect(checkpoint.names).toEqual(names);
    expect(bare.names).toEqual(names);
    expect(checkpoint).toMatchObject({ text: true, image: false, relu: false });
    expect(checkpoint.shape('text_adapter.3.fc.0.weight')).toEqual([48, 64]);
    for (const name of names) expect(await checkpoint.readF32(name)).toEqual(await bare.readF32(name));
  });

  test.each([
    ['bare', IMAGE, false],
    ['named', IMAGE.map((n) => `image_adapter.${n}`), false],
    ['wrapped', IMAGE.map((n) => `module.image_adapter.${n}`), false],
    [
      'in dictionaries and wrappers',
      IMAGE.map((n) => `model_state_dict.net._orig_mod.image_adapter.module.${n}`),
      false,
    ],
    ['in a dictionary, bare', IMAGE.map((n) => `state_dict.${n}`), false],
    [
      'beside moments and averages',
      ['', 'adam_m.', 'ema.'].flatMap((p) => IMAGE.map((n) => `${p}image_adapter.${n}`)),
      false,
    ],
    ['with ReLU', RELU.map((n) => `image_adapter.${n}`), true],
  ])('reads image adapters: %s', (_, names, relu) => {
    const adapters = canonicalAdapters(fileOf(...names, 'image_optimizer.state.0.exp_avg'));
    expect(adapters.names).toEqual((relu ? RELU : IMAGE).map((n) => `image_adapter.${n}`));
    expect(adapters).toMatchObject({ text: false, image: true, relu });
  });

  test('reads both adapters from one file', () => {
    const names = [...TEXT.map((n) => `text_adapter.${n}`), ...IMAGE.map((n) => `image_adapter.${n}`)];
    expect(canonicalAdapters(fileOf(...names.toReversed()))).toMatchObject({ names, text: true, image: true });
  });

  test('allows an image adapter without residual adapters', () => {
    expect(canonicalAdapters(fileOf(...IMAGE.slice(1))).names).toHaveLength(3);
  });

  test.each([
    ['no adapters', ['visual.proj'], /a.pth: no adapters: expected .*, got visual.proj; use a file that/],
    [
      'a missing number',
      ['0.fc.0.weight', '2.fc.0.weight'],
      /adapters are incomplete or mixed: expected text_adapter.1.fc.0.weight, got/,
    ],
    ['no detection projection', IMAGE.slice(0, 3), /expected image_adapter.det_proj.fc.weight, got/],
    [
      'a projection twice, once with ReLU',
      [...IMAGE, 'seg_proj.0.fc.0.weight'],
      /mixed: .*got image_adapter.seg_proj.0.fc.0.weight$/,
    ],
    [
      'projections half with ReLU',
      [...IMAGE.slice(0, 3), 'det_proj.fc.0.weight'],
      /expected image_adapter.seg_proj.0.fc.0.weight, .*got image_adapter.seg_proj.0.fc.weight/,
    ],
    [
      'the same adapter twice',
      ['0.fc.0.weight', 'text_adapter.0.fc.0.weight'],
      /ambiguous: expected one text_adapter.0.fc.0.weight/,
    ],
    [
      'two sets of one rank',
      ['left', 'more'].flatMap((p) => TEXT.map((n) => `${p}.text_adapter.${n}`)),
      /ambiguous: expected one text adapter, got some at left., more.;/,
    ],
    ['an absurd number', ['99999999.fc.0.weight'], /^a.pth: adapters: number is too high/],
  ])('refuses %s', (_, names, message) => {
    expect(() => canonicalAdapters(fileOf(...names))).toThrow(message);
  });
});
