/** A small data set with adapters, drawn for the tests of `aaclip test`. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { TestResult } from '../../src/cli/test_adapters/output.js';
import type { ClassResult } from '../../src/eval/report.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { syntheticAdapters, TINY } from '../../src/model/synthetic.js';
import { writeAtomically } from '../../src/node/atomic_write.js';
import { encodePng } from '../../src/node/encode_png.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { type Run, runCli } from './run_cli.js';

/** Side of the maps. */
export const S = 56;
export const CLASSES = ['cloth', 'felt'];

/** Tensors of synthetic adapters, named as in a file of both; `relu` renames the projections. */
export async function writeAdapters(path: string, part: 'text' | 'image', seed: number, metadata = {}, relu = false) {
  const made = syntheticAdapters(TINY, seed);
  const names = made.names.filter((n) => n.startsWith(`${part}_adapter.`));
  const named = (n: string): string => (relu ? n.replace(/(_proj(?:\.\d+)?)\.fc\.weight$/, '$1.fc.0.weight') : n);
  const tensors = await Promise.all(names.map(async (n) => toWrite(named(n), await made.read(n))));
  await writeAtomically(path, writeSafetensors(tensors, metadata));
}

/** The pictures of a class, every second one abnormal. */
export const numbers = (c: number): number[] => [0, 1, 2, 3, 4].map((i) => 20 * c + i);

export interface DrawnSet {
  /** A path in the test's folder: `parts` holds the pictures, `ckpt` the adapters. */
  at(...parts: string[]): string;
  /** Flags for the weights and the adapters. */
  base(): string[];
  /** Flags for the data set, too. */
  mine(): string[];
  remove(): void;
}

/** Draws the data set and makes its adapters. */
export async function drawSet(): Promise<DrawnSet> {
  delete process.env.AACLIP_DATA;
  const dir = mkdtempSync(join(tmpdir(), 'aaclip-test-'));
  const at = (...parts: string[]): string => join(dir, ...parts);
  const lines: string[] = [];
  for (const [c, className] of CLASSES.entries()) {
    for (const folder of ['good', 'blot', 'masks/blot']) mkdirSync(at('parts', className, folder), { recursive: true });
    for (const n of numbers(c)) {
      const { picture, mask, label } = drawSample(n);
      const image = `${className}/${label === 1 ? 'blot' : 'good'}/${n}.png`;
      writeFileSync(at('parts', image), encodePng(SIZE, SIZE, picture.data));
      const marked = `${className}/masks/blot/${n}.png`;
      if (label === 1)
        writeFileSync(
          at('parts', marked),
          encodePng(
            SIZE,
            SIZE,
            mask.map((v) => 255 * v),
          ),
        );
      const row = { image_path: image, label, class_name: className, ...(label === 1 ? { mask_path: marked } : {}) };
      lines.push(JSON.stringify(row));
    }
  }
  writeFileSync(at('parts', 'full-shot.jsonl'), lines.join('\n'));
  mkdirSync(at('ckpt'));
  await writeAdapters(at('ckpt', 'text_adapter.safetensors'), 'text', 2);
  for (const epoch of [1, 2, 10])
    await writeAdapters(at('ckpt', `image_adapter_${epoch}.safetensors`), 'image', 2 + epoch);
  const base = (): string[] => ['--weights', 'synthetic:tiny', '--img_size', String(S), '--save_path', at('ckpt')];
  return {
    at,
    base,
    mine: () => ['--dataset', 'mine', '--data', at('parts'), ...base()],
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export const test = (...args: string[]): Promise<Run> => runCli('test', ...args);

export interface Tested extends Pick<TestResult, 'dataset' | 'epoch' | 'images' | 'sheets' | 'average'> {
  readonly classes: readonly ClassResult[];
  readonly averageIntervals?: TestResult['averageIntervals'];
  readonly seconds: number;
  readonly imagesPerSecond: number;
  readonly drawingSeconds?: number;
  readonly imagesPerSecondWithoutDrawing?: number;
}

/** The runs a `--json` call prints; its last line is the summary. */
export function runsOf(run: Run): Tested[] {
  expect(run.code, run.stderr).toBe(0);
  const lines = run.stdout.trim().split('\n');
  return lines.slice(0, -1).map((l) => JSON.parse(l) as Tested);
}
