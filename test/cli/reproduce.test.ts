/** `aaclip reproduce`: the protocol in small, and the comparison with the published figures. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Comparison,
  compare,
  comparisonCsv,
  comparisonMarkdown,
  comparisonText,
  legend,
  type PartFigures,
} from '../../src/cli/reproduce/comparison.js';
import type { SetState } from '../../src/cli/test_all/best_epoch.js';
import { REGISTRY } from '../../src/data/datasets.js';
import {
  PROTOCOL,
  PUBLISHED_AVERAGES,
  PUBLISHED_PICTURES,
  PUBLISHED_ROWS,
  type PublishedFigures,
} from '../../src/data/published_figures.js';
import { S } from './drawn_set.js';
import { runHere } from './in_process.js';
import { drawTrees } from './published_trees.js';

let dir: string;
const at = (...parts: string[]): string => join(dir, ...parts);
const reproduce = (folder: string, ...more: string[]): ReturnType<typeof runHere> =>
  runHere(
    ...['reproduce', '--data', at('data'), '--weights', 'synthetic:tiny', '--img_size', String(S), '--threads', '0'],
    ...['--text_epoch', '1', '--image_epoch', '1', '--image_adapt_until', '2', '--save_path', at(folder), ...more],
  );
const lines = (stdout: string): Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

beforeAll(() => {
  delete process.env.AACLIP_DATA;
  dir = mkdtempSync(join(tmpdir(), 'aaclip-protocol-'));
  drawTrees(at('data'), ['VisA', 'MVTec', 'BTAD']);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Milliseconds for a test that compiles every kernel of a training and of a test, on a machine with other work. */
const COLD = 360_000;

describe('the protocol', () => {
  it(
    'is run as far as data are there',
    async () => {
      const first = await reproduce('out', '--json');
      expect(first.failed).toBeUndefined();
      const { reproduce: record } = lines(first.stdout).at(-1) as unknown as {
        reproduce: Comparison & { parts: unknown[] };
      };
      expect(record).toMatchObject({ trainingMode: 'full_shot', epoch: 1, seeds: [111] });
      expect(record.parts).toMatchObject([
        { train: 'VisA', pictures: 2, steps: 2, tests: [{ dataset: 'MVTec', pictures: 2 }, { dataset: 'BTAD' }] },
        { train: 'MVTec', tests: [{ dataset: 'VisA', pictures: 2 }], missing: [] },
      ]);
      const named = record.rows.map((r) => `${r.trainedOn} ${r.dataset}`);
      expect([...new Set(named)]).toEqual(['VisA MVTec', 'VisA BTAD', 'MVTec VisA']);
      expect(record.rows.every((r) => r.published === undefined)).toBe(true);
      expect(record.notes).toEqual([
        `Not compared: the published figures are for CLIP ViT-L/14@336 at 518 px; here: --weights synthetic:tiny, --img_size ${S}.`,
        expect.stringMatching(/^Settings other than the published ones: shape /),
      ]);
      for (const end of ['json', 'csv', 'md']) expect(existsSync(at('out', `reproduce_full-shot.${end}`))).toBe(true);
    },
    COLD,
  );

  it('goes on where it stopped, and refuses the folder of other settings', async () => {
    const record = JSON.parse(readFileSync(at('out', 'reproduce_full-shot.json'), 'utf8')) as Comparison;
    const adapter = at('out', 'VisA_full-shot', 'seed_111', 'image_adapter_1.safetensors');
    const before = statSync(adapter).mtimeMs;
    rmSync(at('out', 'VisA_full-shot', 'seed_111', 'results', 'BTAD'), { recursive: true });
    const again = await reproduce('out', '--only', 'VisA');
    expect(again.failed).toBeUndefined();
    expect(again.stderr).toMatch(/part VisA: without Brain: needs the folder MedAD\/Brain_AD, with /);
    expect(again.stderr).toContain('part VisA, seed 111: is trained');
    expect(statSync(adapter).mtimeMs).toBe(before);
    const rows = again.stdout.split('\n').filter((line) => /^VisA +(?:MVTec|BTAD) .* - +-$/.test(line));
    expect(rows).toHaveLength(8);
    const kept = JSON.parse(readFileSync(at('out', 'reproduce_full-shot.json'), 'utf8')) as Comparison;
    expect(kept.rows).toEqual(record.rows.filter((r) => r.trainedOn === 'VisA'));

    const other = await reproduce('out', '--only', 'MVTec', '--image_lr', '0.1');
    expect(other.stderr).toMatch(
      /failed: MVTec: .*MVTec_full-shot: holds a sweep with other settings \(imageRate 0\.0005, /,
    );
    expect(other.failed).toMatch(/^reproduce: 1 of 1 parts failed \(MVTec\): correct what is said above, and start /);
  });

  it('says beforehand what would be run, and what is missing', async () => {
    const dry = await reproduce(
      'dry',
      '--dry_run',
      '--json',
      '--training_mode',
      'few_shot',
      '--shot',
      '2',
      '--seeds',
      '3',
    );
    expect(dry.failed).toBeUndefined();
    const { plan } = lines(dry.stdout).at(-1) as { plan: { parts: { missing: unknown[] }[]; notes: string[] } };
    expect(plan.parts).toMatchObject([{ train: 'VisA', pool: 2, trained: [], steps: 2 }, { train: 'MVTec' }]);
    expect(plan.parts[0]!.missing).toHaveLength(8);
    expect(plan.notes[0]).toMatch(/^Not compared: the published figures are for CLIP ViT-L\/14@336 at 518 px; here: /);
    expect(plan.notes.slice(1)).toEqual([
      'Settings other than the published ones: shape {"textUntil":3,"imageUntil":2,"relu":false}, textEpochs 1, imageEpochs 1.',
    ]);
    expect(existsSync(at('dry'))).toBe(false);
  });

  it('is refused in one line where nothing can be run', async () => {
    drawTrees(at('half'), ['BTAD']);
    const args = ['--data', at('half')];
    expect((await reproduce('none', ...args)).failed).toMatch(
      /^reproduce: no part can be run: VisA: nothing to train on: VisA needs the folder VisA_20220922, .*; MVTec: nothing /,
    );
    expect((await reproduce('none', '--data', at('out'))).failed).toMatch(/^data sets: none of VisA, MVTec, BTAD, /);
    expect((await reproduce('none', '--epoch', '2')).failed).toMatch(/^--epoch 2: no such epoch: expected 1 to 1, /);
    expect((await reproduce('none', '--only', 'BTAD')).failed).toMatch(/expected some of VisA, MVTec\./);
    expect((await reproduce('none', '--only', 'VisA', '--training_mode', 'few_shot', '--shot', '3')).failed).toMatch(
      /^reproduce: no part can be run: VisA: --shot 3: .*give an even number$/,
    );
    expect(existsSync(at('none'))).toBe(false);
    writeFileSync(at('data', 'VisA_20220922', 'full-shot.jsonl'), '\n');
    const broken = await reproduce('none', '--only', 'VisA');
    expect(broken.failed).toMatch(/VisA: nothing to train on: VisA \S+full-shot\.jsonl: empty list/);
    rmSync(at('data', 'VisA_20220922', 'full-shot.jsonl'));
  });
});

/** Figures of a part as a run in full leaves them, every figure of a data set alike for a seed. */
function part(train: string, figures: Readonly<Record<string, readonly number[]>>, pictures?: number): PartFigures {
  const names = Object.keys(figures);
  const sets = names.map((dataset) => {
    const seeds = figures[dataset]!.map((v, seed) => {
      const average = { pixelAuc: v, pixelAp: v, imageAuc: dataset.startsWith('Colon') ? null : v, imageAp: null };
      return { seed, average, classes: [] };
    });
    return { dataset, trainedOn: false, seeds };
  });
  const states = names.map((name) => ({ name, runs: [{ images: PUBLISHED_PICTURES[name] }] }) as unknown as SetState);
  return { train, sets, states, pictures: pictures ?? PUBLISHED_PICTURES[train]! };
}

describe('the comparison', () => {
  const all = { refusal: undefined, settings: undefined } as const;

  it('has the published figure of that number of shots, its source and the difference, marked above a point', () => {
    const full = compare([part('VisA', { MVTec: [91.5] }), part('MVTec', { VisA: [80, 90] })], {
      ...all,
      shot: 'full',
    });
    expect(full.rows.slice(0, 3)).toMatchObject([
      { figure: 'pixelAuc', published: 91.88, source: expect.stringMatching(/^results\/test\.log in the authors'/) },
      { figure: 'pixelAp', published: 45.27 },
      { figure: 'imageAuc', published: 90.47, trainedOn: 'VisA', dataset: 'MVTec' },
    ]);
    const text = comparisonText(full);
    expect(text).toMatch(/\nVisA +MVTec +pixel AUROC +91\.50 +91\.88 +-0\.38\n/);
    expect(text).toMatch(/\nVisA +MVTec +image AUROC +91\.50 +90\.47 +\+1\.03 \*\n/);
    expect(text).toMatch(/\nMVTec +VisA +pixel AUROC +85\.00 ± 7\.07 +95\.50 +-10\.50 \*\n/);
    expect(text).toMatch(/\nMVTec +VisA +pixel AP +85\.00 ± 7\.07 +- +-\n/);
    expect(comparisonCsv(full).split('\n')[1]).toMatch(/^VisA,MVTec,pixelAuc,1,91\.5,,91\.88,-0\.3800,"results/);
    expect(comparisonMarkdown(full)).toContain('| VisA | MVTec | pixel AUROC | 91.50 | 91.88 | -0.38 |');
    const two = compare([part('VisA', { MVTec: [91], BTAD: [91] })], { ...all, shot: 2 });
    expect(two.rows.map((r) => r.published)).toEqual([91.0, undefined, 85.9, undefined, undefined, undefined]);
    expect(legend(two).join('\n')).toMatch(/Published: Ma et al\., AA-CLIP, CVPR 2025/);
  });

  it('leaves out what was trained or tested on other pictures than the published ones, and says so', () => {
    const half = part('VisA', { MVTec: [91] });
    const states = [{ name: 'MVTec', runs: [{ images: 83 }] } as unknown as SetState];
    const tested = compare([{ ...half, states }], { ...all, shot: 'full' });
    expect(tested.notes).toEqual(['MVTec: not compared: tested on 83 pictures of MVTec, not on the published 1725']);
    const trained = compare([part('VisA', { MVTec: [91] }, 24)], { ...all, shot: 'full' });
    expect(trained.notes).toEqual(['MVTec: not compared: trained on 24 pictures of VisA, not on the published 2162']);
    for (const { rows } of [tested, trained]) expect(rows.map((r) => r.published)).toEqual(Array(3).fill(undefined));
    const refused = compare([half], { ...all, shot: 'full', refusal: 'Not compared: x' });
    expect([refused.notes, refused.rows[0]!.published]).toEqual([['Not compared: x'], undefined]);
  });

  it('has the averages of the paper where every data set was tested', () => {
    const figures = Object.fromEntries(PROTOCOL[0]!.test.map((name) => [name, [90]]));
    const parts = [part('VisA', figures), part('MVTec', { VisA: [79] })];
    const averages = compare(parts, { ...all, shot: 64 }).rows.filter((r) => r.dataset === 'Average');
    // Ten data sets at 90 and one at 79; of those with normal pictures six and one.
    expect(averages.map((r) => [r.figure, r.ours.mean!.toFixed(3), r.published])).toEqual([
      ['pixelAuc', '89.000', 92.8],
      ['imageAuc', '88.429', 83.1],
    ]);
    const { MVTec, ...fewer } = figures;
    const without = compare([part('VisA', fewer), parts[1]!], { ...all, shot: 64 }).rows;
    expect(without.some((r) => r.dataset === 'Average')).toBe(false);
  });
});

it('docs/numbers.md has the published figures as the program has them', () => {
  const page = readFileSync(new URL('../../docs/numbers.md', import.meta.url), 'utf8');
  const tableOf = (heading: string): string[][] => {
    const [, ...lines] = page.slice(page.indexOf(heading)).split('\n');
    const end = lines.indexOf('');
    return lines.slice(1, end).map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  };
  const log = PUBLISHED_ROWS.filter(({ source }) => source === 'log');
  expect(tableOf('| data set | pixel AUROC |')).toEqual(
    log.map(({ dataset, figures: f }) => [
      dataset,
      ...[f.pixelAuc, f.pixelAp, f.imageAuc, f.imageAp].map((v) => v?.toFixed(2) ?? ''),
    ]),
  );
  const pair = (f: PublishedFigures | undefined): string =>
    f === undefined ? '' : `${f.pixelAuc?.toFixed(1)} / ${f.imageAuc?.toFixed(1)}`;
  const cells = (dataset: string): string[] =>
    ([2, 16, 64, 'full'] as const).map((shot) =>
      pair(PUBLISHED_ROWS.find((r) => r.dataset === dataset && r.shot === shot)?.figures),
    );
  const averages = ([2, 16, 64, 'full'] as const).map((shot) => pair(PUBLISHED_AVERAGES[shot]));
  expect(tableOf('| tested on (trained on) |')).toEqual([
    ['MVTec (VisA)', ...cells('MVTec')],
    ['VisA (MVTec)', ...cells('VisA')],
    ['average of eleven / seven data sets', ...averages],
  ]);
});

it('the published data name known data sets, each once for a number of shots', () => {
  const keys = PUBLISHED_ROWS.map(({ dataset, shot }) => `${dataset} ${shot}`);
  expect(new Set(keys).size).toBe(keys.length);
  const tested = PROTOCOL.flatMap(({ test }) => test);
  expect(new Set(tested).size).toBe(11);
  expect(Object.keys(PUBLISHED_PICTURES).sort()).toEqual([...tested].sort());
  for (const name of [...tested, ...PUBLISHED_ROWS.map((r) => r.dataset)]) {
    expect(Object.keys(REGISTRY.datasets)).toContain(name);
  }
  for (const { figures } of PUBLISHED_ROWS) {
    for (const value of Object.values(figures)) expect(value).toBeGreaterThan(10);
  }
  expect(tested.filter((d) => !PUBLISHED_ROWS.some((r) => r.dataset === d && r.shot === 'full'))).toEqual([]);
});
