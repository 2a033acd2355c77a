/** Scored samples as bytes, and prints of files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeScored, encodeScored, packSample, type ScoredFile } from '../../src/cli/queue/scored_file.js';
import { contentPrint } from '../../src/node/content_print.js';

/** As maps are: values on a grid of patches, interpolated in f32. */
const smooth = (side: number): Float32Array => {
  const at = (x: number, y: number): number => Math.sin(3 * x + 5 * y);
  return Float32Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) / 14, Math.floor(i / side) / 14];
    const [left, top, u, v] = [Math.floor(x), Math.floor(y), x % 1, y % 1];
    const [above, below] = [top, top + 1].map((row) => (1 - u) * at(left, row) + u * at(left + 1, row));
    return 2 + (1 - v) * above! + v * below!;
  });
};

const encoded = ({ adapter, samples }: ScoredFile): Promise<Uint8Array> =>
  encodeScored(adapter, samples.map(packSample));

const file: ScoredFile = {
  adapter: 'llvmpipe',
  samples: [
    { map: { width: 64, height: 64, data: smooth(64) }, score: Math.fround(0.1), mask: undefined },
    { broken: 'bad.png: damaged' },
    {
      map: { width: 3, height: 2, data: Float32Array.of(-0, -1e38, 3e-45, 0.1, 1 / 3, -7) },
      score: -2,
      mask: Uint8Array.of(0, 1, 0, 0, 1, 1),
    },
    { map: { width: 5, height: 5, data: smooth(5) }, score: 0, mask: new Uint8Array(25).fill(1) },
  ],
};

describe('scored samples', () => {
  it('come back bit by bit', async () => {
    const bytes = await encoded(file);
    expect(await decodeScored(bytes)).toEqual(file);
    expect(Buffer.compare(await encoded(file), bytes)).toBe(0);
    const [, , odd] = (await decodeScored(bytes)).samples as [unknown, unknown, { map: { data: Float32Array } }];
    expect(Object.is(odd.map.data[0], -0)).toBe(true);
  });

  it('take less than a third of their maps', async () => {
    const map = { width: 256, height: 256, data: smooth(256) };
    const bytes = await encoded({ adapter: '', samples: [{ map, score: 0, mask: new Uint8Array(65536) }] });
    expect(bytes.length).toBeLessThan((4 * 65536) / 3);
  });

  it('are refused where a byte has changed or is missing', async () => {
    const bytes = await encoded(file);
    for (const place of [40, bytes.length >> 1, bytes.length - 6]) {
      const changed = Uint8Array.from(bytes);
      changed[place]! ^= 4;
      await expect(decodeScored(changed)).rejects.toThrow();
    }
    await expect(decodeScored(bytes.subarray(0, -9))).rejects.toThrow();
  });
});

describe('the print of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aaclip-print-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const printOf = (bytes: Uint8Array, name = 'a'): Promise<string> => {
    writeFileSync(join(folder, name), bytes);
    return contentPrint(join(folder, name));
  };

  it.each([10, 196_608, 1_000_001])(
    'of %i bytes is that of its copy, and changes with start, middle, end and size',
    async (size) => {
      const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 7) % 251);
      const first = await printOf(bytes);
      expect(first).toMatch(/^[0-9a-f]{32}$/);
      expect(await printOf(bytes, 'copy')).toBe(first);
      for (const place of [0, size >> 1, size - 1]) {
        const changed = Uint8Array.from(bytes);
        changed[place]! ^= 1;
        expect(await printOf(changed)).not.toBe(first);
      }
      expect(await printOf(bytes.subarray(1))).not.toBe(first);
    },
  );

  it('of a missing file is one line', async () => {
    await expect(contentPrint(join(folder, 'none'))).rejects.toThrow(/none: cannot read: no such file/);
  });
});
