import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { orphanShaders, sharedStems, untestedOps, violations } from './rules.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Paths of files below a folder, from the root, with `/`. */
function filesIn(folder: string, ending: string): string[] {
  return readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(ending))
    .sort();
}

const texts = (paths: readonly string[]) =>
  new Map(paths.map((path) => [path, readFileSync(`${ROOT}${path}`, 'utf8')]));

describe('the source tree', () => {
  const sources = texts(filesIn('src', '.ts'));
  const ops = texts(filesIn('src/ops', '.ts'));

  test('keeps to its layers', () => {
    expect(sources.size).toBeGreaterThan(0);
    expect([...sources].flatMap(([path, text]) => violations(path, text))).toEqual([]);
  });

  test('dispatches every kernel', () => {
    const launchers = texts(['src/kernels', 'src/ops', 'src/picture'].flatMap((room) => filesIn(room, '.ts')));
    expect(orphanShaders(filesIn('shaders', '.wgsl'), launchers)).toEqual([]);
  });

  test('has no two files of one name', () => {
    expect(sharedStems([...sources.keys()])).toEqual([]);
  });

  test('asks in one file what kind of adapter this is', () => {
    const asking = /\b(?:adapterClass|isFallbackAdapter)\b|llvmpipe|lavapipe\|/;
    expect([...sources].filter(([, text]) => asking.test(text)).map(([path]) => path)).toEqual(['src/gpu/traits.ts']);
  });

  test('asks in one room which method it runs', () => {
    // What differs between methods is a member of their values: nothing else compares them, or their names.
    const asking =
      /[!=]==?\s*(?:'(?:aa-clip|april-gan|anomalyclip)'|(?:AA_CLIP|PLAIN_CLIP|APRIL_GAN|ANOMALY_CLIP)\b)|(?<!request\.)method(?:\.name)?\s*[!=]==?\s*'|case '(?:aa-clip|april-gan|anomalyclip)'/;
    expect(asking.test("if (method === 'april-gan') {")).toBe(true);
    const elsewhere = [...sources].filter(([path]) => !path.startsWith('src/model/methods/'));
    expect(elsewhere.filter(([, text]) => asking.test(text)).map(([path]) => path)).toEqual([]);
  });

  test('has no file too long to read in one go', () => {
    const long = [...sources].filter(([, text]) => text.split('\n').length > 251).map(([path]) => path);
    expect(long).toEqual([]);
  });

  test('has a test for every op', () => {
    expect(untestedOps(ops, texts(filesIn('test', '.test.ts')))).toEqual([]);
  });
});

describe('the checker refuses', () => {
  const cases: [what: string, path: string, text: string][] = [
    ['an upward import', 'src/gpu/a.ts', "import { Tensor } from '../tensor/tensor.js';"],
    ['an upward import of a type', 'src/tensor/a.ts', "import type { Op } from '../autograd/op.js';"],
    ['an upward re-export', 'src/ops/a.ts', "export * from '../nn/linear.js';"],
    ['an upward dynamic import', 'src/nn/a.ts', "export const f = () => import('../model/clip.js');"],
    ['an upward import inside a type', 'src/nn/a.ts', "export type A = import('../model/clip.js').Clip;"],
    ['the engine importing io', 'src/nn/a.ts', "import { read } from '../io/safetensors.js';"],
    ['io importing the model', 'src/io/a.ts', "import { Clip } from '../model/clip.js';"],
    ['io importing the engine', 'src/io/a.ts', "import { Gpu } from '../gpu/gpu.js';"],
    ['data importing pictures', 'src/data/a.ts', "import { decodePng } from '../picture/png.js';"],
    ['kernels knowing the tape', 'src/kernels/a.ts', "import { apply } from '../autograd/tape.js';"],
    ['the model importing the detector', 'src/model/a.ts', "import { Detector } from '../detect/detector.js';"],
    ['the Node host importing a command', 'src/node/a.ts', "import { run } from '../cli/train/command.js';"],
    ['data importing io', 'src/data/a.ts', "import { read } from '../io/safetensors.js';"],
    ['training importing evaluation', 'src/train/a.ts', "import { auroc } from '../eval/metrics.js';"],
    ['a host importing the other', 'src/web/a.ts', "import { openGpu } from '../node/device.js';"],
    ['the library importing a host', 'src/core.ts', "export * from './node/device.js';"],
    ['an import from outside src', 'src/ops/a.ts', "import { f } from '../../test/reference/a.js';"],
    ['an unknown room', 'src/misc/a.ts', 'export const a = 1;'],
    ['a node: module', 'src/io/a.ts', "import { readFileSync } from 'node:fs';"],
    ['a Node module by its short name', 'src/data/a.ts', "import { join } from 'path';"],
    ['a package that needs Node', 'src/data/a.ts', "import sharp from 'sharp';"],
    ['process', 'src/model/a.ts', 'export const on = process.env.DEBUG;'],
    ['process among values', 'src/model/a.ts', 'export const all = [1, process];'],
    ['process as a member', 'src/model/a.ts', 'export const all = { a: process };'],
    ['process by shorthand', 'src/model/a.ts', 'export const all = { process };'],
    ['process as an argument', 'src/model/a.ts', 'f(process); declare function f(p: unknown): void;'],
    ['Buffer as a value', 'src/io/a.ts', 'export const b = Buffer.alloc(4);'],
    ['Buffer as a type', 'src/io/a.ts', 'export function f(b: Buffer) {}'],
    ['document', 'src/eval/a.ts', "export const c = document.createElement('canvas');"],
    ['an element type', 'src/cli/a.ts', 'export let c: HTMLCanvasElement;'],
    ['navigator', 'src/gpu/a.ts', 'export const g = navigator.gpu;'],
    ['fetch', 'src/io/a.ts', "export const r = fetch('x');"],
    ['localStorage', 'src/model/a.ts', "localStorage.setItem('a', 'b');"],
    ['a WebGPU type in an op', 'src/ops/a.ts', 'export function f(b: GPUBuffer) {}'],
    ['a WebGPU constant in an op', 'src/ops/a.ts', 'export const u = GPUBufferUsage.STORAGE;'],
    ['a WebGPU type argument in training', 'src/train/a.ts', 'export const m = new Map<string, GPUDevice>();'],
    ['an async function in an op', 'src/ops/a.ts', 'export async function f() {}'],
    ['an async arrow in a layer', 'src/nn/a.ts', 'export const f = async () => 1;'],
    ['an async method in the model', 'src/model/a.ts', 'export class A { async f() {} }'],
    ['a promise in the model', 'src/model/a.ts', 'export function f(): Promise<void> { throw 1; }'],
    ['a loader in an op', 'src/ops/a.ts', 'export async function loadText() {}'],
    ['a name that only begins like a loader', 'src/model/a.ts', 'export async function loadedText() {}'],
    ['await', 'src/nn/a.ts', 'export const a = await g(); declare function g(): unknown;'],
    ['then', 'src/ops/a.ts', 'export const f = (p: { then(g: () => void): void }) => p.then(() => {});'],
  ];
  test.each(cases)('%s', (_, path, text) => {
    expect(violations(path, text)).toHaveLength(1);
  });

  test('and names file and line', () => {
    expect(violations('src/ops/a.ts', "\n\nimport '../nn/b.js';")).toEqual(['src/ops/a.ts:3: ops may not import nn']);
  });

  test('a kernel that no op names', () => {
    const ops = new Map([['src/ops/gelu.ts', "run('gelu'); // not gelu_old"]]);
    expect(orphanShaders(['shaders/gelu.wgsl', 'shaders/gelu_old.wgsl'], ops)).toEqual([
      'shaders/gelu_old.wgsl: named by no op',
    ]);
  });

  test('two files of one name, unless they are the parts every command has', () => {
    const commands = ['src/cli/train/command.ts', 'src/cli/predict/command.ts', 'src/cli/train/plan.ts'];
    expect(sharedStems([...commands, 'src/train/plan.ts'])).toEqual(['plan: src/cli/train/plan.ts, src/train/plan.ts']);
  });

  test('an op without a test', () => {
    const ops = new Map([
      ['src/ops/gelu.ts', 'export const gelu = 1;'],
      ['src/ops/scale.ts', 'export const scale = 1;'],
      ['src/ops/matmul.ts', 'export const matmul = 1;'],
      ['src/ops/index.ts', "export * from './gelu.js';"],
    ]);
    const tests = new Map([['test/ops/gelu.test.ts', "import { scale } from '../../src/ops/scale.js';"]]);
    expect(untestedOps(ops, tests)).toEqual(['src/ops/matmul.ts: no test is named after it or imports it']);
  });
});

describe('the checker allows', () => {
  const cases: [what: string, path: string, text: string][] = [
    [
      'downward imports',
      'src/ops/a.ts',
      "import type { Gpu } from '../gpu/gpu.js'; import { t } from '../tensor/tensor.js';",
    ],
    ['neighbours in a room', 'src/train/a.ts', "import { adam } from './adam.js';"],
    ['the model reading files', 'src/model/a.ts', "import { read } from '../io/safetensors.js';"],
    ['Node in its host', 'src/node/a.ts', "import { join } from 'node:path'; join(process.cwd());"],
    ['the page in the browser host', 'src/web/a.ts', "document.body.append('x'); fetch('y');"],
    ['WebGPU in the hosts', 'src/node/a.ts', 'export let a: GPUAdapter;'],
    ['waiting while loading', 'src/model/load.ts', 'export async function load(): Promise<void> {}'],
    [
      'forbidden names in comments and strings',
      'src/ops/a.ts',
      "// await document\nexport const a = 'process GPUDevice';",
    ],
    ['members of those names', 'src/ops/a.ts', 'export const f = (x: { window: number; fetch(): void }) => x.window;'],
    [
      'a destructured variable',
      'src/ops/a.ts',
      'export const f = ({ a: self, b: [history = 1] }: T) => self + history;',
    ],
    ['own variables of those names', 'src/ops/a.ts', 'export function f(window: number) { return window + 1; }'],
  ];
  test.each(cases)('%s', (_, path, text) => {
    expect(violations(path, text)).toEqual([]);
  });
});
