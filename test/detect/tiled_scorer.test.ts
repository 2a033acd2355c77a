/** Large pictures in tiles: equal to their parts where one tile counts, without seams, found in their place, in bounded memory. */
import { describe, expect, it } from 'vitest';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import type { Detection } from '../../src/detect/detection.js';
import type { DetectOptions, Detector } from '../../src/detect/detector.js';
import { pictureScorer } from '../../src/detect/picture_scorer.js';
import { tilingOf } from '../../src/detect/tiling.js';
import { shapesOnly } from '../../src/io/shapes_only.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { loadDetector } from '../../src/node/node_library.js';
import type { Picture } from '../../src/picture/picture.js';
import { tileCount } from '../../src/picture/tile_grid.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import { promptsOf } from '../counting.js';
import { device } from '../devices.js';
import { arr } from '../reference/arr.js';

const S = 56;

/** A weave with noise, and blots where they are wanted. */
function drawn(width: number, height: number, blots: readonly (readonly [number, number, number])[] = []): Picture {
  const noise = arr([height, width], `tiles ${width}`, 12).data;
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    const inside = blots.some(([cx, cy, r]) => (x + 0.5 - cx) ** 2 + (y + 0.5 - cy) ** 2 < r ** 2);
    const weave = 128 + 25 * Math.sin(x / 3) + 25 * Math.sin(y / 4) + noise[i]!;
    for (let c = 0; c < 3; c++) data[3 * i + c] = inside ? [90, 20, 10][c]! + 0.3 * weave : weave + 6 * c;
  }
  return { name: `${width}x${height}`, width, height, channels: 3, data };
}

function cropped({ data, width }: Picture, x: number, y: number, side: number): Picture {
  const out = new Uint8Array(3 * side * side);
  for (let row = 0; row < side; row++) {
    const from = 3 * ((y + row) * width + x);
    out.set(data.subarray(from, from + 3 * side), 3 * side * row);
  }
  return { name: `at ${x},${y}`, width: side, height: side, channels: 3, data: out };
}

const synthetic = async (more = {}): Promise<Detector> =>
  loadDetector({
    ...{ weights: 'synthetic:tiny', adapters: 'synthetic', classes: ['cloth'], imageSize: S, gpu: await device() },
    ...more,
  });

async function one(detector: Detector, picture: Picture, options: DetectOptions = {}): Promise<Detection> {
  for await (const d of detector.detect(picture, 'cloth', { batchSize: 1, ...options })) return d;
  throw new Error('no result');
}

describe('a picture in tiles', () => {
  it('is scored as without them, to the bit, where it is no larger than a tile', async () => {
    using detector = await synthetic();
    for (const [width, height] of [
      [56, 56],
      [40, 31],
      [56, 20],
    ] as const) {
      const picture = drawn(width, height);
      const [whole, tiled] = [await one(detector, picture), await one(detector, picture, { tile: {} })];
      const values = (d: Detection) => ({
        ...d,
        ms: 0,
        decision: { ...d.decision, map: d.decision.map(), evidence: d.decision.evidence.map() },
      });
      expect(values(tiled)).toEqual(values(whole));
    }
  });

  it.each([1, 2])(
    'has the map of a tile, to the bit, where no other tile is, and a mean by distance between, %i pixels to one',
    async (k) => {
      using detector = await synthetic();
      const picture = drawn(140 * k, 98 * k, [[60 * k, 30 * k, 20 * k]]);
      const tiled = await one(detector, picture, { tile: { size: S * k, overlap: 14 * k } });
      expect([tiled.sum.width, tiled.sum.height]).toEqual([140, 98]);
      // On the map, tiles begin at 0, 42, 84 and at 0, 42: no shifted one.
      const parts = new Map<string, Detection>();
      for (const x of [0, 42, 84])
        for (const y of [0, 42]) parts.set(`${x},${y}`, await one(detector, cropped(picture, k * x, k * y, k * S)));
      const valueIn = (x: number, y: number, from: readonly [number, number]): number =>
        parts.get(from.join())!.sum.data[(y - from[1]) * S + x - from[0]]!;
      const weighted = (at: number, starts: readonly number[]) =>
        starts.flatMap((s) => {
          const place = at - s;
          if (place < 0 || place >= S) return [];
          const rise = s > 0 && place < 14 ? (place + 0.5) / 14 : 1;
          const fall = s < starts.at(-1)! && place >= 42 ? (55.5 - place) / 14 : 1;
          return [[s, Math.min(rise, fall)] as const];
        });
      const [alone, shared]: [number[], number[]] = [[], []];
      for (const [i, got] of tiled.sum.data.entries()) {
        const [x, y] = [i % 140, Math.floor(i / 140)];
        const [columns, rows] = [weighted(x, [0, 42, 84]), weighted(y, [0, 42])];
        const want = columns.reduce(
          (sum, [cx, wx]) => sum + rows.reduce((part, [cy, wy]) => part + wx * wy * valueIn(x, y, [cx, cy]), 0),
          0,
        );
        (columns.length === 1 && rows.length === 1 ? alone : shared).push(Math.abs(got - want));
      }
      expect([alone.length, Math.max(...alone)]).toEqual([(140 - 2 * 14) * (98 - 14), 0]);
      expect(Math.max(...shared)).toBeLessThan(1e-5);
      // Half the score is that of the most anomalous tile, which is not the last one, and half that of the whole picture.
      const scores = [...parts.values()].map((p) => p.imageScore);
      const whole = await one(detector, picture);
      expect(tiled.imageScore).toBeCloseTo(0.5 * whole.imageScore + 0.5 * Math.max(...scores), 7);
      expect(Math.max(...scores)).toBeGreaterThan(scores.at(-1)! + 1e-6);
      expect(tiled.score).toBeCloseTo(0.5 * tiled.peak.value + 0.5 * tiled.imageScore, 12);
    },
  );

  it('may be one of a batch, with others of any size, and leaves nothing on the device', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    {
      using detector = await synthetic({ tile: { size: 70, overlap: 20 }, batchSize: 3 });
      expect(detector.settings.tile).toEqual({ size: 70, overlap: 20 });
      const pictures = [drawn(200, 75), drawn(30, 30), drawn(71, 70), drawn(90, 300)];
      const found: Detection[] = [];
      for await (const d of detector.detect(pictures, 'cloth')) found.push(d);
      expect(found.map((d) => d.index)).toEqual([0, 1, 2, 3]);
      for (const [i, d] of found.entries()) {
        const alone = await one(detector, pictures[i]!);
        const long = (n: number): number => (n <= 70 ? S : Math.round((n * S) / 70));
        expect([d.map.width, d.map.height]).toEqual([long(d.picture.width), long(d.picture.height)]);
        expect(d.sum.data.every((v, at) => Math.abs(v - alone.sum.data[at]!) < 1e-4)).toBe(true);
        expect(d.imageScore).toBeCloseTo(alone.imageScore, 5);
      }
    }
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  });

  it('ends between its tiles when it is given up', async () => {
    const gpu = await device();
    using detector = await synthetic({ tile: { overlap: 28 } });
    const aborting = new AbortController();
    const work = one(detector, drawn(900, 900), { signal: aborting.signal });
    setTimeout(() => aborting.abort(), 50);
    await expect(work).rejects.toThrow(/aborted/);
    const then = gpu.dispatches;
    await new Promise((later) => setTimeout(later, 300));
    const after = gpu.dispatches;
    await new Promise((later) => setTimeout(later, 300));
    expect(gpu.dispatches).toBe(after);
    // Of 31 x 31 tiles, at most one more was on its way.
    expect(after - then).toBeLessThan(400);
  });
});

describe('defects on seams', () => {
  it('show where they are, and the seams do not', async () => {
    using detector = await loadDetector({
      ...{ weights: 'tiny', adapters: 'tiny', classes: ['cloth'], imageSize: 128, gpu: await device() },
    });
    // Tiles of 128 pixels begin at 0, 96, 192: their borders are at 96, 128, 192 and 224.
    for (const [cx, cy] of [
      [96, 128],
      [112, 112],
      [128, 224],
      [60, 200],
      [224, 96],
    ] as const) {
      const d = await one(detector, drawn(320, 320, [[cx, cy, 8]]), { tile: { size: 128, overlap: 32 } });
      const off = Math.hypot(d.peak.x - cx, d.peak.y - cy);
      expect(off, `blot at ${cx},${cy}, peak at ${d.peak.x},${d.peak.y}`).toBeLessThan(16);
    }
    const { map } = await one(detector, drawn(320, 320), { tile: { size: 128, overlap: 32 } });
    const steps = (across: boolean, at: number): number => {
      let most = 0;
      for (let i = 0; i < 320; i++) {
        const place = (n: number): number => (across ? i * 320 + n : n * 320 + i);
        most = Math.max(most, Math.abs(map.data[place(at)]! - map.data[place(at - 1)]!));
      }
      return most;
    };
    const borders = new Set([96, 128, 192, 224]);
    for (const across of [true, false]) {
      const inner = Math.max(...Array.from({ length: 319 }, (_, i) => (borders.has(i + 1) ? 0 : steps(across, i + 1))));
      for (const at of borders) expect(steps(across, at), `at ${at}`).toBeLessThanOrEqual(inner);
    }
  });
});

it('the memory on the device is that of a batch of tiles, however many there are', async () => {
  const own = await device();
  const picture = drawn(1000, 1100);
  const peakOf = async (overlap: number): Promise<number> => {
    using gpu = own.counting();
    using model = await AnomalyModel.load(gpu, {
      clip: syntheticClip(TINY, 1),
      adapters: { image: shapesOnly(syntheticAdapters(TINY, 2), {}) },
      classes: [promptsOf('cloth')],
      imageSize: 112,
    });
    using scorer = pictureScorer(model, 2, tilingOf({ size: 100, overlap }, 112));
    await scorer.score([picture], ['cloth']);
    return gpu.pool.peak;
  };
  expect([10, 50].map((overlap) => tileCount(picture, { size: 100, overlap }))).toEqual([143, 399]);
  expect(await peakOf(50)).toBe(await peakOf(10));
});

describe('options that make no tiles', () => {
  it.each([
    [{ size: 13 }, 'tile: expected a whole number of pixels of at least 14, got 13'],
    [{ size: 56.5 }, 'tile: expected a whole number of pixels of at least 14, got 56.5'],
    [{ size: Number.NaN }, 'tile: expected a whole number of pixels of at least 14, got NaN'],
    [{ size: 56, overlap: 56 }, 'overlap: expected a whole number of pixels from 0 to 55, less than a tile, got 56'],
    [{ overlap: 518 }, 'overlap: expected a whole number of pixels from 0 to 517, less than a tile, got 518'],
    [{ overlap: -1 }, 'overlap: expected a whole number of pixels from 0 to 517, less than a tile, got -1'],
    [{ overlap: 0.5 }, 'overlap: expected a whole number of pixels from 0 to 517, less than a tile, got 0.5'],
  ])('%o', (options, message) => {
    expect(() => tilingOf(options, 518)).toThrow(message);
  });

  it('are errors of `loadDetector` and `detect`; the defaults are the image size and a quarter of it', async () => {
    expect(tilingOf({}, 518)).toEqual({ size: 518, overlap: 129 });
    expect(tilingOf({ size: 1036 }, 518)).toEqual({ size: 1036, overlap: 259 });
    await expect(synthetic({ tile: { overlap: 60 } })).rejects.toMatchObject({ code: 'options' });
    using detector = await synthetic();
    await expect(one(detector, drawn(60, 60), { tile: { size: 3 } })).rejects.toMatchObject({ code: 'options' });
    const huge = { ...drawn(1, 1), name: 'huge', width: 6000, height: 6000, data: new Uint8Array(3 * 6000 ** 2) };
    await expect(one(detector, huge, { tile: { size: 14 } })).rejects.toMatchObject({
      code: 'picture',
      message: expect.stringMatching(
        /^huge: map too large: 6000x6000 pixels in tiles of 14 make .* 24000x24000 values.*; use larger/,
      ),
    });
  });
});
