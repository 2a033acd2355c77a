/** `aaclip export` as a user runs it, and the program in examples/deploy that uses what it writes. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { writeAtomically } from '../../src/node/atomic_write.js';
import { runHere } from './in_process.js';
import { runCli } from './run_cli.js';

const EXAMPLE = fileURLToPath(new URL('../../examples/deploy/detect.mjs', import.meta.url));
const MODEL = ['--weights', 'tiny', '--adapters', 'tiny', '--img_size', '112'];

let dir = '';
const at = (...parts: string[]): string => join(dir, ...parts);

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-export-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe('refused in one line, before anything is written', () => {
  const refusal = async (...args: string[]): Promise<string> => {
    const { failed } = await runHere('export', ...args);
    expect(failed).toBeDefined();
    expect(failed).not.toContain('\n');
    return failed!;
  };

  it('a class that its data set lacks, or none', async () => {
    const unknown = await refusal(...MODEL, '--class', 'screw,felt', '--dataset', 'MVTec', '--out', at('a.onnx'));
    expect(unknown).toMatch(/^data set MVTec: unknown class: expected one of bottle, .*, got "felt"$/);
    expect(await refusal(...MODEL, '--class', 'screw,', '--out', at('a.onnx'))).toMatch(/^class name: empty: expected/);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('weights without a text tower, from which anchors are made', async () => {
    const clip = syntheticClip(TINY, 1);
    const visual = clip.names.filter((name) => name.startsWith('visual.'));
    const tensors = await Promise.all(visual.map(async (name) => toWrite(name, await clip.read(name))));
    mkdirSync(at('weights'));
    const path = at('weights', 'visual.safetensors');
    await writeAtomically(path, writeSafetensors(tensors));
    expect(await refusal('--weights', path, '--class', 'screw', '--out', at('a.onnx'))).toMatch(
      /visual\.safetensors: .*expected token_embedding\.weight .*both towers/,
    );
  });

  it('a folder without a calibration of a class', async () => {
    const message = await refusal(...MODEL, '--class', 'screw', '--calibration', dir, '--out', at('a.onnx'));
    expect(message).toMatch(/: no calibration of class screw: it has none at all: make one from good pictures/);
  });

  it('a folder in place of a file', async () => {
    expect(await refusal(...MODEL, '--class', 'screw', '--out', dir)).toMatch(
      /^--out .*: a folder: name a file, such as .*model\.onnx$/,
    );
  });
});

it('writes a model, and pictures that the example scores as this program does', async () => {
  const run = await runCli(
    'export',
    ...MODEL,
    '--class',
    'leather,metal nut',
    '--out',
    at('new', 'nut.onnx'),
    '--reference',
    '--json',
  );
  expect(run.code, run.stderr).toBe(0);
  const told = JSON.parse(run.stdout) as Record<string, unknown>;
  expect(told).toMatchObject({
    ...{
      out: at('new', 'nut.onnx'),
      opset: 17,
      method: 'aa-clip',
      image_size: 112,
      reference: at('new', 'nut.reference'),
    },
    classes: [
      { name: 'leather', decided_by: 'training' },
      { name: 'metal nut', decided_by: 'training' },
    ],
    inputs: [
      { name: 'pictures', type: 'uint8', shape: ['batch', 'height', 'width', 3] },
      { name: 'class', type: 'int64', shape: ['batch'] },
    ],
    outputs: [
      { name: 'score' },
      { name: 'image_score' },
      { name: 'map', shape: ['batch', 112, 112] },
      { name: 'normalized_score', type: 'float32' },
      { name: 'anomalous', type: 'bool' },
      { name: 'mask', type: 'bool', shape: ['batch', 112, 112] },
    ],
  });
  expect(told.bytes).toBe(readFileSync(at('new', 'nut.onnx')).length);
  const folder = at('new', 'nut.reference');
  expect(readdirSync(folder).sort()).toEqual(['expected.json', 'faulty.png', 'good.png', 'images.npy', 'map.npy']);
  const { pictures } = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')) as {
    pictures: { file: string; score: number; normalized_score: number; anomalous: boolean }[];
  };
  const [good, faulty] = pictures.map((p) => p.normalized_score) as [number, number];
  expect(faulty).toBeGreaterThan(good + 0.01);
  for (const p of pictures) expect(p.anomalous).toBe(p.normalized_score >= 0.5);
  const args = ['--threshold', String((good + faulty) / 2), ...pictures.map(({ file }) => join(folder, file))];
  const printed = execFileSync(process.execPath, [EXAMPLE, at('new', 'nut.onnx'), ...args], { encoding: 'utf8' });
  const lines = [...printed.matchAll(/^.*\/(\w+)\.png: (good|FAULTY), score (0\.\d{4}), most of it at \d+,\d+$/gm)];
  expect(lines.map(([, name, verdict]) => [name, verdict])).toEqual([
    ['good', 'good'],
    ['faulty', 'FAULTY'],
  ]);
  for (const [i, want] of [good, faulty].entries()) expect(Number(lines[i]![3])).toBeCloseTo(want, 3);
});
