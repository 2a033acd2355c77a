/** `aaclip predict` as a user runs it, on a model made from a seed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadPicture } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';
import { runCli } from './run_cli.js';

let dir = '';
const at = (name: string): string => join(dir, name);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-predict-'));
  for (const name of ['a', 'b'])
    writeFileSync(at(`${name}.png`), encodePng(40, 30, new Uint8Array(3600).fill(name === 'a' ? 60 : 200)));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('predict', () => {
  const predict = (...args: string[]) =>
    runCli(
      'predict',
      '--class',
      'screw',
      '--weights',
      'synthetic:tiny',
      '--img_size',
      '56',
      '--out',
      at('out'),
      ...args,
    );

  it('writes overlay, grey map, mask and numbers for every picture, and one JSON line each', async () => {
    const run = await predict(
      at('*.png'),
      '--adapters',
      'synthetic',
      '--json',
      '--map',
      '--raw',
      'npy',
      '--pixel_threshold',
      '0.5',
      '--threshold',
      '0.1',
    );
    expect(run.code, run.stderr).toBe(0);
    const lines = run.stdout
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as Record<string, unknown> & { files: string[] });
    expect(lines.map((l) => l.image)).toEqual([at('a.png'), at('b.png')]);
    for (const line of lines) {
      expect(line.adapted).toBe(true);
      expect(line.anomalous).toBe((line.score as number) >= 0.1);
      expect(line.decided_by).toEqual({ source: 'flag', rule: 'score of 0.1 or more' });
      expect(line.files).toHaveLength(4);
      const overlay = await loadPicture(line.files.find((f) => f.endsWith('.heatmap.png'))!);
      expect([overlay.width, overlay.height]).toEqual([40, 30]);
      const npy = readFileSync(line.files.find((f) => f.endsWith('.npy'))!);
      expect(npy.subarray(0, 128).toString('latin1')).toMatch(/'shape': \(56, 56\)/);
      const values = new Float32Array(
        npy.buffer.slice(npy.byteOffset + npy.length - 56 * 56 * 4, npy.byteOffset + npy.length),
      );
      const { min, max } = line.map_sum as { min: number; max: number };
      expect(Math.min(...values)).toBeCloseTo(min, 4);
      expect(Math.max(...values)).toBeCloseTo(max, 4);
    }
  });

  it('gives the same scores one by one and in a batch', async () => {
    const scores = async (batch: string): Promise<number[]> => {
      const run = await predict(
        at('a.png'),
        at('b.png'),
        '--adapters',
        'synthetic',
        '--json',
        '--no-heatmap',
        '--batch_size',
        batch,
      );
      const lines = run.stdout
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l) as { score: number; normalized_score: number });
      for (const { normalized_score: placed, ...line } of lines) {
        const rule = 'preset threshold, not chosen by any data: calibrate';
        expect(line).toMatchObject({ anomalous: placed >= 0.5, decided_by: { source: 'preset', rule } });
      }
      return lines.map((line) => line.score);
    };
    const [one, two] = [await scores('1'), await scores('2')];
    for (const [i, s] of one.entries()) expect(s).toBeCloseTo(two[i]!, 5);
    expect(one[0]).not.toBe(one[1]);
  });

  it('works without adapters and says that it is plain CLIP; flags may be written with -', async () => {
    const run = await runCli(
      'predict',
      at('a.png'),
      '--class',
      'screw',
      '--weights',
      'synthetic:tiny',
      '--img-size',
      '56',
      '--out',
      at('plain'),
    );
    expect(run.code, run.stderr).toBe(0);
    expect(run.stderr).toMatch(/plain CLIP/);
    expect(run.stderr).toMatch(/GFLOP\/s, memory/);
    expect(
      run.stderr.match(/^normal or anomalous: preset threshold, not chosen by any data: calibrate$/gm),
    ).toHaveLength(1);
    expect(run.stdout).toMatch(
      /^[01]\.\d\d {2}(?:ANOMALOUS|normal {3}) {2}score 0\.\d{4} {2}peak 0\.\d{4} at \d+,\d+ {2}/,
    );
  });
});
