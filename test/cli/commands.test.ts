/** The commands as a user runs them, on models made up from a seed. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors } from '../../src/io/safetensors.js';
import { bytesSource } from '../../src/io/source.js';
import { loadPicture } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';
import { runCli } from './run_cli.js';

const GOLDENS = fileURLToPath(new URL('../goldens/', import.meta.url));
let dir = '';
const at = (name: string): string => join(dir, name);
const tensors = (path: string) => openSafetensors(bytesSource(path, new Uint8Array(readFileSync(path))));

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-commands-'));
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
      return run.stdout
        .trim()
        .split('\n')
        .map((l) => (JSON.parse(l) as { score: number }).score);
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
  });
});

describe('convert', () => {
  it('turns a torch archive into safetensors, as stored and as f16', async () => {
    const archive = join(GOLDENS, 'archives/torchscript.pt');
    expect((await runCli('convert', archive, at('same.safetensors'))).code).toBe(0);
    expect((await runCli('convert', archive, at('half.safetensors'), '--dtype', 'f16')).code).toBe(0);
    const [same, half] = [await tensors(at('same.safetensors')), await tensors(at('half.safetensors'))];
    const want = await tensors(join(GOLDENS, 'archives/torchscript.safetensors'));
    expect([...same.tensors.keys()]).toEqual(expect.arrayContaining([...want.tensors.keys()]));
    for (const name of want.tensors.keys()) {
      expect(await same.readF32(name), name).toEqual(await want.readF32(name));
      expect(half.tensors.get(name)!.dtype).toBe('F16');
    }
  });
});

describe('verify and info', () => {
  it('verify prints a table, exits 0 when all cases pass and 1 when one does not', async () => {
    const good = await runCli('verify', GOLDENS, '--only', 'op.gelu,op.linear');
    expect(good.code, good.stderr).toBe(0);
    expect(good.stdout).toMatch(/case +tensor +max abs +rel L2 +bound/);
    expect(good.stdout).toMatch(/op\.linear +grad\.w .* pass/);
    expect(good.stdout).toMatch(/6 tensors, 0 missed/);
    const bad = await runCli('verify', GOLDENS, '--only', 'model.tiny', '--precision', 'f16', '--json');
    expect(bad.code).toBe(1);
    expect((JSON.parse(bad.stdout) as { pass: boolean }).pass).toBe(false);
  });

  it('verify names a folder that is missing', async () => {
    const run = await runCli('verify', at('nowhere'));
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(/^aaclip: .*nowhere.*\n$/);
  });

  it('info describes adapter, kernels and what a model needs', async () => {
    const run = await runCli('info', '--weights', 'synthetic:tiny', '--img_size', '56', '--json');
    expect(run.code, run.stderr).toBe(0);
    const report = JSON.parse(run.stdout) as {
      kernels: { chosen: Record<string, string>; available: Record<string, string[]> };
      model: { config: { visionWidth: number }; memory: { vision: number } };
    };
    expect(report.kernels.chosen.matmul).toBe(report.kernels.available.matmul![0]);
    expect(report.kernels.available.layer_norm!.at(-1)).toBe('tree');
    expect(report.model.config.visionWidth).toBe(128);
    expect(report.model.memory.vision).toBeGreaterThan(4 * 12 * 128 * 128 * 2);
  });
});
