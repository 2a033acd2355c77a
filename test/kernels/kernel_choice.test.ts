import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Traits } from '../../src/gpu/traits.js';
import { chooseRow, type KernelList, type KernelRow } from '../../src/kernels/kernel_choice.js';
import { chosenKernels, kernelChoices, kernelLists } from '../../src/kernels/kernel_lists.js';
import { allVariants, device } from '../devices.js';

const PLAIN: Traits = {
  software: false,
  subgroupSize: 0,
  f16: false,
  matrixShapes: [],
  workgroupMemory: 32768,
  barriersAreExpensive: false,
  loadsAreExpensive: false,
  loadsGather: false,
  tokensToFillDevice: 1,
  workPerSubmit: 1,
};
const ADAPTERS: Record<string, Traits> = {
  'a GPU without subgroups': PLAIN,
  'a GPU': { ...PLAIN, subgroupSize: 32, f16: true },
  'a CPU adapter': { ...PLAIN, subgroupSize: 8, software: true, barriersAreExpensive: true, loadsAreExpensive: true },
};

const row = (name: string, runs: (traits: Traits, size?: number) => boolean): KernelRow<number> => ({
  name,
  runsOn: runs,
  dispatch: () => undefined,
});
const list: KernelList<KernelRow<number>> = {
  op: 'soup',
  rows: [
    row('matrix', ({ f16 }, size = 16) => f16 && size % 16 === 0),
    row('vector', ({ subgroupSize }) => subgroupSize > 0),
    row('plain', () => true),
  ],
};
const GPU = ADAPTERS['a GPU']!;
const chosen = (traits: Traits, preferred: Record<string, string> = {}, size?: number): string =>
  chooseRow({ traits, preferred, precision: 'f32' }, list, size).name;

describe('the choice among kernels', () => {
  it('is a kernel that rounds to f16 only on a device opened for f16, or by its name', () => {
    const coarse: KernelList<KernelRow<number>> = {
      op: 'soup',
      rows: [{ ...row('rounded', () => true), coarse: true }, row('exact', () => true)],
    };
    const taken = (precision: 'f32' | 'f16', preferred: Record<string, string> = {}): string =>
      chooseRow({ traits: GPU, preferred, precision }, coarse).name;
    expect(taken('f32')).toBe('exact');
    expect(taken('f16')).toBe('rounded');
    expect(taken('f32', { soup: 'rounded' })).toBe('rounded');
    expect(taken('f16', { soup: 'exact' })).toBe('exact');
  });

  it('is the first that runs on the adapter and does the job', () => {
    expect(chosen(GPU)).toBe('matrix');
    expect(chosen(GPU, {}, 32)).toBe('matrix');
    expect(chosen(GPU, {}, 33)).toBe('vector');
    expect(chosen(PLAIN)).toBe('plain');
  });

  it('can be overridden by name; where the named kernel does not run, the next one that does is taken', () => {
    expect(chosen(GPU, { soup: 'vector' })).toBe('vector');
    expect(chosen(GPU, { soup: 'matrix' }, 33)).toBe('vector');
    expect(chosen(PLAIN, { soup: 'matrix' })).toBe('plain');
    expect(chosen(GPU, { salad: 'vector' })).toBe('matrix');
    expect(() => chosen(GPU, { soup: 'spoon' })).toThrow(
      'kernels: no kernel "spoon" of soup: expected one of matrix, vector, plain',
    );
  });
});

describe('the lists of kernels', () => {
  it.each(Object.entries(ADAPTERS))('end with a kernel that runs on %s, and the choices cover all', (_, traits) => {
    const choices = kernelChoices(traits);
    for (const { op, rows } of kernelLists) {
      const running = rows.filter((r) => !r.coarse && r.runsOn(traits)).map((r) => r.name);
      expect(running.at(-1), op).toBe(rows.at(-1)!.name);
      expect([...new Set(choices.map((choice) => choice[op]))], op).toEqual(running);
    }
  });

  // Only how these kernels stand to each other, so that a variant that beats them needs no change here.
  it.each([
    ['matmul', ['panel', 'tile'], ['tile'], ['tile']],
    ['attention', ['panel', 'tile'], ['tile'], ['tile']],
    ['layer_norm', ['subgroup x4', 'subgroup', 'tree'], ['subgroup', 'tree'], ['tree']],
    ['l2_normalize', ['subgroup', 'tree'], ['subgroup', 'tree'], ['tree']],
  ])('of %s prefer panels where barriers are expensive, and a subgroup a row', (op, onCpu, onGpu, onPlainGpu) => {
    const { rows } = kernelLists.find((l) => l.op === op)!;
    const inOrder = (adapter: string) =>
      rows.filter((r) => r.runsOn(ADAPTERS[adapter]!) && onCpu.includes(r.name)).map((r) => r.name);
    expect(inOrder('a CPU adapter')).toEqual(onCpu);
    expect(inOrder('a GPU')).toEqual(onGpu);
    expect(inOrder('a GPU without subgroups')).toEqual(onPlainGpu);
  });

  it('name every shader that is one of several for an op', () => {
    const files = readdirSync(fileURLToPath(new URL('../../shaders/', import.meta.url)));
    const several = files.map((f) => f.slice(0, -5).split('.')).filter((parts) => parts.length > 1);
    expect(several.length).toBeGreaterThan(0);
    for (const [op, kernel] of several) {
      const rows = kernelLists.find((l) => l.op === op)?.rows.map((r) => r.name.split(' ')[0]);
      expect(rows, op).toContain(kernel);
    }
  });

  it('are all tried by the tests on this machine', async () => {
    const { traits } = await device();
    const tried = await Promise.all(allVariants.map(async (v) => chosenKernels(await device(v))));
    for (const { op, rows } of kernelLists) {
      const running = rows.filter((r) => r.runsOn(traits)).map((r) => r.name);
      expect(new Set(tried.map((kernels) => kernels[op])), op).toEqual(new Set(running));
    }
  });
});
