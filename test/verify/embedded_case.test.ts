/** Cases `train.*` on packaged weights: they are computed with exactly those weights, pictures and classes. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/io/safetensors.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { bytesSource } from '../../src/io/source.js';
import { type RawTensor, rawF32, type TensorFile } from '../../src/io/tensor_file.js';
import { clipSpecs, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { packagedFile } from '../../src/node/packaged_file.js';
import type { GoldenFolder } from '../../src/verify/case.js';
import { trainCase } from '../../src/verify/train_cases.js';
import { verify } from '../../src/verify/verify.js';
import { device } from '../devices.js';

const KEPT = [5, 300, 320, 49406, 49407];
const CONFIG = { ...TINY, vocab: KEPT.length, patch: 16, image: 32, levels: [1, 2, 3, 4] };
const SIZE = 32;

async function fileOf(tensors: Record<string, RawTensor>, metadata: Record<string, string> = {}) {
  const chunks: Uint8Array[] = [];
  const list = Object.entries(tensors).map(([name, tensor]) => toWrite(name, tensor));
  for await (const chunk of writeSafetensors(list, metadata)) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

const bytes = (values: ArrayLike<number>, shape: readonly number[]): RawTensor => ({
  dtype: 'U8',
  shape,
  bytes: Uint8Array.from(values),
});
const integers = (values: readonly number[], shape: readonly number[] = [values.length]): RawTensor => ({
  dtype: 'I32',
  shape,
  bytes: new Uint8Array(Int32Array.from(values).buffer),
});

/** A small CLIP whose token table keeps a few rows, as the packaged one's. */
async function weights(seed: number): Promise<Uint8Array<ArrayBuffer>> {
  const clip = syntheticClip(CONFIG, seed);
  const tensors: Record<string, RawTensor> = { token_ids: integers(KEPT) };
  for (const name of clipSpecs(CONFIG).keys())
    tensors[name] = rawF32(clip.shape(name), Float32Array.from(await clip.readF32(name)));
  return fileOf(tensors);
}

const prompt = (...ids: number[]) => Array.from({ length: 77 }, (_, i) => [49406, ...ids, 49407][i] ?? 0);
const CLASSES = [
  { name: 'wood', normal: [prompt(5)], abnormal: [prompt(300)] },
  { name: 'screw', normal: [prompt(320), prompt(320, 5)], abnormal: [prompt(320, 300)] },
];

interface Changes {
  readonly metadata?: Record<string, string>;
  readonly tensors?: Record<string, RawTensor>;
}

/** A case of one step on four pictures of two classes. All expected values are zero: only the computed ones matter. */
async function caseOf(clip: Uint8Array, { metadata, tensors }: Changes = {}): Promise<TensorFile> {
  const area = SIZE * SIZE;
  const pictures = Array.from({ length: 4 * 3 * area }, (_, i) => (i * 37 + (i >> 7) * 11) % 256);
  const masks = Array.from({ length: 4 * area }, (_, i) => (i >= 2 * area && i % SIZE < 9 ? 1 : 0));
  const config = {
    ...{
      context: 77,
      head_width: 64,
      quick_gelu: false,
      embed: CONFIG.embed,
      patch: 16,
      image: 32,
      vocab: KEPT.length,
    },
    ...{ v_width: 128, v_layers: 4, t_width: 64, t_layers: 3, t_heads: 1, levels: [1, 2, 3, 4] },
  };
  const own: Record<string, string> = {
    config: JSON.stringify(config),
    ...{ image_size: `${SIZE}`, batch: '4', steps: '1', lr: '0.001', stage: '2', adapter_seed: '3', sampled: 'all' },
    classes: JSON.stringify(CLASSES),
    clip: 'weights/tiny/clip.safetensors',
    clip_sha256: createHash('sha256').update(clip).digest('hex'),
  };
  const file = await fileOf(
    {
      pictures: bytes(pictures, [4, SIZE, SIZE, 3]),
      masks: bytes(masks, [4, SIZE, SIZE]),
      labels: integers([0, 0, 1, 1]),
      owners: integers([0, 1, 0, 1]),
      batches: integers([3, 0, 2, 1], [1, 4]),
      loss: rawF32([1], Float32Array.of(0)),
      ...tensors,
    },
    { ...own, ...metadata },
  );
  const opened = await openSafetensors(bytesSource('train.embedded.image.safetensors', file));
  const zeros = { dtype: 'F32', shape: [1], bytes: new Uint8Array(4) } as const;
  // Expected values that a test does not give are zero.
  return {
    ...opened,
    read: async (name) => (opened.tensors.has(name) ? opened.read(name) : zeros),
    readF32: async (name) => (opened.tensors.has(name) ? opened.readF32(name) : new Float32Array(1)),
  };
}

/** The loss of the case's only step. */
async function lossOf(clip: Uint8Array<ArrayBuffer>, changes: Changes = {}): Promise<number> {
  const file = await caseOf(clip, changes);
  const context = { gpu: await device(), folder: {} as GoldenFolder, file, precision: 'f32' } as const;
  for await (const c of trainCase({ ...context, packaged: async () => clip })) {
    if (c.tensor === 'loss.0') return c.got[0]!;
  }
  throw new Error('no loss was computed');
}

/** What `verify` reports for the case when the host gives `found` for the weights. */
async function notesOf(file: TensorFile, packaged?: (path: string) => Promise<Uint8Array<ArrayBuffer>>) {
  const folder = { files: ['train.embedded.image.safetensors'], open: async () => file } as Partial<GoldenFolder>;
  const result = await verify(await device(), folder as GoldenFolder, packaged ? { packaged } : {});
  expect(result.pass).toBe(false);
  return result.reports.map((r) => r.note);
}

describe('a training case on packaged weights', () => {
  it('is computed with them, and with the prompts, pictures, masks, owners and order it carries', async () => {
    const first = await weights(1);
    const loss = await lossOf(first);
    expect(loss).toBeGreaterThan(0);
    expect(await lossOf(first)).toBe(loss);
    const others = [
      await lossOf(await weights(2)),
      await lossOf(first, { metadata: { classes: JSON.stringify([CLASSES[1], CLASSES[0]]) } }),
      await lossOf(first, { tensors: { owners: integers([0, 1, 0, 0]) } }),
      await lossOf(first, { tensors: { batches: integers([3, 0, 2, 0], [1, 4]) } }),
      await lossOf(first, { tensors: { labels: integers([0, 0, 0, 1]) } }),
      await lossOf(first, { tensors: { masks: bytes(new Uint8Array(4 * SIZE * SIZE), [4, SIZE, SIZE]) } }),
      await lossOf(first, {
        tensors: { pictures: bytes(new Uint8Array(12 * SIZE * SIZE).fill(128), [4, SIZE, SIZE, 3]) },
      }),
    ];
    for (const other of others) expect(Math.abs(other - loss)).toBeGreaterThan(1e-3);
  });

  it('refuses weights of another digest, and names both', async () => {
    const clip = await weights(1);
    const changed = clip.slice();
    changed[changed.length - 1]! ^= 1;
    const [note, ...rest] = await notesOf(await caseOf(clip), async () => changed);
    const digests = [clip, changed].map((b) => createHash('sha256').update(b).digest('hex'));
    expect(rest).toEqual([]);
    expect(note).toMatch(/^weights\/tiny\/clip\.safetensors: not the weights .*; restore the file or compute/);
    expect(note).toContain(`expected SHA-256 ${digests[0]}, got ${digests[1]}`);
  });

  it('reports that the host has no packaged files, or lacks this one', async () => {
    const clip = await weights(1);
    expect(await notesOf(await caseOf(clip))).toEqual([
      'train.embedded.image.safetensors: needs weights/tiny/clip.safetensors, and this host gives no packaged files',
    ]);
    const missing = await caseOf(clip, { metadata: { clip: 'weights/tiny/none.safetensors' } });
    expect(await notesOf(missing, packagedFile)).toEqual([
      expect.stringMatching(/weights.tiny.none\.safetensors: missing, .*: install aaclip again$/),
    ]);
  });

  it('reads no file outside the weights of the package', async () => {
    for (const path of ['package.json', 'weights/../package.json', '/etc/hostname', 'weights', 'weights//x']) {
      await expect(packagedFile(path), path).rejects.toThrow(`${path}: not a file of the package`);
    }
    expect((await packagedFile('weights/clip_merges.txt')).length).toBeGreaterThan(1000);
  });

  it('refuses pictures of another size and prompts of another length', async () => {
    const clip = await weights(1);
    const small = await caseOf(clip, { tensors: { masks: bytes(new Uint8Array(4 * 256), [4, 16, 16]) } });
    expect(await notesOf(small, async () => clip)).toEqual([
      'train.embedded.image.safetensors: masks: expected U8 [4, 32, 32], got U8 [4, 16, 16]',
    ]);
    const classes = JSON.stringify([{ ...CLASSES[0], normal: [[49406, 49407]] }, CLASSES[1]]);
    expect(await notesOf(await caseOf(clip, { metadata: { classes } }), async () => clip)).toEqual([
      'train.embedded.image.safetensors: a prompt: expected 77 token ids, got 2',
    ]);
  });
});
