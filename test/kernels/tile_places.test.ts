import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { synth } from '../../src/io/synth.js';
import { forwardStream, streamTile } from '../../src/kernels/attention_tiles.js';
import { checkTiles, sameKnobs, tilePlaces } from '../../src/kernels/tile_places.js';
import { openGpu } from '../../src/node/device.js';
import { add } from '../../src/ops/add.js';
import { attention } from '../../src/ops/attention.js';
import { matmul } from '../../src/ops/matmul.js';
import { read, upload } from '../../src/tensor/tensor.js';
import { ADAPTER_KINDS } from '../adapter_traits.js';
import { device } from '../devices.js';

describe('places of tiles', () => {
  it('have one key each, and on every kind of adapter candidates that are told apart', () => {
    expect(new Set(tilePlaces.map((p) => p.key)).size).toBe(tilePlaces.length);
    for (const traits of ADAPTER_KINDS) {
      for (const place of tilePlaces) {
        const list = place.candidates(traits);
        list.forEach((a, i) => {
          expect(
            list.findIndex((b) => sameKnobs(a, b)),
            `${place.key} ${JSON.stringify(a)}`,
          ).toBe(i);
          expect(Object.keys(a).sort(), place.key).toEqual(Object.keys(place.own(traits)).sort());
        });
      }
    }
  });

  it('take only tiles that may be tried there', async () => {
    const { traits } = await device();
    for (const place of tilePlaces) {
      for (const knobs of place.candidates(traits)) expect(checkTiles({ [place.key]: knobs }, traits)).toBeTruthy();
    }
    const [place] = tilePlaces;
    expect(() => checkTiles({ [place!.key]: { TM: 1 } }, traits)).toThrow('is none of its');
    expect(() => checkTiles({ [place!.key]: null }, traits)).toThrow('is none of its');
    expect(() => checkTiles({ nowhere: {} }, traits)).toThrow('no place "nowhere": expected one of');
    expect(() => checkTiles([], traits)).toThrow('expected an object');
  });

  it('decide how a product is cut: the block kernel takes the tile of its size, and the result stays', async () => {
    const key = 'matmul.block tiny';
    const knobs = { TX: 16, TY: 8, RM: 2, RN: 1, BK: 16 };
    using gpu = await openGpu({ kernels: { matmul: 'block' }, tiles: { [key]: knobs } });
    using a = upload(
      gpu,
      Float32Array.from({ length: 5 * 8 }, (_, i) => i),
      [5, 8],
    );
    using b = upload(
      gpu,
      Float32Array.from({ length: 8 * 4 }, (_, i) => (i % 5 === 0 ? 1 : 0)),
      [8, 4],
    );
    using c = matmul(a, b);
    // Row k of b has its ones in the columns n with 4 k + n a multiple of 5: column n takes k = n and k = n + 5.
    const expected = Array.from({ length: 20 }, (_, i) => {
      const [m, n] = [Math.floor(i / 4), i % 4];
      return Array.from({ length: 8 }, (_, k) => ((4 * k + n) % 5 === 0 ? 8 * m + k : 0)).reduce((x, y) => x + y, 0);
    });
    expect([...(await read(c))]).toEqual(expected);
    expect(gpu.kernels.labels.find((label) => label.startsWith('matmul.block'))).toContain(
      'TX=16,TY=8,RM=2,RN=1,BK=16',
    );
  });

  it('decide how attention is cut, unless heads are too wide for that tile: the result stays', async () => {
    const tiles = { 'attention.tile': { WG: 64, BK: 16 }, 'attention_backward.tile': { WG: 64, BK: 4 } };
    const wide = { 'attention.tile': { WG: 64, BK: 64 } };
    using own = await openGpu({ kernels: { attention: 'tile', attention_backward: 'tile' } });
    using gpu = await openGpu({ kernels: { attention: 'tile', attention_backward: 'tile' }, tiles });
    const [shape, seed] = [[1, 70, 3 * 16], synth(1, 'qkv', [1, 70, 3 * 16], 1)];
    const results: [Float32Array, Float32Array][] = [];
    for (const device of [own, gpu]) {
      using qkv = upload(device, seed, shape);
      using tape = new Tape(add);
      tape.watch([qkv]);
      using y = tape.record(() => attention(qkv, { heads: 1, mode: 'full' }));
      const [dqkv] = tape.backward(y, [qkv], y);
      results.push([await read(y), await read(dqkv!)]);
      dqkv!.release();
    }
    for (const i of [0, 1]) {
      results[1]![i]!.forEach((v, at) => {
        expect(v).toBeCloseTo(results[0]![i]![at]!, 5);
      });
    }
    expect(gpu.kernels.labels.find((label) => label.startsWith('attention.tile'))).toContain('WG=64');
    expect(gpu.kernels.labels.find((label) => label.startsWith('attention_backward.tile'))).toContain('WG=64');
    expect(streamTile({ traits: gpu.traits, tiles: wide }, forwardStream, 64)).toEqual({ WG: 64, BK: 64 });
    expect(streamTile({ traits: gpu.traits, tiles: wide }, forwardStream, 128)).toEqual({ WG: 128, BK: 16 });
  }, 60_000);
});
