/** Anchors kept between runs: what is not read on a second start, and what makes them be computed again. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AnchorCache, type AnchorStore } from '../../src/detect/anchor_cache.js';
import { AnomalyModel, type AnomalyModelOptions } from '../../src/detect/anomaly_model.js';
import type { ClassTokens } from '../../src/detect/class_tokens.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { RawTensor } from '../../src/io/tensor_file.js';
import type { TensorView } from '../../src/io/tensor_view.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { AA_CLIP } from '../../src/model/methods/aa_clip.js';
import { openCheckpoint } from '../../src/model/methods/all_methods.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { anchorFolder, anchorStore } from '../../src/node/anchor_folder.js';
import { fileFingerprint } from '../../src/node/file_fingerprint.js';
import { loadDetector } from '../../src/node/node_library.js';
import { liveTensors, read, upload } from '../../src/tensor/tensor.js';
import { memoryAnchors } from '../../src/web/ready_classes.js';
import { device } from '../devices.js';
import { golden } from '../golden_files.js';
import { arr } from '../reference/arr.js';

const S = 56;
let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aaclip-anchors-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const prompt = (word: number): Uint32Array => Uint32Array.from({ length: 77 }, (_, i) => [49406, word, 49407][i] ?? 0);
const cloth: ClassTokens = { name: 'cloth', domain: 'Industrial', normal: prompt(320), abnormal: prompt(5107) };
const nut: ClassTokens = { name: 'nut', domain: 'Industrial', normal: prompt(100), abnormal: prompt(13568) };

/** The weights of a seed under a fingerprint, and the names of the tensors that were read. */
function counted(seed: number, fingerprint: string | undefined): { clip: TensorView; names: string[] } {
  const names: string[] = [];
  const clip = syntheticClip(TINY, seed);
  const readF32 = (name: string): Promise<Float32Array> => {
    names.push(name);
    return clip.readF32(name);
  };
  const read = (name: string): Promise<RawTensor> => {
    names.push(name);
    return clip.read(name);
  };
  const print = fingerprint === undefined ? undefined : async () => fingerprint;
  return { clip: { ...clip, read, readF32, fingerprint: print }, names };
}

const ofText = (names: readonly string[]): string[] => names.filter((name) => !name.startsWith('visual.'));

interface Start extends Partial<Omit<AnomalyModelOptions, 'clip'>> {
  readonly seed?: number;
  readonly fingerprint?: string;
}

/** Loads a model, scores a picture, and returns the map and the text tensors that were read. */
async function start({ seed = 3, fingerprint = `weights ${seed}`, ...options }: Start = {}) {
  const gpu = await device();
  const before = liveTensors(gpu);
  const { clip, names } = counted(seed, fingerprint);
  let map: Float32Array;
  {
    using model = await AnomalyModel.load(gpu, {
      clip,
      classes: [cloth],
      imageSize: S,
      adapters: { text: syntheticAdapters(TINY, 5), image: syntheticAdapters(TINY, 6) },
      anchors: anchorStore(folder),
      ...options,
    });
    using picture = upload(gpu, Float32Array.from(arr([1, 3, S, S], 'picture', 1).data), [1, 3, S, S]);
    const made = model.run(picture, 'cloth');
    map = await read(made.map);
    made.map.release();
    made.score.release();
  }
  expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  return { map, text: ofText(names) };
}

describe('a second start', () => {
  it('reads no tensor of the text tower, and gives equal maps', async () => {
    const first = await start();
    expect(first.text.length).toBeGreaterThan(20);
    const second = await start();
    expect(second.text).toEqual([]);
    expect(second.map).toEqual(first.map);
    // Only another store proves that the map does depend on the anchors.
    const other = await start({ classes: [{ ...cloth, abnormal: prompt(9) }] });
    expect(other.map).not.toEqual(first.map);
  });

  it('computes only the classes that are new', async () => {
    await start();
    const both = await start({ classes: [cloth, nut] });
    expect(both.text.length).toBeGreaterThan(20);
    expect((await start({ classes: [nut, cloth] })).text).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it.each<[what: string, changed: Start]>([
    ['other weights', { seed: 4 }],
    ['a changed file of the same weights', { fingerprint: 'later' }],
    ['other adapters', { adapters: { text: syntheticAdapters(TINY, 7), image: syntheticAdapters(TINY, 6) } }],
    ['no adapters', { adapters: { image: syntheticAdapters(TINY, 6) } }],
    ['another prompt', { classes: [{ ...cloth, normal: prompt(321) }] }],
    ['prompts in other places', { classes: [{ ...cloth, normal: cloth.abnormal, abnormal: cloth.normal }] }],
    ['another mix', { textMix: 0.3 }],
    ['another activation', { activation: 'quickgelu' }],
    ['another precision', { precision: 'f16' }],
  ])('computes anchors again for %s', async (_, changed) => {
    await start();
    expect((await start(changed)).text.length).toBeGreaterThan(20);
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it('computes anchors again for another method, and for other learned prompts', async () => {
    const prompts = (await readTorchArchive(golden('method.anomalyclip.tiny.pth'))).tensors;
    const learned = openCheckpoint(prompts);
    const changed = openCheckpoint({
      ...prompts,
      async read(name) {
        const raw = await prompts.read(name);
        return name.endsWith('ctx_neg') ? { ...raw, bytes: raw.bytes.map((b, i) => (i % 4 === 0 ? b ^ 1 : b)) } : raw;
      },
    });
    const image = (await readTorchArchive(golden('method.april_gan.tiny.pth'))).tensors;
    const kept: string[][] = [];
    for (const adapters of [learned, changed, openCheckpoint(image), { image: syntheticAdapters(TINY, 6) }]) {
      expect((await start({ adapters })).text.length).toBeGreaterThan(20);
      expect((await start({ adapters })).text).toEqual([]);
      kept.push(readdirSync(folder));
    }
    expect(kept.map((files) => files.length)).toEqual([1, 2, 3, 4]);
  });

  it('keeps nothing for weights that cannot tell whether they changed, or without a store', async () => {
    const gpu = await device();
    const { clip, names } = counted(3, undefined);
    for (let i = 0; i < 2; i++) {
      names.length = 0;
      using _ = await AnomalyModel.load(gpu, { clip, classes: [cloth], imageSize: S, anchors: anchorStore(folder) });
      expect(ofText(names).length).toBeGreaterThan(20);
    }
    await start({ anchors: undefined });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('computes anchors again where their file is broken', async () => {
    const first = await start();
    const path = join(folder, readdirSync(folder)[0]!);
    const whole = readFileSync(path);
    const flipped = Buffer.from(whole);
    flipped[whole.length - 5]! ^= 1;
    for (const broken of [Buffer.alloc(0), whole.subarray(0, whole.length - 4), flipped, Buffer.alloc(2 ** 21)]) {
      writeFileSync(path, broken);
      const again = await start();
      expect(again.text.length).toBeGreaterThan(20);
      expect(again.map).toEqual(first.map);
      expect(readFileSync(path)).toEqual(whole);
    }
  });
});

describe('anchors that came with the program', () => {
  const columns = Float32Array.from({ length: 2 * TINY.embed }, (_, i) => Math.cos(i));
  /** The keys that the store was asked for: first of a device, then of any. */
  const asked: [device: string[], any: string[]] = [[], []];
  let saved = 0;
  const storeOf = (ready: ReadonlyMap<string, Float32Array>): AnchorStore => ({
    async load(key) {
      asked[0].push(key);
      return undefined;
    },
    async save() {
      saved++;
    },
    async ready(key) {
      asked[1].push(key);
      return ready.get(key);
    },
  });

  it('are taken where none are kept, and are not kept again', async () => {
    await start({ anchors: storeOf(new Map()) });
    expect(saved).toBe(1);
    const key = asked[1].at(-1)!;
    expect((await start({ anchors: storeOf(new Map([[key, columns]])) })).text).toEqual([]);
    expect(saved).toBe(1);
    const short = storeOf(new Map([[key, columns.subarray(1)]]));
    expect((await start({ anchors: short })).text.length).toBeGreaterThan(20);
  });

  it('are those of any device and its kernels, but not of one that rounds', async () => {
    asked[0].length = 0;
    asked[1].length = 0;
    const gpu = await device();
    const { description, preferred, precision } = gpu;
    const own = { ...{ description, preferred, precision }, counts: false } as unknown as Gpu;
    const others = [
      own,
      { ...own, description: { ...description, vendor: 'another' } },
      { ...own, preferred: { softmax: 'another' } },
      { ...own, precision: 'f16' },
    ] as unknown as Gpu[];
    const { clip } = counted(3, 'weights');
    const of = { clip, method: AA_CLIP, text: undefined, textMix: undefined, activation: 'gelu', precision: 'f32' };
    for (const other of others) {
      const cache = await AnchorCache.open(storeOf(new Map()), other, of);
      await cache!.find(cloth, TINY.embed);
    }
    expect(new Set(asked[0]).size).toBe(4);
    expect(new Set(asked[1].slice(0, 3)).size).toBe(1);
    expect(asked[1][3]).not.toBe(asked[1][0]);
  });
});

it('anchors kept in memory spare a second start the text tower', async () => {
  const anchors = memoryAnchors(async () => undefined);
  const first = await start({ anchors });
  expect(first.text.length).toBeGreaterThan(20);
  const second = await start({ anchors });
  expect(second.text).toEqual([]);
  expect(second.map).toEqual(first.map);
});

it('the library keeps the anchors of a file of weights, unless it is told not to', async () => {
  const before = process.env.XDG_CACHE_HOME;
  try {
    process.env.XDG_CACHE_HOME = folder;
    const options = { weights: 'tiny', adapters: 'tiny', classes: ['screw', 'nut'], imageSize: S, gpu: await device() };
    const load = async (cache?: boolean): Promise<void> =>
      (await loadDetector({ ...options, cache }))[Symbol.dispose]();
    await load(false);
    expect(readdirSync(folder)).toEqual([]);
    await load();
    expect(readdirSync(anchorFolder())).toHaveLength(2);
    await load();
    expect(readdirSync(anchorFolder())).toHaveLength(2);
  } finally {
    process.env.XDG_CACHE_HOME = before;
  }
});

describe('the folder of anchors', () => {
  it('drops the files that were used longest ago', async () => {
    const store = anchorStore(folder, 3);
    for (const [i, key] of ['a', 'b', 'c'].entries()) {
      await store.save(key, Uint8Array.of(i));
      const path = join(folder, readdirSync(folder).find((name) => name.endsWith(`-${key}.safetensors`))!);
      utimesSync(path, i, i);
    }
    // Used again: now b is the oldest.
    expect(await store.load('a')).toEqual(Uint8Array.of(0));
    await store.save('d', Uint8Array.of(3));
    const kept = await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.load(key)));
    expect(kept).toEqual([Uint8Array.of(0), undefined, Uint8Array.of(2), Uint8Array.of(3)]);
  });

  it('that cannot be written is passed over', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, 'not a folder');
    const store = anchorStore(join(file, 'below'));
    await store.save('a', Uint8Array.of(1));
    expect(await store.load('a')).toBeUndefined();
  });

  it('lies where XDG_CACHE_HOME says, unless that is relative', () => {
    const before = process.env.XDG_CACHE_HOME;
    try {
      process.env.XDG_CACHE_HOME = folder;
      expect(anchorFolder()).toBe(join(folder, 'aaclip', 'anchors'));
      process.env.XDG_CACHE_HOME = 'here';
      expect(anchorFolder()).toMatch(/\.cache.aaclip.anchors$/);
    } finally {
      process.env.XDG_CACHE_HOME = before;
    }
  });
});

it('the fingerprint of a file changes with its bytes, its length and its times', async () => {
  const path = join(folder, 'weights');
  const bytes = Buffer.alloc(3_000_000, 7);
  writeFileSync(path, bytes);
  const seen = [await fileFingerprint(path)];
  expect(await fileFingerprint(path)).toBe(seen[0]);
  bytes[1_500_000] = 8;
  writeFileSync(path, bytes);
  seen.push(await fileFingerprint(path));
  writeFileSync(path, bytes.subarray(1));
  seen.push(await fileFingerprint(path));
  utimesSync(path, 1, 1);
  seen.push(await fileFingerprint(path));
  copyFileSync(path, `${path}.copy`);
  seen.push(await fileFingerprint(`${path}.copy`));
  expect(new Set(seen).size).toBe(5);
  await expect(fileFingerprint(join(folder, 'none'))).rejects.toThrow(/none/);
});
