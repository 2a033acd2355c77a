/** Training is killed, goes on, and ends with the bytes of an undisturbed run. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { Trial } from '../../tools/kills/trial.js';
import { runCli } from '../cli/run_cli.js';
import { drawSample, SIZE } from './pictures.js';

let dir = '';

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'aaclip-resume-'));
  mkdirSync(join(dir, 'data'));
  const lines = Array.from({ length: 6 }, (_, i) => {
    const { picture, mask, label } = drawSample(i);
    writeFileSync(join(dir, `data/${i}.png`), encodePng(SIZE, SIZE, picture.data));
    if (label === 1) writeFileSync(join(dir, `data/${i}_mask.png`), encodePng(SIZE, SIZE, mask));
    return JSON.stringify({
      image_path: `${i}.png`,
      label,
      class_name: 'cloth',
      ...(label === 1 ? { mask_path: `${i}_mask.png` } : {}),
    });
  });
  writeFileSync(join(dir, 'data/full-shot.jsonl'), lines.join('\n'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const train = (save: string, seed: number, ...more: string[]): string[] => [
  ...['train', '--dataset', 'mine', '--data', join(dir, 'data'), '--training_mode', 'full_shot'],
  ...['--weights', 'synthetic:tiny', '--img_size', '56', '--text_batch_size', '3', '--text_epoch', '2'],
  ...['--image_epoch', '3', '--image_adapt_until', '2', '--save_every', '1', '--threads', '0'],
  ...['--seed', String(seed), '--save_path', join(dir, save), '--json', ...more],
];

/** Checkpoints of a folder by name. */
const checkpoints = (save: string): Map<string, string> =>
  new Map(
    readdirSync(join(dir, save))
      .filter((f) => f.endsWith('.safetensors'))
      .map((f) => [f, readFileSync(join(dir, save, f)).toString('base64')]),
  );

it.each(['safetensors', 'pth'])(
  'a run that is killed goes on to the bytes of an undisturbed one (%s)',
  async (format) => {
    const args = (out: string): string[] => [
      ...train('', 1, '--format', format, '--text_epoch', '1', '--image_epoch', '2'),
      ...['--save_path', out],
    ];
    const trial = new Trial({ name: format, args }, join(dir, format));
    const whole = await trial.undisturbed();
    expect(whole.files.split('\n')).toHaveLength(5);
    const renames = whole.calls.flatMap(({ name, file }, call) =>
      name === 'rename' && file !== '.tmp' ? [{ file, call }] : [],
    );
    const nth = (file: string, n: number): number => renames.filter((r) => r.file === `${file}.${format}`).at(n)!.call;
    // In the middle of the text stage's second checkpoint, before the first of an epoch of stage two, and after its last.
    const points = [
      { call: nth('text_adapter', 1) - 3, moment: 'at', signal: 'SIGKILL' },
      { call: nth('image_adapter_1', 0), moment: 'before', signal: 'SIGTERM' },
      { call: nth('image_adapter', -1), moment: 'after', signal: 'SIGKILL' },
    ] as const;
    // The formats differ in how they keep the place within an epoch.
    for (const point of format === 'pth' ? points.slice(0, 1) : points) {
      expect(await trial.killed(point, whole), JSON.stringify(point)).toEqual([]);
    }
  },
  300_000,
);

it('two runs of one seed are equal, another seed differs', async () => {
  for (const [save, seed] of [
    ['whole1', 1],
    ['again', 1],
    ['whole2', 2],
  ] as const) {
    expect((await runCli(...train(save, seed))).code).toBe(0);
  }
  expect(checkpoints('whole1').size).toBe(5);
  expect(checkpoints('again')).toEqual(checkpoints('whole1'));
  expect(checkpoints('whole2').get('image_adapter.safetensors')).not.toBe(
    checkpoints('whole1').get('image_adapter.safetensors'),
  );
});

it('a checkpoint of other flags is refused by name', async () => {
  const run = await runCli(...train('whole1', 1, '--image_adapt_weight', '0.2'));
  expect(run.code).toBe(1);
  expect(run.stderr).toMatch(/another imageMix/);
});

it('goes on from checkpoints in torch format, and when more epochs are requested later', async () => {
  const pth = ['--format', 'pth', '--save_every', '0'];
  expect((await runCli(...train('pth', 1, ...pth, '--image_epoch', '1'))).code).toBe(0);
  expect(
    readdirSync(join(dir, 'pth'))
      .filter((f) => f.endsWith('.pth'))
      .sort(),
  ).toEqual(['image_adapter.pth', 'image_adapter_1.pth', 'text_adapter.pth']);
  const more = await runCli(...train('pth', 1, ...pth, '--image_epoch', '2'));
  expect(more.code, more.stderr).toBe(0);
  const steps = more.stdout
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l) as { stage?: string; epoch?: number });
  expect(steps.filter((s) => s.stage === 'text')).toEqual([]);
  expect(new Set(steps.filter((s) => s.stage === 'image').map((s) => s.epoch))).toEqual(new Set([1]));
});

it('predict uses adapters as they were trained: size, mix and activation', async () => {
  const flags = [
    '--text_epoch',
    '1',
    '--image_epoch',
    '1',
    '--image_adapt_weight',
    '0.4',
    '--text_adapt_weight',
    '0.2',
  ];
  expect((await runCli(...train('mixed', 3, ...flags, '--activation', 'quickgelu'))).code).toBe(0);
  const scoreOf = async (...more: string[]): Promise<number> => {
    const base = [
      'predict',
      join(dir, 'data/1.png'),
      '--class',
      'cloth',
      '--weights',
      'synthetic:tiny',
      '--no-heatmap',
      '--json',
    ];
    const run = await runCli(...base, '--adapters', join(dir, 'mixed'), '--out', join(dir, 'out'), ...more);
    expect(run.code, run.stderr).toBe(0);
    return (JSON.parse(run.stdout) as { score: number }).score;
  };
  const trained = [
    '--img_size',
    '56',
    '--image_adapt_weight',
    '0.4',
    '--text_adapt_weight',
    '0.2',
    '--activation',
    'quickgelu',
  ];
  const own = await scoreOf();
  expect(own).toBe(await scoreOf(...trained));
  for (const [flag, value] of [
    ['--img_size', '70'],
    ['--image_adapt_weight', '0.1'],
    ['--text_adapt_weight', '0.1'],
    ['--activation', 'gelu'],
  ] as const) {
    expect(await scoreOf(flag, value), flag).not.toBe(own);
  }
});

it('goes on from the checkpoint written last, of either format', async () => {
  const save = (format: string, epochs: string): string[] =>
    train('formats', 1, '--format', format, '--save_every', '0', '--text_epoch', '0', '--image_epoch', epochs);
  for (const [format, epochs] of [
    ['safetensors', '1'],
    ['pth', '2'],
    ['pth', '3'],
  ] as const) {
    const run = await runCli(...save(format, epochs));
    expect(run.code, run.stderr).toBe(0);
    const steps = run.stdout
      .trim()
      .split('\n')
      .map((l) => JSON.parse(l) as { stage?: string; epoch?: number });
    expect(new Set(steps.filter((s) => s.stage).map((s) => s.epoch))).toEqual(new Set([Number(epochs) - 1]));
  }
});

it.each(['0', '1'])(
  'a run that diverges stops and names the step, the files and the last checkpoint (save_every %s)',
  async (every) => {
    const run = await runCli(
      ...train(`diverged${every}`, 1, '--text_epoch', '0', '--image_lr', '1e38', '--save_every', every),
    );
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(
      /(?:the loss is (?:NaN|-?Infinity)|is not finite) at step \d+ .* on \d\.png.*last good checkpoint: /,
    );
  },
);
