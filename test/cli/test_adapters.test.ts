/** `aaclip test` on a small data set drawn here: figures, epochs, pictures, and what is refused before anything runs. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testCommand } from '../../src/cli/test_adapters/command.js';
import { exampleNames, safeParts } from '../../src/cli/test_adapters/draw_class.js';
import { promptsFor } from '../../src/data/class_prompts.js';
import { type Domain, REGISTRY, type Registry } from '../../src/data/datasets.js';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import { type ClassFigures, classMetrics, type Figures } from '../../src/eval/metrics.js';
import { toWrite, writeSafetensors } from '../../src/io/safetensors_writer.js';
import { createTokenizer } from '../../src/io/tokenizer.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { writeAtomically } from '../../src/node/atomic_write.js';
import { loadPicture } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';
import { MERGES } from '../../src/node/open_tokenizer.js';
import { prepareMask } from '../../src/picture/mask.js';
import { preparePictures } from '../../src/picture/resize_picture.js';
import { read, tidy } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { type Run, runCli } from './run_cli.js';

const S = 56;
const CLASSES = ['cloth', 'felt'];
let dir = '';
const at = (...parts: string[]): string => join(dir, ...parts);

/** Tensors of synthetic adapters, named as in a file of both; `relu` renames the projections. */
async function writeAdapters(path: string, part: 'text' | 'image', seed: number, metadata = {}, relu = false) {
  const made = syntheticAdapters(TINY, seed);
  const names = made.names.filter((n) => n.startsWith(`${part}_adapter.`));
  const named = (n: string): string => (relu ? n.replace(/(_proj(?:\.\d+)?)\.fc\.weight$/, '$1.fc.0.weight') : n);
  const tensors = await Promise.all(names.map(async (n) => toWrite(named(n), await made.read(n))));
  await writeAtomically(path, writeSafetensors(tensors, metadata));
}

/** The pictures of a class, every second one abnormal. */
const numbers = (c: number): number[] => [0, 1, 2, 3, 4].map((i) => 20 * c + i);

beforeAll(async () => {
  delete process.env.AACLIP_DATA;
  dir = mkdtempSync(join(tmpdir(), 'aaclip-test-'));
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
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const base = (): string[] => ['--weights', 'synthetic:tiny', '--img_size', String(S), '--save_path', at('ckpt')];
const mine = (): string[] => ['--dataset', 'mine', '--data', at('parts'), ...base()];
const test = (...args: string[]): Promise<Run> => runCli('test', ...args);

interface Tested {
  readonly dataset: string;
  readonly epoch: number | string;
  readonly images: number;
  readonly sheets: readonly string[];
  readonly classes: readonly ({ readonly className: string } & ClassFigures)[];
  readonly average: Figures;
}

/** The runs a `--json` call prints; its last line is the summary. */
function runsOf(run: Run): Tested[] {
  expect(run.code, run.stderr).toBe(0);
  const lines = run.stdout.trim().split('\n');
  return lines.slice(0, -1).map((l) => JSON.parse(l) as Tested);
}

/** Figures of a class computed here, a picture at a time, with the image adapters of an epoch. */
async function expected(epoch: number, domain: Domain = 'Industrial'): Promise<ClassFigures[]> {
  const gpu = await device();
  const tokenizer = createTokenizer(readFileSync(MERGES, 'utf8'));
  const classes = CLASSES.map((name) => {
    const { normal, abnormal } = promptsFor(name);
    return { name, domain, normal: tokenizer.encode(normal), abnormal: tokenizer.encode(abnormal) };
  });
  const adapters = { text: syntheticAdapters(TINY, 2), image: syntheticAdapters(TINY, 2 + epoch) };
  using detector = await AnomalyModel.load(gpu, {
    clip: syntheticClip(TINY, 1, true),
    adapters,
    classes,
    imageSize: S,
  });
  const found: ClassFigures[] = [];
  for (const [c, className] of CLASSES.entries()) {
    const [maps, masks, labels, scores] = [[] as number[], [] as number[], [] as number[], [] as number[]];
    for (const n of numbers(c)) {
      const { picture, mask, label } = drawSample(n);
      const { map, score } = tidy(() => detector.run(preparePictures(gpu, [picture], S), className));
      maps.push(...(await read(map)));
      scores.push((await read(score))[0]!);
      map.release();
      score.release();
      masks.push(...prepareMask({ width: SIZE, height: SIZE, data: mask }, S, S));
      labels.push(label);
    }
    found.push(classMetrics(masks, labels, Float32Array.from(maps), scores, domain));
  }
  return found;
}

const FIGURES = ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp'] as const;

describe('figures', () => {
  it('of every epoch, in numerical order, match the maps', async () => {
    const runs = runsOf(await test(...mine(), '--json', '--batch_size', '1'));
    expect(runs.map((r) => r.epoch)).toEqual([1, 2, 10]);
    for (const run of runs) {
      const want = await expected(Number(run.epoch));
      expect(run.classes.map((c) => c.className)).toEqual(CLASSES);
      for (const [i, figures] of want.entries()) expect(run.classes[i]).toMatchObject(figures);
      for (const key of FIGURES) expect(run.average[key]).toBeCloseTo((want[0]![key]! + want[1]![key]!) / 2, 9);
    }
    // The adapters differ, so the figures must too: an epoch tested three times would show here.
    expect(new Set(runs.map((r) => JSON.stringify(r.classes))).size).toBe(3);
    const file = JSON.parse(readFileSync(at('ckpt', 'results.json'), 'utf8')) as { runs: Tested[]; summary: unknown[] };
    expect(file.runs).toEqual(runs);
    expect(file.summary).toHaveLength(3);
  });

  it('of a medical data set use its wider blur, and score pictures by their peak', async () => {
    const args = ['--epoch', '2', '--domain', 'Medical', '--batch_size', '1', '--json'];
    const [run] = runsOf(await test(...mine(), ...args));
    for (const [i, figures] of (await expected(2, 'Medical')).entries()) expect(run!.classes[i]).toMatchObject(figures);
    expect(run!.classes[0]).not.toMatchObject((await expected(2))[0]!);
  });

  it('do not depend on the batch, which may hold several classes', async () => {
    const [[one], [three]] = await Promise.all(
      ['1', '4'].map(async (n) => runsOf(await test(...mine(), '--json', '--epoch', '2', '--batch_size', n))),
    );
    for (const [i, want] of one!.classes.entries()) {
      const got = three!.classes[i]!;
      expect([got.className, got.images, got.abnormalPixels]).toEqual([
        want.className,
        want.images,
        want.abnormalPixels,
      ]);
      for (const key of FIGURES) expect(Math.abs(got[key]! - want[key]!)).toBeLessThan(0.02);
    }
  });

  it('are appended to test.log as a table', async () => {
    const run = await test(...mine(), '--epoch', '1', '--class', 'felt');
    expect(run.code, run.stderr).toBe(0);
    const before = readFileSync(at('ckpt', 'test.log'), 'utf8');
    expect((await test(...mine(), '--epoch', '1', '--class', 'felt')).code).toBe(0);
    const log = readFileSync(at('ckpt', 'test.log'), 'utf8');
    expect(log.startsWith(before)).toBe(true);
    const table =
      /INFO:final results:\n((?: *class name.*)\n *felt( +\d+\.\d\d){4}\n *Average( +\d+\.\d\d){4}\n)$/.exec(
        log.slice(before.length),
      );
    expect(table).not.toBeNull();
    expect(run.stdout).toContain(table![1]!.trimEnd());
  });

  it('without masks cover the pictures alone', async () => {
    mkdirSync(at('bare'));
    const rows = readFileSync(at('parts', 'full-shot.jsonl'), 'utf8').replaceAll(/,"mask_path":"[^"]*"/g, '');
    writeFileSync(at('bare', 'list.jsonl'), rows);
    const args = ['--metadata', at('bare', 'list.jsonl'), '--epoch', '1', '--json'];
    const [run] = runsOf(await test(...mine(), ...args));
    expect(run!.classes.map((c) => [c.pixelAuc, c.pixelAp])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(run!.classes[0]!.imageAuc).toBeGreaterThanOrEqual(0);
  });
});

describe('plain CLIP', () => {
  it('needs no folder of adapters, and is another model', async () => {
    const args = ['--dataset', 'mine', '--data', at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S)];
    const [plain] = runsOf(await test(...args, '--save_path', at('plain'), '--plain', '--json'));
    const [text] = runsOf(await test(...mine(), '--epoch', '1', '--plain', 'text', '--json'));
    const [adapted] = runsOf(await test(...mine(), '--epoch', '1', '--json'));
    expect([plain!.epoch, text!.epoch, adapted!.epoch]).toEqual(['plain', 1, 1]);
    expect(new Set([plain, text, adapted].map((r) => JSON.stringify(r!.classes))).size).toBe(3);
  });
});

describe('what a training recorded', () => {
  it('stands in for flags that are not given', async () => {
    mkdirSync(at('recorded'));
    const flags = JSON.stringify({ imageSize: S, textMix: 0.3, imageMix: 0.4, activation: 'quickgelu' });
    await writeAdapters(at('recorded', 'text_adapter.safetensors'), 'text', 2, { flags });
    await writeAdapters(at('recorded', 'image_adapter.safetensors'), 'image', 3, { flags });
    const args = ['--dataset', 'mine', '--data', at('parts'), '--weights', 'synthetic:tiny', '--json'];
    const [asTrained] = runsOf(await test(...args, '--save_path', at('recorded')));
    expect(asTrained!.epoch).toBe('latest');
    const all = ['--text_adapt_weight', '0.3', '--image_adapt_weight', '0.4', '--activation', 'quickgelu'];
    const [same] = runsOf(await test(...mine(), ...all, '--epoch', '1', '--json'));
    const [other] = runsOf(await test(...mine(), ...all.slice(0, 2), ...all.slice(4), '--epoch', '1', '--json'));
    expect(asTrained!.classes).toEqual(same!.classes);
    expect(other!.classes).not.toEqual(same!.classes);
  });
});

describe('pictures', () => {
  it('are written for each sample, with a sheet for each class', async () => {
    const [run] = runsOf(await test(...mine(), '--epoch', '10', '--visualize', '--results_dir', at('drawn'), '--json'));
    for (const [c, className] of CLASSES.entries()) {
      const folder = at('drawn', 'visualization', 'mine', className);
      const want = numbers(c).flatMap((n) =>
        ['heatmap', 'mask', 'overlay', 'picture'].map((kind) => `${n % 2 === 1 ? 'blot' : 'good'}_${n}_${kind}.png`),
      );
      expect(readdirSync(folder).sort()).toEqual([...want, 'sheet.png'].sort());
      for (const name of want) {
        const { width, height } = await loadPicture(join(folder, name));
        expect([width, height], name).toEqual([S, S]);
      }
      expect(run!.sheets[c]).toBe(join(folder, 'sheet.png'));
      expect((await loadPicture(run!.sheets[c]!)).height).toBeGreaterThan(5 * 160);
      // The mask as drawn, at the size of the maps; black on a normal picture.
      const [normal, abnormal] = numbers(c);
      const shown = await loadPicture(join(folder, `blot_${abnormal}_mask.png`));
      const mask = prepareMask({ width: SIZE, height: SIZE, data: drawSample(abnormal!).mask }, S, S);
      expect(Array.from(shown.data.filter((_, i) => i % 3 === 0))).toEqual(Array.from(mask, (v) => 255 * v));
      expect((await loadPicture(join(folder, `good_${normal}_mask.png`))).data.some((v) => v !== 0)).toBe(false);
    }
    expect(readdirSync(at('drawn', 'visualization', 'mine')).sort()).toEqual(CLASSES);
    expect(existsSync(at('drawn', 'results.json'))).toBe(true);
  });
});

describe('data sets', () => {
  const registry = (): string => at('registry.json');
  beforeAll(() => {
    const classes = { felt: 'grey felt', cloth: 'woven cloth' };
    const own = { datasets: { Parts: { domain: 'Industrial', folder: 'parts', layout: 'folder', classes } } };
    writeFileSync(registry(), JSON.stringify(own));
    mkdirSync(at('MPDD', 'tubes', 'test', 'good'), { recursive: true });
    mkdirSync(at('MPDD', 'tubes', 'test', 'dirt'));
    for (const [from, to] of [
      ['0', 'good/000'],
      ['1', 'dirt/000'],
      ['3', 'dirt/001'],
    ] as const) {
      const state = from === '0' ? 'good' : 'blot';
      copyFileSync(at('parts', 'cloth', state, `${from}.png`), at('MPDD', 'tubes', 'test', `${to}.png`));
    }
  });

  it('are found together below one folder, listed where a list is missing, and summed up', async () => {
    const args = ['--registry', registry(), '--data', dir, '--epoch', '1', ...base(), '--results_dir', at('both')];
    const both = await test('--dataset', 'all', ...args);
    expect(both.code, both.stderr).toBe(0);
    expect(both.stderr).toMatch(/left out, since there is no folder: Brain, .*VisA/);
    expect(both.stderr).toMatch(/MPDD: no full-shot\.jsonl: 3 samples listed from the files in/);
    expect(both.stdout).toMatch(/all data sets, epoch 1\n *data set .*\n *MPDD( +[\d.-]+){4}\n *Parts( +[\d.]+){4}\n/);
    const { summary } = JSON.parse(readFileSync(at('both', 'results.json'), 'utf8')) as {
      summary: { epoch: number; datasets: ({ dataset: string } & Figures)[]; average: Figures }[];
    };
    expect(summary[0]!.datasets.map((d) => d.dataset)).toEqual(['MPDD', 'Parts']);
    // MPDD's pictures without masks have no pixel figures: the average is taken over the classes that have them.
    expect(summary[0]!.average.pixelAuc).toBe(summary[0]!.datasets[1]!.pixelAuc);
    expect(readFileSync(at('both', 'test.log'), 'utf8')).toMatch(/INFO:summary, epoch 1:\n *data set/);
  });

  it('of a registry file have its prompt names and its order of classes', async () => {
    const args = ['--dataset', 'Parts', '--registry', registry(), '--data', at('parts'), '--epoch', '1', '--json'];
    const [named] = runsOf(await test(...args, ...base()));
    const [unnamed] = runsOf(await test(...mine(), '--epoch', '1', '--json'));
    expect(named!.classes.map((c) => c.className)).toEqual(['felt', 'cloth']);
    const cloth = (r: Tested) => r.classes.find((c) => c.className === 'cloth');
    expect(cloth(named!)).not.toEqual(cloth(unnamed!));
  });

  it('of a registry file are known to predict, and printed', async () => {
    const picture = at('parts', 'felt', 'good', '20.png');
    const args = ['--dataset', 'Parts', '--class', 'felt', '--registry', registry(), '--weights', 'synthetic:tiny'];
    const run = await runCli('predict', picture, ...args, '--img_size', '56', '--out', at('out'), '--json');
    expect(run.code, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ class: 'felt', prompt_name: 'grey felt' });
    const printed = JSON.parse((await runCli('registry', '--registry', registry())).stdout) as Registry;
    expect(Object.keys(printed.datasets)).toEqual([...Object.keys(REGISTRY.datasets), 'Parts']);
    expect(printed.datasets.Parts!.classes.cloth).toBe('woven cloth');
  });

  it('lie where AACLIP_DATA or the configuration says', async () => {
    const args = ['--dataset', 'Parts', '--epoch', '1', '--json', ...base()];
    process.env.AACLIP_DATA = dir;
    const byVariable = await test(...args, '--registry', registry());
    delete process.env.AACLIP_DATA;
    writeFileSync(at('settings.json'), JSON.stringify({ roots: { Parts: 'parts' }, registry: 'registry.json' }));
    const byFile = await test(...args, '--config', at('settings.json'));
    expect(runsOf(byVariable)[0]!.classes).toEqual(runsOf(byFile)[0]!.classes);
  });
});

describe('refused in one line, before a device is opened', () => {
  /** The message the command throws. */
  async function refusal(...args: string[]): Promise<string> {
    const program = new Command().exitOverride();
    testCommand(program);
    const failure = await program.parseAsync(['node', 'aaclip', 'test', ...args]).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(Error);
    const { message } = failure as Error;
    expect(message).not.toContain('\n');
    return message;
  }

  it('an unknown data set, or a known one in another spelling', async () => {
    const unknown = await refusal('--dataset', 'Nuts', ...base());
    expect(unknown).toMatch(
      /unknown name: expected one of Brain, .*MVTec, VisA.*, got "Nuts": name the folder .* --data/,
    );
    expect(await refusal('--dataset', 'mvtec', '--data', at('parts'), ...base())).toMatch(
      /expected MVTec, got "mvtec"/,
    );
  });

  it('a data set that is not found, with the three ways to give its folder', async () => {
    const message = await refusal('--dataset', 'VisA', ...base());
    expect(message).toMatch(
      /VisA: no folder: .*--data DIR.*AACLIP_DATA.*VisA_20220922.*\{"roots": \{"VisA": "DIR"\}\}/,
    );
    expect(await refusal('--dataset', 'VisA', '--data', at('gone'), ...base())).toMatch(/looked for .*gone \(--data\)/);
    expect(await refusal('--dataset', 'all', '--data', at('ckpt'), ...base())).toMatch(/none of Brain.* was found/);
  });

  it('a class that is not in the list', async () => {
    expect(await refusal(...mine(), '--class', 'felt,silk')).toMatch(/expected some of cloth, felt, got silk/);
  });

  it('a folder without adapters, without text adapter, or without the epoch', async () => {
    const data = ['--dataset', 'mine', '--data', at('parts'), '--weights', 'synthetic:tiny'];
    expect(await refusal(...data, '--save_path', at('nowhere'))).toMatch(/nowhere: cannot read.*--save_path.*--plain/);
    mkdirSync(at('half'));
    copyFileSync(at('ckpt', 'image_adapter_1.safetensors'), at('half', 'image_adapter_1.safetensors'));
    expect(await refusal(...data, '--save_path', at('half'))).toMatch(/half: no text_adapter: .*--plain text/);
    mkdirSync(at('quarter'));
    copyFileSync(at('ckpt', 'text_adapter.safetensors'), at('quarter', 'text_adapter.safetensors'));
    expect(await refusal(...data, '--save_path', at('quarter'))).toMatch(/quarter: no image_adapter: expected/);
    expect(await refusal(...mine(), '--epoch', '7')).toMatch(/no image_adapter_7: expected one of 1, 2, 10$/);
  });

  it('flags that the checkpoint contradicts', async () => {
    expect(await refusal(...mine(), '--text_adapt_until', '2')).toMatch(/--text_adapt_until 2: expected 3/);
    expect(await refusal(...mine(), '--image_adapt_until', '6')).toMatch(/--image_adapt_until 6: expected 2/);
    expect(await refusal(...mine(), '--relu')).toMatch(/--relu: this checkpoint was trained without/);
    expect(await refusal(...mine(), '--weights', 'synthetic')).toMatch(
      /adapters of another CLIP: expected text_adapter/,
    );
  });

  it('one list for several data sets', async () => {
    const args = ['--dataset', 'MVTec,VisA', '--metadata', at('parts', 'full-shot.jsonl'), ...base()];
    expect(await refusal(...args)).toMatch(/--metadata: several data sets: expected a folder/);
  });
});

it('names of drawn files stay inside their folder and differ', () => {
  const paths = ['c/a/b_c.png', 'c/a_b/c.jpg', '../../c/x.png', 'a:b\\y.png'];
  const samples = paths.map((imagePath, line) => ({ imagePath, label: 0 as const, className: 'c', line }));
  expect(exampleNames('c', samples)).toEqual(['a_b_c', 'a_b_c_2', 'x', 'a_b_y']);
  expect(safeParts('../a//b/./c?')).toEqual(['a', 'b', 'c_']);
});

it('a broken picture stops the test with an error that names it, and no table is written', async () => {
  mkdirSync(at('broken'));
  writeFileSync(at('broken', 'a.png'), 'no picture');
  writeFileSync(at('broken', 'full-shot.jsonl'), '{"image_path": "a.png", "label": 0, "class_name": "cloth"}');
  const before = readFileSync(at('ckpt', 'test.log'), 'utf8');
  const run = await test('--dataset', 'mine', '--data', at('broken'), ...base(), '--epoch', '1', '--json');
  expect(run.code).toBe(1);
  expect(run.stderr.trim()).toMatch(/^aaclip: .*a\.png: .*$/);
  expect(run.stdout).toBe('');
  expect(readFileSync(at('ckpt', 'test.log'), 'utf8').slice(before.length)).not.toContain('final results');
});
