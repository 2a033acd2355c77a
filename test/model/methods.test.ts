/** Checkpoints of the methods: recognised by their tensors, read as torch saves them, refused in one line. */
import { describe, expect, it } from 'vitest';
import { makeTensorFile, type TensorFile, tensorInfo } from '../../src/io/tensor_file.js';
import type { TensorView } from '../../src/io/tensor_view.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { type ClipConfig, inferConfig } from '../../src/model/config.js';
import { AA_CLIP } from '../../src/model/methods/aa_clip.js';
import { chooseMethod, METHODS, methodNamed, openCheckpoint } from '../../src/model/methods/all_methods.js';
import { ANOMALY_CLIP } from '../../src/model/methods/anomaly_clip.js';
import { APRIL_GAN } from '../../src/model/methods/april_gan.js';
import { PLAIN_CLIP } from '../../src/model/methods/plain_clip.js';
import { syntheticClip, TINY, VIT_L_14_336 } from '../../src/model/synthetic.js';
import { golden } from '../golden_files.js';

const april = async () => (await readTorchArchive(golden('method.april_gan.tiny.pth'))).tensors;
const prompts = async () => (await readTorchArchive(golden('method.anomalyclip.tiny.pth'))).tensors;

function fileOf(...names: readonly string[]): TensorFile {
  const infos = names.map((name) => tensorInfo(name, /^token\w*ized/.test(name) ? 'I32' : 'F32', [1]));
  return makeTensorFile('a.pth', new Map(), infos, async () => new Uint8Array(4));
}

/** The same tensors, some with other shapes. */
const reshaped = (view: TensorView, shapes: Readonly<Record<string, readonly number[]>>): TensorView => ({
  ...view,
  shape: (name) => shapes[name] ?? view.shape(name),
});

const PROMPTS = ['ctx', 'token_prefix', 'token_suffix', 'tokenized_prompts'].flatMap((p) => [`${p}_pos`, `${p}_neg`]);
const LAYERS = [0, 1].flatMap((i) => [`fc.${i}.weight`, `fc.${i}.bias`]);

describe('a checkpoint', () => {
  it.each([
    ['APRIL-GAN, as published', APRIL_GAN, LAYERS.map((n) => `trainable_linearlayer.${n}`)],
    ['APRIL-GAN, its bare state dict', APRIL_GAN, LAYERS],
    ['APRIL-GAN of several GPUs', APRIL_GAN, LAYERS.map((n) => `trainable_linearlayer.module.${n}`)],
    ['AnomalyCLIP, as published', ANOMALY_CLIP, PROMPTS.map((n) => `prompt_learner.${n}`)],
    ['AnomalyCLIP, its bare state dict', ANOMALY_CLIP, PROMPTS],
    ['AA-CLIP', AA_CLIP, ['det_proj', 'seg_proj.0'].map((n) => `image_adapter.${n}.fc.weight`)],
    ["AA-CLIP's text adapters alone", PLAIN_CLIP, ['text_adapter.0.fc.0.weight']],
  ])('is recognised: %s', (_, method, names) => {
    expect(openCheckpoint(fileOf(...names)).method).toBe(method);
  });

  it('of APRIL-GAN holds a linear layer for each level', async () => {
    const { image, text } = openCheckpoint(await april());
    expect(text).toBeUndefined();
    expect(image!.names).toEqual([0, 1, 2, 3].flatMap((i) => [`fc.${i}.weight`, `fc.${i}.bias`]));
    expect(image!.shape('fc.3.weight')).toEqual([48, 128]);
    expect((await image!.readF32('fc.0.bias')).every(Number.isFinite)).toBe(true);
  });

  it('of AnomalyCLIP holds prompts, some of them views of one storage; projections that nothing reads are left out', async () => {
    const file = await prompts();
    expect([...file.tensors.keys()]).toContain('prompt_learner.compound_prompt_projections.0.weight');
    const { text } = openCheckpoint(file);
    expect(text!.names.filter((n) => n.includes('projections'))).toEqual([]);
    expect(text!.shape('token_suffix_neg')).toEqual([1, 1, 64, 64]);
    // Both prompts end alike: the suffix of "damaged object." has its tokens one place later.
    const [pos, neg] = [await text!.readF32('token_suffix_pos'), await text!.readF32('token_suffix_neg')];
    expect(neg.subarray(64, 4 * 64)).toEqual(pos.subarray(0, 3 * 64));
    const ids = await text!.readF32('tokenized_prompts_pos');
    expect([ids[0], Math.max(...ids), ids.indexOf(49407)]).toEqual([49406, 49407, 15]);
  });

  it('lacks no tensor', () => {
    const open =
      (...names: string[]) =>
      () =>
        openCheckpoint(fileOf(...names));
    expect(open(...LAYERS.slice(0, 3))).toThrow(
      /^a\.pth: an incomplete APRIL-GAN checkpoint: expected fc\.1\.bias, got /,
    );
    expect(open('fc.0.weight', 'fc.0.bias', 'fc.2.weight', 'fc.2.bias')).toThrow('expected fc.1.weight, fc.1.bias');
    expect(open(...PROMPTS.slice(1))).toThrow('an incomplete AnomalyCLIP checkpoint: expected ctx_pos');
    expect(open(...PROMPTS, 'compound_prompts_text.1')).toThrow('expected compound_prompts_text.0');
    expect(open(...LAYERS, ...LAYERS.map((n) => `trainable_linearlayer.${n}`))).toThrow(
      /ambiguous: expected one fc\.0/,
    );
    expect(open('conv.weight')).toThrow(
      /^a\.pth: no checkpoint of a known method: expected tensors such as .*\(APRIL-GAN\).*got conv\.weight; give/,
    );
  });

  it('is not of another method than the one named', async () => {
    const opened = openCheckpoint(await april());
    expect(chooseMethod(undefined, opened)).toBe(APRIL_GAN);
    expect(chooseMethod('april-gan', opened)).toBe(APRIL_GAN);
    expect(() => chooseMethod('anomalyclip', opened)).toThrow(
      /a checkpoint of APRIL-GAN, not of AnomalyCLIP: leave out/,
    );
    expect(chooseMethod(undefined, undefined)).toBe(PLAIN_CLIP);
    expect(() => chooseMethod('april-gan', undefined)).toThrow('method april-gan: needs its checkpoint: give');
    expect(() => methodNamed('soup')).toThrow(
      'unknown name soup: expected one of aa-clip, april-gan, anomalyclip, clip',
    );
  });
});

describe('a checkpoint that does not fit the weights', () => {
  const large = inferConfig(syntheticClip(VIT_L_14_336, 1));

  it('of APRIL-GAN: another backbone, other levels', async () => {
    const parts = openCheckpoint(await april());
    const checked = (config: ClipConfig) => () => APRIL_GAN.checkpoint!.checkFit(parts, config);
    expect(checked(TINY)).not.toThrow();
    expect(checked(large)).toThrow(
      /APRIL-GAN of another CLIP: expected fc\.0\.weight \[768, 1024\].*got \[48, 128\]: give/,
    );
    expect(checked({ ...TINY, levels: [2, 4] })).toThrow(
      /4 linear layers.*expected 2 for the levels 2, 4.*\(--levels\)/,
    );
  });

  it('of AnomalyCLIP: another backbone, a prompt longer than the context, more deep prompts than blocks', async () => {
    const { text } = openCheckpoint(await prompts());
    const checked = (view: TensorView, config: ClipConfig) => () =>
      ANOMALY_CLIP.checkpoint!.checkFit({ text: view }, config);
    expect(checked(text!, TINY)).not.toThrow();
    expect(checked(text!, large)).toThrow(
      /AnomalyCLIP of another CLIP: expected ctx_pos \[1, 1, 12, 768\].*got \[1, 1, 12, 64\]/,
    );
    const longer = reshaped(text!, { ctx_pos: [1, 1, 20, 64], ctx_neg: [1, 1, 20, 64] });
    expect(checked(longer, TINY)).toThrow(
      /do not fill the context: expected 77 tokens, got 1 \+ 20 learned \+ 64: give/,
    );
    expect(checked(text!, { ...TINY, textLayers: 2 })).toThrow(
      /deep prompts of .* fewer than 2 blocks, got 4 in 2: give/,
    );
    const wide = reshaped(text!, { 'compound_prompts_text.0': [77, 64] });
    expect(checked(wide, TINY)).toThrow(/fewer than 77 tokens .*got 77 in 2/);
  });
});

describe('how towers are used', () => {
  it.each([
    [AA_CLIP, 518, { activation: 'gelu', positional: 'bicubic', levels: [6, 12, 18, 24] }],
    [PLAIN_CLIP, 336, { activation: 'gelu', positional: 'bicubic', levels: [6, 12, 18, 24] }],
    [APRIL_GAN, 518, { activation: 'gelu', positional: 'bicubic', levels: [6, 12, 18, 24] }],
    [APRIL_GAN, 336, { activation: 'quickgelu', positional: 'bicubic', levels: [6, 12, 18, 24] }],
    [ANOMALY_CLIP, 518, { activation: 'quickgelu', positional: 'bilinear', levels: [24] }],
  ] as const)('is what the method was published with (%#)', (method, size, want) => {
    expect(method.towerDefaults(VIT_L_14_336, size)).toEqual(want);
  });

  it('names every method once', () => {
    expect(new Set(METHODS.map(({ name }) => name)).size).toBe(METHODS.length);
  });
});

describe('prompts', () => {
  const published = { normal: ['a'], abnormal: ['b'], realName: 'dark bottle' };

  it('of APRIL-GAN use the name of the folder, or the words given, in every state and template', () => {
    const own = APRIL_GAN.prompts({ className: 'metal_nut', published });
    expect([own.normal.length, own.abnormal.length]).toEqual([245, 175]);
    expect(own.normal[0]).toBe('a bad photo of a metal_nut.');
    expect(own.normal.at(-1)).toBe('this is one metal_nut without damage in the scene.');
    expect(own.abnormal[35]).toBe('a bad photo of a broken metal_nut.');
    expect(APRIL_GAN.prompts({ className: 'x', words: '$& nut', published }).abnormal[0]).toBe(
      'a bad photo of a damaged $& nut.',
    );
  });

  it('of AnomalyCLIP are learned, of the others those of AA-CLIP', () => {
    expect(ANOMALY_CLIP.prompts({ className: 'x', published })).toMatchObject({ normal: [], abnormal: [] });
    expect(PLAIN_CLIP.prompts({ className: 'x', published })).toBe(published);
  });
});
