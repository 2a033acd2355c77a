/** Anchors and words that come with the page: that they are those of the packaged model, and are used for no other one. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AnchorStore } from '../../src/detect/anchor_cache.js';
import type { LibraryHost } from '../../src/detect/sources.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { joinedChunks } from '../../src/io/joined_chunks.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { bytesSource } from '../../src/io/source.js';
import { nodeHost } from '../../src/node/device.js';
import type { EngineRequest, FromEngine, ModelChoice, ScoreReport } from '../../src/web/engine_messages.js';
import { type ReadyClasses, readReady, writeReady } from '../../src/web/ready_classes.js';
import { SAMPLE_CLASSES } from '../../tools/samples/classes.js';
import { makeReady } from '../../tools/samples/make_ready.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { NOTHING_KEPT } from './nothing_kept.js';

type WebHost = typeof import('../../src/web/web_host.js');
type Engines = typeof import('../../src/web/engine.js');

const ROOT = new URL('../../', import.meta.url);
const bytesOf = (path: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(new URL(path, ROOT)));
const READY = 'web/samples/ready.safetensors';
const shipped = (): Promise<ReadyClasses> => readReady(bytesSource(READY, bytesOf(READY)));

/** Whoever changes model, prompts or samples finds this in the failure. */
const REMEDY = `${READY} is not of the model in weights/tiny: run npm run sample-anchors`;

describe('the anchors and words of the samples', () => {
  it('are those that a device computes with the packaged model', async () => {
    const made = await makeReady(await device(), fileURLToPath(new URL('weights/tiny', ROOT)), SAMPLE_CLASSES);
    const { anchors, words } = await shipped();
    expect([...anchors.keys()].sort(), REMEDY).toEqual([...made.anchors.keys()].sort());
    expect(anchors.size).toBe(SAMPLE_CLASSES.length);
    for (const [key, values] of made.anchors) {
      expect(values.length).toBe(256);
      const off = values.map((v, i) => Math.abs(v - anchors.get(key)![i]!));
      expect(Math.max(...off), REMEDY).toBeLessThan(1e-6);
    }
    expect([...words], REMEDY).toEqual([...made.words]);
  });

  it('are of every object in the samples', () => {
    const objects = readFileSync(new URL('web/page/samples.ts', ROOT), 'utf8').matchAll(/object: '([^']+)'/g);
    const named = new Set([...objects].map(([, object]) => object));
    expect(named.size).toBeGreaterThan(3);
    expect(SAMPLE_CLASSES.slice().sort()).toEqual([...named, 'object'].sort());
  });
});

describe('a page', () => {
  const fetched: string[] = [];
  /** What the address of the anchors answers with; undefined where there is none. */
  let served: Uint8Array<ArrayBuffer> | undefined;
  beforeEach(async () => {
    vi.stubGlobal('navigator', { gpu: (await nodeHost()).entry });
    vi.stubGlobal('fetch', async (place: URL) => {
      const path = place.href.slice(ROOT.href.length);
      fetched.push(path.split('/').at(-1)!);
      if (path !== READY) return new Response(bytesOf(path));
      return new Response(served ?? null, { status: served ? 200 : 404 });
    });
    fetched.length = 0;
    served = bytesOf(READY);
  });
  let gpu: Gpu | undefined;
  afterAll(() => {
    gpu?.[Symbol.dispose]();
    vi.unstubAllGlobals();
  });

  const { picture } = drawSample(1);
  /** How often anchors were computed. */
  let saved = 0;
  const packaged: ModelChoice = { kind: 'packaged' };

  /** Bundlers and tests take the build: only there are the shaders' texts. */
  const built = (name: string): Promise<unknown> => import(new URL(`dist/web/${name}.js`, ROOT).href);

  /** A worker's answers to jobs that score the picture. */
  async function worker() {
    const { openGpu, webHost } = (await built('web_host')) as WebHost;
    const { Engine } = (await built('engine')) as Engines;
    const at = (path: string): URL => new URL(path, ROOT);
    const tiny = (part: string): URL => at(`weights/tiny/${part}.safetensors`);
    const files = { clip: tiny('clip'), text: tiny('text_adapter'), image: tiny('image_adapter') };
    const merges = at('weights/clip_merges.txt');
    const host: LibraryHost = webHost({ ...files, merges, ready: at(READY) });
    let last: FromEngine | undefined;
    const openDevice = async (): Promise<Gpu> => {
      gpu ??= await openGpu();
      return gpu;
    };
    const anchors: AnchorStore = {
      ...host.anchors!,
      save(key, file) {
        saved++;
        return host.anchors!.save(key, file);
      },
    };
    const engine = new Engine({ ...host, openDevice, anchors }, NOTHING_KEPT, (message) => {
      last = message;
    });
    return async (className = 'tile', model = packaged, imageSize = 112): Promise<ScoreReport> => {
      const given = { picture: { width: SIZE, height: SIZE, data: Uint8ClampedArray.from(picture.data) }, name: 'a' };
      const request: EngineRequest = { kind: 'score', model, className, imageSize, orient: false, ...given };
      await engine.receive({ kind: 'job', id: 1, request });
      if (last?.kind !== 'done') throw new Error(JSON.stringify(last));
      return last.result as ScoreReport;
    };
  }

  /** The shipped file with normal and abnormal anchors in each other's place. */
  async function exchanged(): Promise<Uint8Array<ArrayBuffer>> {
    const { words, anchors } = await shipped();
    const turned = [...anchors].map(([key, values]) => [key, values.map((_, i) => values[i ^ 1]!)] as const);
    return new Uint8Array(await writeReady({ words, anchors: new Map(turned) }));
  }

  it('takes them for the packaged model, and scores as if it had computed them', async () => {
    const score = await worker();
    const first = await score();
    expect(fetched.sort()).toEqual([
      'clip.safetensors',
      'image_adapter.safetensors',
      'ready.safetensors',
      'text_adapter.safetensors',
    ]);
    served = undefined;
    const live = await (await worker())();
    expect(fetched).toContain('clip_merges.txt');
    expect(Math.abs(first.score - live.score)).toBeLessThan(1e-5);
    served = await exchanged();
    expect(Math.abs((await (await worker())()).score - live.score)).toBeGreaterThan(1e-2);
  });

  it('fetches the merges only for an object with other words', async () => {
    const score = await worker();
    for (const name of SAMPLE_CLASSES) await score(name);
    expect(fetched).not.toContain('clip_merges.txt');
    await score('tile of metal');
    expect(fetched).not.toContain('clip_merges.txt');
    expect((await score('flurbistan')).model.unknownWords).toEqual(['flurbistan']);
    expect(fetched).toContain('clip_merges.txt');
  });

  it('computes the anchors of other objects once, whatever the size of pictures', async () => {
    const score = await worker();
    await score();
    saved = 0;
    const first = await score('metal');
    expect(saved).toBe(1);
    await score('metal', packaged, 96);
    expect((await score('metal')).score).toBe(first.score);
    expect(saved).toBe(1);
  });

  it('does not take them for adapters that were trained in it', async () => {
    const parts = ['text_adapter', 'image_adapter'] as const;
    const adapters = await Promise.all(
      parts.map(async (name) => new File([await trained(name)], `${name}.safetensors`)),
    );
    const model: ModelChoice = { kind: 'packaged', adapters };
    served = undefined;
    const live = await (await worker())('tile', model);
    served = await exchanged();
    expect((await (await worker())('tile', model)).score).toBe(live.score);
  });

  /** A packaged adapter after one more step: the last bit of a weight differs. */
  async function trained(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const file = await openSafetensors(bytesSource(name, bytesOf(`weights/tiny/${name}.safetensors`)));
    const [changed] = file.tensors.keys();
    const tensors = [...file.tensors.keys()].map(async (key) => {
      const raw = await file.read(key);
      if (key === changed) raw.bytes[0]! ^= 1;
      return toWrite(key, raw);
    });
    return new Uint8Array(
      await joinedChunks(writeSafetensors(await Promise.all(tensors), Object.fromEntries(file.metadata))),
    );
  }
});
