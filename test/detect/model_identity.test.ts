import { describe, expect, it } from 'vitest';
import { differenceOf, type ModelIdentity, modelIdentity } from '../../src/detect/model_identity.js';
import type { ClipTensors } from '../../src/io/clip_names.js';
import { rawF32 } from '../../src/io/tensor_file.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';

const settings = {
  ...{ method: 'aa-clip', levels: [6, 12], activation: 'quickgelu', imageSize: 518, textMix: 0.1, imageMix: 0.1 },
} as unknown as Parameters<typeof modelIdentity>[2];

const of = (clip: number, text?: number, image?: number): Promise<ModelIdentity> =>
  modelIdentity(
    syntheticClip(TINY, clip),
    {
      text: text === undefined ? undefined : syntheticAdapters(TINY, text),
      image: image === undefined ? undefined : syntheticAdapters(TINY, image),
    },
    settings,
  );

describe('an identity', () => {
  it('is the same for the same tensors, and another one for others', async () => {
    const own = await of(3, 5, 6);
    expect(differenceOf(own, await of(3, 5, 6))).toBeUndefined();
    expect(differenceOf(own, await of(4, 5, 6))).toBe('other weights');
    expect(differenceOf(own, await of(3, 7, 6))).toBe('other adapters');
    expect(differenceOf(own, await of(3, 5, 7))).toBe('other adapters');
    expect(differenceOf(own, await of(3))).toBeUndefined();
  });

  it('of weights reads no tensor of more than 64 KiB', async () => {
    const clip = syntheticClip(TINY, 3);
    const read: number[] = [];
    const watched: ClipTensors = {
      ...clip,
      read: async (name) => {
        const found = await clip.read(name);
        read.push(found.bytes.length);
        return found;
      },
    };
    await modelIdentity(watched, {}, settings);
    expect(Math.max(...read)).toBeLessThanOrEqual(2 ** 16);
    expect(read.length).toBeGreaterThan(10);
    // A small one with other values is another model.
    const changed: ClipTensors = {
      ...clip,
      read: async (name) => {
        const found = await clip.read(name);
        return name === 'visual.ln_pre.weight' ? rawF32(found.shape, new Float32Array(TINY.visionWidth)) : found;
      },
    };
    const [one, other] = [await modelIdentity(clip, {}, settings), await modelIdentity(changed, {}, settings)];
    expect(differenceOf(one, other)).toBe('other weights');
  });
});

describe('a difference', () => {
  const own: ModelIdentity = {
    ...{ weights: 'w', adapters: 'a', method: 'aa-clip', imageSize: 518, levels: [6, 12], activation: 'quickgelu' },
    ...{ textMix: 0.1, imageMix: 0.1, tile: null },
  };

  it.each<[Partial<ModelIdentity>, string]>([
    [{ weights: 'v' }, 'other weights'],
    [{ adapters: 'b' }, 'other adapters'],
    [{ method: 'april-gan' }, 'another method (april-gan instead of aa-clip)'],
    [{ imageSize: 336 }, 'another size of pictures (336 instead of 518)'],
    [{ levels: [6] }, 'other levels ([6] instead of [6,12])'],
    [{ activation: 'gelu' }, 'another activation (gelu instead of quickgelu)'],
    [{ textMix: 0.2 }, 'another share of text adapters (0.2 instead of 0.1)'],
    [{ imageMix: 0.3 }, 'another share of image adapters (0.3 instead of 0.1)'],
    [{ tile: { size: 518, overlap: 52 } }, 'other tiles ({"size":518,"overlap":52} instead of null)'],
    // The one to look at first.
    [{ adapters: 'b', method: 'plain', imageSize: 1 }, 'another method (plain instead of aa-clip)'],
    // Without SHA-256 nothing is known of tensors.
    [{ weights: '', adapters: '' }, ''],
  ])('of %j is named', (change, expected) => {
    expect(differenceOf(own, { ...own, ...change }) ?? '').toBe(expected);
  });

  it('shows text of a file in a line', () => {
    expect(differenceOf(own, { ...own, method: 'a\nb' })).toBe('another method (a?b instead of aa-clip)');
  });
});
