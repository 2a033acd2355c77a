/** Which tiles the kernel on matrix units gets, by made-up adapters; that it compiles for units this machine lacks. */
import { describe, expect, it } from 'vitest';
import { interfaceOf, specialise } from '../../src/gpu/shader.js';
import type { Traits } from '../../src/gpu/traits.js';
import { matrixF16Gemm, matrixGemm } from '../../src/kernels/gemm_matrix.js';
import {
  hasMatrixTile,
  matrixLanes,
  matrixPlaces,
  matrixTile,
  matrixTileBytes,
  runsTile,
} from '../../src/kernels/matrix_tiles.js';
import { matrixUnit } from '../../src/kernels/matrix_units.js';
import { PANELS } from '../../src/kernels/packing.js';
import { checkTiles } from '../../src/kernels/tile_places.js';
import { readShaders } from '../../src/node/device.js';
import { empty } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

const shapes = (...sizes: [number, number, number][]): Traits['matrixShapes'] =>
  sizes.map(([m, n, k]) => ({ m, n, k, componentType: 'f16', resultComponentType: 'f32' }));
const base: Traits = {
  ...{ software: false, subgroupSize: 32, f16: true, matrixShapes: shapes([16, 16, 16]), workgroupMemory: 32768 },
  ...{
    barriersAreExpensive: false,
    loadsAreExpensive: false,
    loadsGather: false,
    tokensToFillDevice: 1,
    workPerSubmit: 1,
  },
};
const ADAPTERS: Record<string, Traits> = {
  'units of 16x16x16': { ...base, matrixShapes: shapes([16, 8, 8], [16, 8, 16], [16, 16, 16]) },
  'units of 16x8x16': { ...base, matrixShapes: shapes([16, 8, 16]) },
  'units of 8x16x16 and subgroups of 16 or 32': {
    ...base,
    subgroupChoice: [16, 32],
    matrixShapes: shapes([8, 16, 16]),
  },
  'units of 8x8x8': { ...base, matrixShapes: shapes([8, 8, 8]) },
  'units of 8x8x8 and subgroups of 8': { ...base, subgroupSize: 8, matrixShapes: shapes([8, 8, 8]) },
  'units of 16x16x16 and subgroups of 64': { ...base, subgroupSize: 64 },
  '16 KiB of workgroup memory': { ...base, workgroupMemory: 16384 },
};
const TERMS = [
  [1, 1],
  [2, 1],
  [2, 2],
] as const;
const big = { m: 10960, n: 4096, terms: [2, 2], rowsAlongN: true } as const;

describe('an adapter runs kernels on matrix units', () => {
  it.each(Object.entries(ADAPTERS))('with %s, products of every size', (_, traits) => {
    expect(matrixGemm.runsOn(traits)).toBe(true);
    expect(matrixF16Gemm.runsOn(traits)).toBe(true);
    for (const terms of TERMS)
      for (const rowsAlongN of [true, false])
        for (const m of [1, 77, 1370, 10960]) {
          const product = { m, n: 1024, terms, rowsAlongN };
          const tile = matrixTile(traits, {}, 'matrix', product);
          expect(runsTile(traits, tile, product)).toBe(true);
        }
  });

  it('only where these multiply f16 with f32 sums, and subgroups have one width', () => {
    const other = [{ m: 16, n: 16, k: 16, componentType: 'f16', resultComponentType: 'f16' }];
    for (const lacking of [{ f16: false }, { subgroupSize: 0 }, { matrixShapes: [] }, { matrixShapes: other }]) {
      expect(matrixGemm.runsOn({ ...base, ...lacking }), JSON.stringify(lacking)).toBe(false);
    }
    expect(matrixGemm.runsOn({ ...base, matrixShapes: shapes([16, 8, 8]) })).toBe(false);
    expect(hasMatrixTile({ ...base, workgroupMemory: 4096 }, big)).toBe(false);
  });

  it('with the widest units it has, on subgroups they belong to', () => {
    const unit = (traits: Traits) => matrixUnit(traits)!;
    expect(unit(ADAPTERS['units of 16x16x16']!)).toMatchObject({ m: 16, n: 16, k: 16 });
    const intel = ADAPTERS['units of 8x16x16 and subgroups of 16 or 32']!;
    expect(matrixLanes(intel, unit(intel))).toBe(16);
    expect(matrixLanes(base, unit(base))).toBe(32);
  });
});

it('products that the kernel cannot do go to the next row', async () => {
  const gpu = await device();
  using x = empty(gpu, [64 * 64]);
  using c = empty(gpu, [64 * 64]);
  const job = { m: 64, n: 64, k: 64, a: x, b: x, c };
  const moments = { data: x, width: 64 };
  const norm = { moments, weight: x, bias: x, eps: 1e-5 };
  const runs = (more: object): boolean => matrixGemm.runsOn(base, { ...job, ...more });
  for (const good of [
    {},
    { n: 8 },
    { n: 4, transB: true },
    { norm },
    { moments },
    { gradient: 'a' },
    { batch: 3, m: 1 },
  ])
    expect(runs(good), Object.keys(good).join()).toBe(true);
  const panels = { packing: PANELS, data: x, half: true, panel: 32, rowsAlongN: false };
  for (const bad of [{ transA: true }, { k: 12 }, { n: 12 }, { n: 6, transB: true }, { gradient: 'b' }, { b: panels }])
    expect(runs(bad), Object.keys(bad).join()).toBe(false);
  // Moments to read, moments to write and scales share one binding.
  for (const two of [
    { norm, moments },
    { norm, gradient: 'a' },
    { moments, gradient: 'a' },
  ])
    expect(runs(two), Object.keys(two).join()).toBe(false);
});

describe('the tile of a product', () => {
  it('is larger for larger products, and smaller where workgroups have less memory', () => {
    const area = (traits: Traits, m: number): number => {
      const { rows, columns } = matrixTile(traits, {}, 'matrix', { ...big, m });
      return rows * columns;
    };
    const areas = [1, 300, 1370, 10960].map((m) => area(base, m));
    expect(areas).toEqual([...areas].sort((a, b) => a - b));
    expect(new Set(areas).size).toBeGreaterThan(2);
    expect(area(ADAPTERS['16 KiB of workgroup memory']!, 10960)).toBeLessThan(area(base, 10960));
  });

  it('takes the bytes that its arrays have in the kernel', () => {
    const tile = { rows: 64, columns: 128, down: 2, across: 4, depth: 16, direct: false };
    // Two planes of a, 64 rows of 3 words; two of b, 128 rows of 3; the 64 rows' statistics.
    expect(matrixTileBytes(tile, base.matrixShapes[0]!, [2, 2], true)).toBe(16 * (2 * 64 * 3 + 2 * 128 * 3) + 8 * 64);
    // One plane each, b along k: 16 rows of 17; the sums, 32 rows of 33 words, take more.
    expect(matrixTileBytes(tile, base.matrixShapes[0]!, [1, 1], false)).toBe(16 * 32 * 33 + 8 * 64);
  });

  it('can be chosen for a device, one that runs there', () => {
    const key = matrixPlaces.find(({ row }) => row === 'matrix')!.key;
    expect(key).toBe('matmul.matrix large');
    expect(matrixTile(base, { [key]: { depth: 32, columns: 64 } }, 'matrix', big)).toMatchObject({
      rows: 128,
      depth: 32,
    });
    expect(matrixTile(base, { [key]: { rows: 64 } }, 'matrix', { ...big, m: 1 }).rows).toBe(32);
    expect(() => matrixTile(base, { [key]: { rows: 1000 } }, 'matrix', big)).toThrow(
      'tiles: matmul.matrix large: {"rows":1000} does not run on this adapter: remove it, or tune again',
    );
  });

  it('has candidates at every place, its own among them or a smaller one', () => {
    for (const [name, traits] of Object.entries(ADAPTERS))
      for (const place of matrixPlaces) {
        const tried = place.candidates(traits);
        expect(tried.length, `${place.key} ${name}`).toBeGreaterThan(2);
        expect(tried, `${place.key} ${name}`).toContainEqual(place.own(traits));
        expect(checkTiles({ [place.key]: tried.at(-1) }, traits)).toEqual({ [place.key]: tried.at(-1) });
      }
  });
});

describe('the kernel compiles', async () => {
  // Dawn's null backend checks a shader for units that no adapter here has; it computes nothing.
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  const held = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
  const adapter = (await held.requestAdapter())!;
  const features = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix', 'subgroup-size-control'];
  const checker = await adapter.requestDevice({ requiredFeatures: features as GPUFeatureName[] });
  Object.assign(globalThis, { heldByTests: [held, adapter, checker] });
  const text = readShaders().get('matmul.matrix')!;

  const fault = async (code: string): Promise<string | undefined> => {
    checker.pushErrorScope('validation');
    const module = checker.createShaderModule({ code });
    const layout = 'auto';
    checker.createComputePipeline({ layout, compute: { module, entryPoint: 'main' } });
    return (await checker.popErrorScope())?.message;
  };
  const forms: Record<string, Record<string, number | boolean>> = {
    plain: { A_TERMS: 1, HALF: true },
    everything: { NORM: true, BIAS: true, RESIDUAL: true, ACT: 1, HALF: true, DRAIN: 4 },
    moments: { MOMENTS: true, HALF: false, B_TERMS: 2, B_ROWS_K: true },
    direct: { B_DIRECT: true, SCALED: true, B_ROWS_K: true, HALF: true },
  };

  for (const [mm, mn, mk, lanes] of [
    [16, 16, 16, 32],
    [16, 8, 16, 32],
    [8, 16, 16, 16],
    [8, 8, 8, 32],
  ] as const) {
    it.each(Object.entries(forms))(`for units of ${mm}x${mn}x${mk}, %s`, async (_, form) => {
      const knobs = { WG: 4 * lanes, SG: lanes, MM: mm, MN: mn, MK: mk, SGM: 2, SGN: 2, FM: 32 / mm, FN: 32 / mn };
      const code = specialise('matmul.matrix', text, { ...knobs, BK: 16, ...form }, true);
      expect(interfaceOf('matmul.matrix', code).workgroup).toEqual([4 * lanes, 1, 1]);
      expect(code).toContain('@subgroup_size(SG)');
      expect(await fault(code)).toBeUndefined();
    });
  }

  it('and a fault in it would show', async () => {
    const code = specialise('matmul.matrix', text, { WG: 128, SGN: 2, FM: 2 }, true);
    expect(await fault(code)).toBeUndefined();
    expect(await fault(code.replace('row_major', 'no_major'))).toContain('no_major');
  });
});
