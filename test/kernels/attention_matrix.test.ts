import { describe, expect, it } from 'vitest';
import type { Dispatch, Gpu } from '../../src/gpu/gpu.js';
import { specialise } from '../../src/gpu/shader.js';
import type { Traits } from '../../src/gpu/traits.js';
import type { AttentionBackwardJob } from '../../src/kernels/attention_job.js';
import {
  matrixAttentionBackwardRounded,
  matrixAttentionBackwardSplit,
  matrixAttentionRounded,
  matrixAttentionSplit,
} from '../../src/kernels/attention_matrix.js';
import type { KernelRow } from '../../src/kernels/kernel_choice.js';
import { readShaders } from '../../src/node/device.js';

const TEXTS = readShaders();

const traits = (m: number, n: number, k: number, subgroupSize: number, kib: number): Traits => ({
  software: false,
  subgroupSize,
  f16: true,
  workgroupMemory: kib * 1024,
  matrixShapes: [{ m, n, k, componentType: 'f16', resultComponentType: 'f32' }],
  barriersAreExpensive: false,
  loadsAreExpensive: false,
  loadsGather: false,
  tokensToFillDevice: 1,
  workPerSubmit: 1,
});

/** Bytes of workgroup memory that a kernel declares, from the constants of its text. */
function declaredBytes(stem: string, text: string): number {
  const script: string[] = [
    'const select = (a, b, c) => (c ? b : a), max = Math.max;',
    'const of = { vec4u: 16, vec2f: 8, f32: 4 }; let bytes = 0;',
  ];
  for (const line of text.split('\n')) {
    const known = /^const (\w+)(?:: \w+)? = (.+);/.exec(line);
    const stored = /^var<workgroup> \w+: array<(\w+), (.+)>;/.exec(line);
    const plain = (expression: string) =>
      expression
        .replace(/\bvec4u\([^)]*\)/, '0')
        .replace(/(\d)u\b/g, '$1')
        .replace(/([\w)]+) \/ (\w+)/g, 'Math.floor($1 / $2)');
    if (known) script.push(`const ${known[1]} = ${plain(known[2]!)};`);
    if (stored) script.push(`bytes += 16 * Math.ceil(of.${stored[1]} * (${plain(stored[2]!)}) / 16);`);
  }
  const bytes = new Function(`${script.join('\n')}\nreturn bytes;`)() as number;
  expect(bytes, stem).toBeGreaterThan(0);
  return bytes;
}

const job = (head: number, length: number) =>
  ({
    ...{
      sequences: 2,
      length,
      heads: 2,
      head,
      row: 1,
      batch: length,
      stride: 6 * head,
      q: 0,
      k: 2 * head,
      v: 4 * head,
    },
    ...{ causal: false, qkv: { bytes: 0 }, out: { bytes: 0 }, lse: { bytes: 0 }, dy: { bytes: 0 }, dqkv: { bytes: 0 } },
  }) as unknown as AttentionBackwardJob;

const ROWS = [
  matrixAttentionRounded,
  matrixAttentionSplit,
  matrixAttentionBackwardRounded,
  matrixAttentionBackwardSplit,
] as readonly KernelRow<AttentionBackwardJob>[];

/** What a row dispatches to matrix units for a job. */
function dispatched(row: KernelRow<AttentionBackwardJob>, on: Traits, of: AttentionBackwardJob): Dispatch[] {
  const all: Dispatch[] = [];
  const pool = { take: () => ({}), release: () => undefined };
  row.dispatch({ traits: on, pool, dispatch: (d: Dispatch) => all.push(d) } as unknown as Gpu, of);
  return all.filter(({ kernel }) => kernel.endsWith('.matrix'));
}

describe('attention on matrix units', () => {
  it.each([
    ['16x16x16, 48 KiB', traits(16, 16, 16, 32, 48)],
    ['16x16x16, 32 KiB', traits(16, 16, 16, 32, 32)],
    ['16x16x16, 16 KiB', traits(16, 16, 16, 32, 16)],
    ['16x8x16, 32 KiB', traits(16, 8, 16, 32, 32)],
    ['8x16x16, 32 KiB', traits(8, 16, 16, 16, 32)],
    ['8x8x8, 32 KiB', traits(8, 8, 8, 32, 32)],
  ])('keeps within the workgroup memory of %s, or leaves the job to others', (_, on) => {
    const taken = new Set<unknown>();
    for (const row of ROWS) {
      for (let head = 8; head <= 128; head += 8) {
        for (const length of [7, 1370]) {
          if (!row.runsOn(on, job(head, length))) continue;
          for (const { kernel, knobs, workgroups } of dispatched(row, on, job(head, length))) {
            const { WG, SG, MM, MN, MK, BKV } = knobs as Record<string, number>;
            const bytes = declaredBytes(kernel, specialise(kernel, TEXTS.get(kernel)!, knobs!));
            expect(bytes, `${kernel} ${JSON.stringify(knobs)}`).toBeLessThanOrEqual(on.workgroupMemory);
            expect([head % MN!, head % MK!, BKV! % MN!, BKV! % MK!, BKV! % ((8 * SG!) / MM!)]).toEqual([0, 0, 0, 0, 0]);
            const [blocks] = workgroups as readonly [number, number, number];
            expect(blocks * (WG! / SG!) * MM!).toBeGreaterThanOrEqual(length);
            taken.add(row);
          }
        }
      }
    }
    expect(taken.has(matrixAttentionRounded)).toBe(true);
  });

  it('serves the heads of CLIP on every adapter with 32 KiB, also with gradients', () => {
    for (const row of ROWS) {
      for (const on of [traits(16, 16, 16, 32, 32), traits(16, 8, 16, 32, 32), traits(8, 16, 16, 16, 32)]) {
        expect(row.runsOn(on), row.name).toBe(true);
      }
    }
  });

  it('leaves adapters alone whose units, subgroups or numbers do not fit', () => {
    const good = traits(16, 16, 16, 32, 32);
    for (const bad of [
      { matrixShapes: [] },
      { subgroupSize: 0 },
      { subgroupSize: 8 },
      { f16: false },
      { workgroupMemory: 4096 },
    ]) {
      expect(matrixAttentionSplit.runsOn({ ...good, ...bad }), JSON.stringify(bad)).toBe(false);
      expect(matrixAttentionBackwardSplit.runsOn({ ...good, ...bad }), JSON.stringify(bad)).toBe(false);
    }
    expect(matrixAttentionSplit.runsOn(good, job(72, 9))).toBe(false);
  });
});
