/** The soak: what it calls flat, and a short one, so that a leak of devices is seen in every run. */
import { describe, expect, it } from 'vitest';
import type { Judge } from '../../src/cli/judge.js';
import { soakOpens, soakRequests } from '../../tools/soak/runs.js';
import { collectGarbage, complaints, growth, type Sample, sampleTable } from '../../tools/soak/samples.js';

const MIB = 2 ** 20;
const flat = (count: number, change: (i: number) => Partial<Sample> = () => ({})): Sample[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ done: i + 1, resident: 200 * MIB, heap: 8 * MIB, arrays: 4 * MIB, descriptors: 21 },
    ...change(i),
  }));

describe('a long run', () => {
  it('is flat where its last third takes what the third before took, whatever the first took', () => {
    expect(complaints(flat(12))).toEqual([]);
    expect(complaints(flat(12, (i) => (i < 4 ? { resident: 20 * MIB, descriptors: 3 } : {})))).toEqual([]);
    expect(complaints(flat(12, (i) => (i === 11 ? { resident: 900 * MIB, descriptors: 90 } : {})))).toEqual([]);
  });

  it('is not where memory, heap or descriptors grow', () => {
    expect(complaints(flat(12, (i) => ({ resident: (200 + 5 * i) * MIB })))).toEqual(['memory grew by 20.0 MiB']);
    expect(complaints(flat(12, (i) => ({ arrays: i * MIB })))).toEqual(['heap grew by 4.0 MiB']);
    expect(complaints(flat(12, (i) => ({ descriptors: i })))).toEqual(['4 descriptors more']);
    expect(() => growth(flat(2), (s) => s.heap)).toThrow('at least three samples');
  });

  it('is shown as a table', () => {
    expect(sampleTable('opens', flat(1))).toEqual([
      'opens  memory MiB  heap MiB  arrays MiB  descriptors',
      '    1       200.0       8.0         4.0           21',
    ]);
  });

  it('of opening devices is flat, and lets go of each one that was closed', async () => {
    const closed = new Set<number>();
    const registry = new FinalizationRegistry((n: number) => closed.add(n));
    const opens = 36;
    const samples = await soakOpens(opens, (gpu, n) => registry.register(gpu, n));
    expect(samples.map((s) => s.done)).toEqual(Array.from({ length: 12 }, (_, i) => 3 * (i + 1)));
    expect(growth(samples, (s) => s.descriptors)).toBeLessThanOrEqual(0);
    for (let i = 0; i < 100 && closed.size < opens - 1; i++) {
      collectGarbage();
      await new Promise((next) => setTimeout(next, 10));
    }
    expect(closed.size).toBeGreaterThanOrEqual(opens - 1);
  });

  it('of requests is flat', async () => {
    const judge: Judge = {
      ready: async () => undefined,
      async *judge(pictures) {
        let index = 0;
        const verdict = { score: 0, anomalous: false, heatmap: () => new Uint8Array(), mask: () => new Uint8Array() };
        for (const { className } of pictures) {
          const about = { class: className, image_score: 0, peak: { value: 0, x: 0, y: 0 } };
          yield { index: index++, verdict: { ...verdict, about: { ...about, map_sum: { min: 0, max: 1 }, ms: 1 } } };
        }
      },
    };
    // Bodies that are kept, or anything of a connection, would soon be more than the noise.
    const samples = await soakRequests(1200, judge, 1 << 16);
    expect(samples).toHaveLength(12);
    expect(growth(samples, (s) => s.heap + s.arrays)).toBeLessThan(2 * MIB);
    expect(growth(samples, (s) => s.descriptors)).toBeLessThanOrEqual(0);
  });
});
