/** The expected values that come with the tests, recomputed: ops, pictures, archives, both towers, both stages. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { goldenFolder } from '../../src/node/golden_folder.js';
import { packagedFile } from '../../src/node/packaged_file.js';
import type { GoldenFolder } from '../../src/verify/case.js';
import { verify } from '../../src/verify/verify.js';
import { device, isCoarse, type Variant, variants } from '../devices.js';

const folder = goldenFolder(fileURLToPath(new URL('../goldens/', import.meta.url)));
const misses = (result: Awaited<ReturnType<typeof verify>>): string[] =>
  result.reports.filter((r) => !r.pass).map((r) => `${r.case} ${r.tensor}: ${r.note ?? r.relL2}`);

/** Recomputes cases with a choice of kernels; all of them without `only`. */
const recompute = async (variant: Variant, only: readonly string[] = []) => {
  const result = await verify(await device(variant), folder, { only, packaged: packagedFile });
  expect(misses(result)).toEqual([]);
  return result.reports;
};

describe('expected values', () => {
  // In a second run this has been done on the first adapter, and only the choices with further kernels are left.
  if (variants.includes('best'))
    it('are met in every case', async () => {
      const reports = await recompute('best');
      expect(reports.length).toBeGreaterThan(220);
      // Both stages on the weights that come with the program.
      const cases = new Set(reports.map((r) => r.case));
      expect(['train.embedded.text', 'train.embedded.image'].filter((name) => !cases.has(name))).toEqual([]);
      expect(new Set(reports.map((r) => r.case.split('.')[0]))).toEqual(
        new Set(['augment', 'image', 'method', 'metrics', 'model', 'op', 'pth', 'train']),
      );
    }, 300_000);

  it('that are not there are asked for in vain: the line says what is', async () => {
    const gpu = await device();
    const files = (names: string[]): GoldenFolder => ({ ...folder, files: names.map((name) => `${name}.safetensors`) });
    const ask = (names: string[], only?: string[]) => verify(gpu, files(names), only ? { only } : {});
    await expect(ask([])).rejects.toThrow('no cases in this folder: expected .safetensors files');
    await expect(ask(['op.add'], ['soft*', 'x'])).rejects.toThrow(
      /--only soft\*,x: no such case: expected .*such as op\.add$/,
    );
    await expect(ask(['model.vitl14.98'])).rejects.toThrow('only large cases in this folder: give --all');
  });

  // What the other choices of kernels change: ops, and the towers and training steps made of them.
  const [second, ...others] = variants.filter((variant) => variant !== 'best' && !isCoarse(variant));
  // Both stages on the packaged weights take minutes on a software driver's matrix units.
  const made = ['op.*', 'model.*', variants.includes('best') ? 'train.*' : 'train.tiny.*'];
  if (second)
    it(`are met with other kernels of every op (${second})`, async () => {
      expect((await recompute(second, made)).length).toBeGreaterThan(150);
    }, 300_000);

  // Kernels that round activations to f16 keep the wider bounds of f16, and would miss those of f32.
  const rounded = variants.find(isCoarse);
  if (rounded)
    it(`are met within the bounds of f16 (${rounded})`, async () => {
      const reports = await recompute(rounded, ['op.*', 'model.*', 'train.tiny.*']);
      expect(reports.length).toBeGreaterThan(150);
      expect(Math.max(...reports.filter((r) => r.tensor.startsWith('map.')).map((r) => r.relL2))).toBeGreaterThan(1e-5);
    }, 300_000);

  // Beyond these, choices differ in single ops only.
  it.each(others)('are met by every op (%s)', async (variant) => {
    expect((await recompute(variant, ['op.*'])).length).toBeGreaterThan(40);
  });
});

describe('verify', () => {
  it('runs the cases that match a pattern, and no others', async () => {
    const result = await verify(await device(), folder, { only: ['op.ge?u', 'op.lin*'] });
    expect([...new Set(result.reports.map((r) => r.case))]).toEqual(['op.gelu', 'op.linear']);
  });

  it('counts an unknown case as a miss', async () => {
    const odd: GoldenFolder = { ...folder, files: ['soup.safetensors'] };
    const result = await verify(await device(), odd);
    expect(result.pass).toBe(false);
    expect(misses(result)).toEqual(['soup -: unknown case']);
  });

  it('misses when an expected value is off by more than the bound', async () => {
    const bent: GoldenFolder = {
      ...folder,
      open: async (name) => {
        const file = await folder.open(name);
        return {
          ...file,
          readF32: async (t) => (await file.readF32(t)).map((v, i) => (t === 'out' && i === 0 ? v + 0.1 : v)),
        };
      },
    };
    expect((await verify(await device(), bent, { only: ['op.linear'] })).pass).toBe(false);
  });

  it('keeps wider bounds for weights that are rounded to f16, which miss those of f32', async () => {
    const options = { only: ['model.tiny'], packaged: packagedFile };
    const { pass, reports } = await verify(await device(), folder, { ...options, precision: 'f16' });
    expect(pass).toBe(true);
    expect(Math.max(...reports.map((r) => r.relL2))).toBeGreaterThan(1e-5);
    expect(new Set(reports.map((r) => r.bound))).toEqual(new Set([5e-3]));
  });
});
