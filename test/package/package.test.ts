/** The package as users get it: the examples in Node, a browser entry through a bundler without plugins. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { compile, copy, createProject, type Ran, ROOT, removeProject, run, tool, write } from './project.js';

let dir = '';
const at = (...names: string[]): string => join(dir, ...names);

beforeAll(async () => {
  dir = await createProject();
}, 120_000);
afterAll(() => removeProject(dir));

describe('the tarball', () => {
  it('contains every file its exports name', () => {
    const own = at('node_modules', 'aaclip');
    const manifest = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8')) as { exports: object };
    const targets: string[] = [];
    const collect = (value: unknown): void => {
      if (typeof value === 'string') targets.push(value);
      else Object.values(value as object).forEach(collect);
    };
    collect(manifest.exports);
    expect(targets.length).toBeGreaterThan(10);
    for (const target of targets) expect(existsSync(join(own, target.replace(/\*$/, ''))), target).toBe(true);
    expect(readdirSync(own)).not.toContain('src');
  });

  it('contains nothing else: no stamps of the build, no source maps, no sources', () => {
    const own = at('node_modules', 'aaclip');
    const files = (readdirSync(own, { recursive: true }) as string[])
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => statSync(join(own, name)).isFile());
    const wanted =
      /^(?:LICENSE|dist-web\/(?:assets\/)?[\w-]+\.(?:html|js|css|svg|jpg|txt|packed|safetensors)|docs\/(?:data|export)\.md|README\.md|package\.json|dist\/[\w/]+(?:\.d\.ts|\.js)|shaders\/[\w.]+\.wgsl|weights\/.+\.(?:md|txt|json|png|safetensors))$/;
    expect(files.filter((name) => !wanted.test(name))).toEqual([]);
    const scripts = files.filter((name) => name.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(100);
    for (const name of scripts) expect(readFileSync(join(own, name), 'utf8'), name).not.toContain('sourceMappingURL');
  });

  it('installs a command that answers', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    const name = process.platform === 'win32' ? 'aaclip.cmd' : 'aaclip';
    const { code, stdout, stderr } = await run(dir, at('node_modules', '.bin', name), '--version');
    expect([code, stdout.trim(), stderr]).toEqual([0, version, '']);
  });

  it('type-checks in the strictest program that knows the language alone, by every entry', async () => {
    write(
      dir,
      'bare.ts',
      `
import { loadDetector } from 'aaclip';
import { Gpu } from 'aaclip/core';
import * as host from 'aaclip/node';
import { SHADERS } from 'aaclip/shaders';
import { trainStages } from 'aaclip/train';

export { Gpu, host, SHADERS, trainStages };
export async function score(picture: string): Promise<number> {
  const detector = await loadDetector({ weights: 'tiny', classes: ['screw'] });
  for await (const found of detector.detect(picture, 'screw')) return found.score;
  return 0;
}
`,
    );
    const language = { lib: ['ES2022'], types: [], noEmit: true };
    for (const platform of [{ module: 'NodeNext' }, { module: 'ESNext', moduleResolution: 'bundler' }]) {
      expect(await compile(dir, ['bare.ts'], { ...language, ...platform })).toBe('');
    }
  });
});

describe('in Node, the examples', () => {
  const examples = ['detect.ts', 'train.ts'];
  const node = (...args: string[]): Promise<Ran> => run(dir, process.execPath, ...args);

  beforeAll(async () => {
    for (const name of examples) copy(dir, `examples/${name}`, `examples/${name}`);
    const complaints = await compile(
      dir,
      examples.map((name) => `examples/${name}`),
      { module: 'NodeNext', lib: ['ES2023', 'ESNext.Disposable'], types: ['node'], rootDir: 'examples', outDir: 'out' },
    );
    expect(complaints).toBe('');
  });

  it('detect.ts scores pictures, skips a broken one and says what is wrong', async () => {
    const { picture } = drawSample(1);
    write(dir, 'a.png', encodePng(SIZE, SIZE, picture.data));
    write(dir, 'broken.png', '\u0089PNG');
    const good = await node('out/detect.js', 'woven cloth', 'a.png', 'broken.png');
    expect(good.code, good.stderr).toBe(0);
    const score = /^a\.png: score (0\.\d{4}), peak 0\.\d{4} at (\d+),(\d+)\n$/.exec(good.stdout);
    expect(score, good.stdout).not.toBeNull();
    for (const place of score!.slice(2)) expect(Number(place)).toBeLessThan(SIZE);
    expect(good.stderr).toMatch(/skipped: broken\.png: /);
    const cli = await node(
      'node_modules/aaclip/dist/cli/main.js',
      'predict',
      'a.png',
      '--json',
      '--no-heatmap',
      '--class',
      'woven cloth',
      '--weights',
      'tiny',
      '--adapters',
      'tiny',
    );
    expect((JSON.parse(cli.stdout) as { score: number }).score.toFixed(4)).toBe(score![1]);
    const none = await node('out/detect.js', ' ', 'a.png');
    expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/^class: class name: empty: .*\n$/)]);
  }, 120_000);

  it('train.ts learns to distinguish a faulty picture from a good one', async () => {
    const trained = await node('out/train.js');
    expect(trained.code, trained.stderr).toBe(0);
    const losses = [...trained.stdout.matchAll(/^(text|image) stage, .*: loss (\d+\.\d+)$/gm)];
    expect(losses.map((m) => m[1])).toEqual([...Array(4).fill('text'), ...Array(16).fill('image')]);
    const image = losses.filter((m) => m[1] === 'image').map((m) => Number(m[2]));
    const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(image.slice(-4))).toBeLessThan(mean(image.slice(0, 4)));
    const [good, faulty] = ['good', 'faulty'].map((kind) =>
      Number(new RegExp(`^a ${kind} picture it has not seen: score (0\\.\\d+)$`, 'm').exec(trained.stdout)?.[1]),
    );
    expect(faulty).toBeGreaterThan(good!);
  }, 120_000);
});

describe('for a browser', () => {
  const PAGE = `
import { AaclipError, type Detection, loadDetector, type StepReport, train, type TrainingSample } from 'aaclip';

export async function detect(files: readonly File[], onNote: (note: string) => void): Promise<Detection[]> {
  using detector = await loadDetector({ weights: 'tiny', adapters: 'tiny', classes: ['screw'], onNote });
  const found: Detection[] = [];
  for await (const detection of detector.detect(files, 'screw')) found.push(detection);
  return found;
}

export async function learn(samples: readonly TrainingSample[], tell: (step: StepReport) => void): Promise<Blob> {
  const run = train({ weights: new URL('clip.safetensors', 'https://example.com/'), samples });
  for await (const step of run) tell(step);
  return new Blob([(await run.finish()).image]);
}

export const isOurs = (error: unknown): boolean => error instanceof AaclipError;
`;
  const PARTS = `
import { Gpu } from 'aaclip/core';
import { SHADERS } from 'aaclip/shaders';
import { trainStages } from 'aaclip/train';

export const open = (entry: GPU): Promise<Gpu> => Gpu.open({ entry, shaders: SHADERS });
export { trainStages };
`;

  it('an entry type-checks with the DOM types alone', async () => {
    write(dir, 'page.ts', PAGE);
    write(dir, 'parts.ts', PARTS);
    const options = { module: 'ESNext', moduleResolution: 'bundler', lib: ['ES2023', 'ESNext.Disposable', 'DOM'] };
    expect(await compile(dir, ['page.ts', 'parts.ts'], { ...options, types: [], noEmit: true })).toBe('');
  });

  it('an entry bundles with Vite without plugins: shaders inside, weights as files beside it', async () => {
    write(dir, 'page.ts', PAGE);
    write(dir, 'index.html', '<script type="module" src="./start.ts"></script>');
    write(
      dir,
      'start.ts',
      "import { detect, learn } from './page.js';\nObject.assign(globalThis, { detect, learn });\n",
    );
    const built = await run(dir, process.execPath, tool('vite/bin/vite.js'), 'build', '--logLevel', 'warn');
    expect(built.code, built.stderr + built.stdout).toBe(0);
    expect(built.stderr + built.stdout).not.toMatch(/externalized|node:/);
    const assets = readdirSync(at('dist', 'assets'));
    const scripts = assets.filter((name) => name.endsWith('.js'));
    const text = scripts.map((name) => readFileSync(at('dist', 'assets', name), 'utf8')).join('\n');
    for (const name of readdirSync(join(ROOT, 'shaders'))) expect(text, name).toContain(name.slice(0, -5));
    expect(text).toContain('@compute @workgroup_size');
    for (const [stem, path] of [
      ['clip_merges', 'clip_merges.txt'],
      ['clip', 'tiny/clip.safetensors'],
      ['text_adapter', 'tiny/text_adapter.safetensors'],
      ['image_adapter', 'tiny/image_adapter.safetensors'],
    ] as const) {
      const found = assets.find((name) => new RegExp(`^${stem}-[\\w-]{8}\\.\\w+$`).test(name));
      expect(found, `${stem} among ${assets.join(', ')}`).toBeDefined();
      expect(statSync(at('dist', 'assets', found!)).size).toBe(statSync(join(ROOT, 'weights', path)).size);
      expect(text).toContain(found);
    }
  }, 120_000);
});
