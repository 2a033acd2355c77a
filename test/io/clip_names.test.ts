import { describe, expect, test } from 'vitest';
import { canonicalClip } from '../../src/io/clip_names.js';
import type { Dtype } from '../../src/io/dtype.js';
import { synth } from '../../src/io/synth.js';
import { makeTensorFile, type RawTensor, rawF32, type TensorFile, tensorInfo } from '../../src/io/tensor_file.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { golden } from '../golden_files.js';

/** Width, joint width, blocks of the image tower; the text tower is half as wide and has one block. */
const W = 8;
const T = 4;
const E = 6;
const LAYERS = 2;

/** Tensors of a small CLIP under OpenAI's names, [name, shape]. */
function openAiShapes(): [string, number[]][] {
  const out: [string, number[]][] = [
    ['visual.class_embedding', [W]],
    ['visual.positional_embedding', [5, W]],
    ['visual.proj', [W, E]],
    ['visual.conv1.weight', [W, 3, 2, 2]],
    ['visual.ln_pre.weight', [W]],
    ['visual.ln_pre.bias', [W]],
    ['visual.ln_post.weight', [W]],
    ['visual.ln_post.bias', [W]],
    ['token_embedding.weight', [10, T]],
    ['positional_embedding', [5, T]],
    ['ln_final.weight', [T]],
    ['ln_final.bias', [T]],
    ['text_projection', [T, E]],
    ['logit_scale', []],
  ];
  for (const [tower, width, layers] of [
    ['visual.transformer', W, LAYERS],
    ['transformer', T, 1],
  ] as const) {
    for (let i = 0; i < layers; i++) {
      const block = `${tower}.resblocks.${i}`;
      for (const n of ['ln_1', 'ln_2']) out.push([`${block}.${n}.weight`, [width]], [`${block}.${n}.bias`, [width]]);
      out.push([`${block}.attn.in_proj_weight`, [3 * width, width]], [`${block}.attn.in_proj_bias`, [3 * width]]);
      out.push([`${block}.attn.out_proj.weight`, [width, width]], [`${block}.attn.out_proj.bias`, [width]]);
      out.push([`${block}.mlp.c_fc.weight`, [4 * width, width]], [`${block}.mlp.c_fc.bias`, [4 * width]]);
      out.push([`${block}.mlp.c_proj.weight`, [width, 4 * width]], [`${block}.mlp.c_proj.bias`, [width]]);
    }
  }
  return out;
}

type Tensors = Map<string, RawTensor>;
const openAi: Tensors = new Map(openAiShapes().map(([name, shape]) => [name, rawF32(shape, synth(5, name, shape, 1))]));

function fileOf(tensors: Tensors): TensorFile {
  const infos = [...tensors].map(([name, t]) => tensorInfo(name, t.dtype, t.shape));
  return makeTensorFile('clip.bin', new Map(), infos, async (info) => tensors.get(info.name)!.bytes.slice());
}

const f32 = (t: RawTensor) => new Float32Array(t.bytes.slice().buffer);

/** The same CLIP as Hugging Face's CLIPModel saves it. */
function huggingFace(): Tensors {
  const out: Tensors = new Map();
  for (const [name, t] of openAi) {
    const values = f32(t);
    const [rows = 1, columns = 1] = t.shape;
    let own = name
      .replace(/^visual\.transformer\.resblocks/, 'vision_model.encoder.layers')
      .replace(/^transformer\.resblocks/, 'text_model.encoder.layers')
      .replace(/\.ln_(\d)\./, '.layer_norm$1.')
      .replace('.attn.', '.self_attn.')
      .replace('.c_fc.', '.fc1.')
      .replace('.c_proj.', '.fc2.');
    own =
      {
        'visual.class_embedding': 'vision_model.embeddings.class_embedding',
        'visual.positional_embedding': 'vision_model.embeddings.position_embedding.weight',
        'visual.conv1.weight': 'vision_model.embeddings.patch_embedding.weight',
        'visual.ln_pre.weight': 'vision_model.pre_layrnorm.weight',
        'visual.ln_pre.bias': 'vision_model.pre_layrnorm.bias',
        'visual.ln_post.weight': 'vision_model.post_layernorm.weight',
        'visual.ln_post.bias': 'vision_model.post_layernorm.bias',
        'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
        positional_embedding: 'text_model.embeddings.position_embedding.weight',
        'ln_final.weight': 'text_model.final_layer_norm.weight',
        'ln_final.bias': 'text_model.final_layer_norm.bias',
      }[own] ?? own;
    if (name === 'visual.proj' || name === 'text_projection') {
      const turned = values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
      out.set(
        name === 'visual.proj' ? 'visual_projection.weight' : 'text_projection.weight',
        rawF32([columns, rows], turned),
      );
    } else if (own.includes('in_proj')) {
      const part = values.length / 3;
      for (const [i, x] of ['q', 'k', 'v'].entries()) {
        const third = values.slice(i * part, (i + 1) * part);
        out.set(own.replace('in_proj_', `${x}_proj.`), rawF32([rows / 3, ...t.shape.slice(1)], third));
      }
    } else {
      out.set(own, t);
    }
  }
  const ids: RawTensor = { dtype: 'I64', shape: [1, 1], bytes: new Uint8Array(8) };
  return out.set('vision_model.embeddings.position_ids', ids).set('text_model.embeddings.position_ids', ids);
}

const renamed = (tensors: Tensors, rename: (name: string) => string): Tensors =>
  new Map([...tensors].map(([name, t]) => [rename(name), t]));
const without = (tensors: Tensors, ...names: string[]): Tensors =>
  new Map([...tensors].filter(([name]) => !names.includes(name)));

describe('canonicalClip', () => {
  test.each(['F32', 'F16', 'BF16', 'F64'] as const)(
    'names the tensor that holds a number that is none, in %s',
    async (dtype) => {
      const size = { F32: 4, F16: 2, BF16: 2, F64: 8 }[dtype];
      const of = (top: readonly number[]): Tensors => {
        const bytes = new Uint8Array(W * size);
        bytes.set(top, 6 * size - 2);
        return new Map(openAi).set('visual.ln_pre.weight', { dtype, shape: [W], bytes });
      };
      const [infinite, largest] = {
        F32: [
          [0x80, 0xff],
          [0x7f, 0x7f],
        ],
        F16: [
          [0x00, 0xfc],
          [0xff, 0x7b],
        ],
        BF16: [
          [0x80, 0xff],
          [0x7f, 0x7f],
        ],
        F64: [
          [0xf0, 0xff],
          [0xef, 0x47],
        ],
      }[dtype] as [number[], number[]];
      await expect(canonicalClip(fileOf(of(infinite))).readF32('visual.ln_pre.weight')).rejects.toThrow(
        /^clip.bin: tensor visual.ln_pre.weight: holds -Infinity at element 5 of \[8\]: expected finite numbers; /,
      );
      const clip = canonicalClip(fileOf(of(infinite.map((byte, i) => (i === 0 ? byte | 1 : byte)))));
      await expect(clip.read('visual.ln_pre.weight')).rejects.toThrow(/holds NaN at element 5/);
      await expect(canonicalClip(fileOf(of(largest))).read('visual.ln_pre.weight')).resolves.toBeDefined();
    },
  );

  const isVisual = (name: string) => name.startsWith('visual.') || name === 'logit_scale';
  const layouts: [what: string, tensors: Tensors][] = [
    ["OpenAI's", openAi],
    ["Hugging Face's", huggingFace()],
    ['a wrapped model', renamed(openAi, (n) => `module.model.${n}`)],
    [
      'a training checkpoint',
      renamed(openAi, (n) => `state_dict.module.${n}`).set('optimizer.state.0.exp_avg', openAi.get('visual.proj')!),
    ],
    ["OpenCLIP's with a text tower of its own", renamed(openAi, (n) => (isVisual(n) ? n : `text.${n}`))],
    [
      'a model within wrappers and dictionaries',
      renamed(openAi, (n) => `model_state_dict.net.${n.replace(/^visual/, 'visual._orig_mod.module')}`),
    ],
    ['Hugging Face in a wrapper', renamed(huggingFace(), (n) => `clip.${n}`)],
  ];
  test.each(layouts)('reads %s names', async (_, tensors) => {
    const clip = canonicalClip(fileOf(tensors));
    expect([...clip.names].sort()).toEqual([...openAi.keys()].sort());
    for (const [name, expected] of openAi) {
      expect({ name, shape: clip.shape(name) }).toEqual({ name, shape: expected.shape });
      expect({ name, values: await clip.readF32(name) }).toEqual({ name, values: f32(expected) });
      expect((await clip.read(name)).bytes).toEqual(new Uint8Array(expected.bytes));
    }
  });

  test('reads a TorchScript archive and keeps its dtypes', async () => {
    const clip = canonicalClip((await readTorchArchive(golden('archives/torchscript.pt'))).tensors);
    expect(clip.names).toHaveLength(14 + 3 * 12);
    expect(clip.dtype('visual.conv1.weight')).toBe('F16');
    expect(clip.dtype('visual.ln_pre.bias')).toBe('F32');
    expect(clip.has('context_length')).toBe(false);
  });

  test('takes the model itself where its average lies beside it, and refuses two of one rank', () => {
    const both = (a: string, b: string) =>
      new Map([...renamed(openAi, (n) => a + n), ...renamed(openAi, (n) => b + n)]);
    const zero: Tensors = new Map(
      [...openAi].map(([name, t]) => [name, { ...t, bytes: new Uint8Array(t.bytes.length) }]),
    );
    const averaged = new Map([...renamed(openAi, (n) => `model.${n}`), ...renamed(zero, (n) => `model_ema.${n}`)]);
    expect(canonicalClip(fileOf(averaged)).readF32('visual.proj')).resolves.toEqual(f32(openAi.get('visual.proj')!));
    expect(() => canonicalClip(fileOf(both('left.', 'more.')))).toThrow(
      /^clip.bin: holds two CLIPs: expected one, got one at left. and one at more.;/,
    );
  });

  test.each(['token_ids', 'state_dict.token_ids', 'state_dict.module.token_ids'])(
    'finds the list of kept tokens at %s',
    async (name) => {
      const ids: RawTensor = {
        dtype: 'I32',
        shape: [10],
        bytes: new Uint8Array(new Int32Array([1, 3, 5, 7, 9, 11, 13, 15, 17, 19]).buffer),
      };
      const clip = canonicalClip(fileOf(renamed(openAi, (n) => `state_dict.module.${n}`).set(name, ids)));
      expect([...(await clip.readF32('token_ids'))].slice(0, 3)).toEqual([1, 3, 5]);
    },
  );

  test.each(['visual.proj', 'token_embedding.weight'])('says why a needed tensor cannot be read: %s', (name) => {
    const file = fileOf(renamed(without(openAi, name), (n) => `module.${n}`));
    const unread = new Map([[`module.${name}`, 'its numbers are of F8_E4M3, which is not supported']]);
    expect(() => canonicalClip({ ...file, unread })).toThrow(
      `clip.bin: tensor ${name} cannot be read: its numbers are of F8_E4M3, which is not supported; save a plain state dict`,
    );
  });

  test('works without logit_scale', () => {
    expect(canonicalClip(fileOf(without(openAi, 'logit_scale'))).has('logit_scale')).toBe(false);
  });

  test('stacks and transposes tensors of any element size', async () => {
    for (const [dtype, size] of [
      ['F16', 2],
      ['F64', 8],
    ] as [Dtype, number][]) {
      const hf = huggingFace();
      const wide = (t: RawTensor): RawTensor => {
        const n = t.bytes.length / 4;
        const bytes = Uint8Array.from(
          { length: n * size },
          (_, i) => (Math.floor(i / size) + (i % size) * 100) & (i % size === size - 1 ? 0x3f : 0xff),
        );
        return { dtype, shape: t.shape, bytes };
      };
      const clip = canonicalClip(fileOf(new Map([...hf].map(([name, t]) => [name, wide(t)]))));
      const { bytes } = await clip.read('visual.proj');
      expect(clip.dtype('visual.proj')).toBe(dtype);
      // Element [w, e] of the transposed matrix is element e * W + w of the file's.
      for (let w = 0; w < W; w++) for (let e = 0; e < E; e++) expect(bytes[(w * E + e) * size]).toBe(e * W + w);
      expect((await clip.read('visual.transformer.resblocks.0.attn.in_proj_bias')).bytes).toHaveLength(3 * W * size);
    }
  });

  const q = 'vision_model.encoder.layers.0.self_attn.q_proj';
  const refused: [what: string, tensors: Tensors, message: RegExp][] = [
    [
      'a file that is not a CLIP',
      new Map([['conv.weight', openAi.get('visual.proj')!]]),
      /clip.bin: not a known kind of CLIP: .*got conv.weight;/,
    ],
    [
      'a text tower alone',
      new Map([...openAi].filter(([n]) => !isVisual(n))),
      /clip.bin: it holds CLIP's text tower alone, without an image tower: expected blocks of visual.transformer/,
    ],
    ...(
      [
        ['positional_embedding', [5], /expected \[tokens, 4\], got \[5\]/],
        ['token_embedding.weight', [10, 4, 1], /expected \[words, width\], got \[10, 4, 1\]/],
        ['token_ids', [3], /expected \[10\], got \[3\]/],
        ['logit_scale', [2], /expected \[\] or \[1\], got \[2\]/],
        ['visual.positional_embedding', [5, 9], /expected \[1 \+ patches, 8\], got \[5, 9\]/],
        ['visual.class_embedding', [], /expected \[8\], got \[\]/],
        ['text_projection', [4, 7], /expected \[4, 6\], got \[4, 7\]/],
        ['transformer.resblocks.0.attn.in_proj_weight', [12, 5], /expected \[12, 4\], got \[12, 5\]/],
        ['visual.transformer.resblocks.1.mlp.c_proj.weight', [8, 33], /expected \[8, 32\], got \[8, 33\]/],
      ] as const
    ).map(([name, shape, message]): [string, Tensors, RegExp] => [
      `another shape of ${name}`,
      new Map(openAi).set(name, rawF32(shape, new Float32Array(shape.reduce<number>((a, b) => a * b, 1)))),
      new RegExp(`^clip.bin: tensor ${name}: wrong shape: ${message.source}; use`),
    ]),
    [
      'quantised weights',
      new Map(openAi).set('visual.proj', { dtype: 'I8', shape: [W, E], bytes: new Uint8Array(W * E) }),
      /^clip.bin: tensor visual.proj: wrong type: expected floating-point numbers, got I8; use weights that are not/,
    ],
    [
      'a missing tensor',
      without(openAi, 'visual.proj'),
      /CLIP is incomplete: expected visual.proj, got visual.class_embedding, .* and \d+ more/,
    ],
    [
      'a missing block',
      renamed(openAi, (n) => n.replace('resblocks.1', 'resblocks.2')),
      /expected visual.transformer.resblocks.1.ln_1.weight, .* and 8 more/,
    ],
    ['a missing part of Hugging Face', without(huggingFace(), `${q}.weight`), new RegExp(`expected ${q}.weight, got`)],
    [
      'a layer scale',
      new Map(openAi).set('visual.transformer.resblocks.0.ls_1.gamma', openAi.get('ln_final.bias')!),
      /ls_1.gamma: block is not CLIP's/,
    ],
    [
      'q of another dtype',
      huggingFace().set(`${q}.bias`, { dtype: 'F16', shape: [W], bytes: new Uint8Array(2 * W) }),
      /k_proj.bias: wrong shape: expected F16 \[8\]/,
    ],
    [
      'a projection that is not a matrix',
      huggingFace().set('visual_projection.weight', openAi.get('ln_final.bias')!),
      /visual_projection.weight: wrong shape: expected a matrix, got F32 \[4\]/,
    ],
  ];
  test.each(refused)('refuses %s', (_, tensors, message) => {
    expect(() => canonicalClip(fileOf(tensors))).toThrow(message);
  });

  test('names a tensor that is missing', async () => {
    const clip = canonicalClip(fileOf(openAi));
    expect(() => clip.shape('visual.conv2.weight')).toThrow(
      /clip.bin: tensor is missing: expected visual.conv2.weight, got/,
    );
    await expect(clip.read('x')).rejects.toThrow(/tensor is missing/);
  });
});
