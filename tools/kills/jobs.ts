/** The commands that are killed, on small pictures drawn for them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { encodePng } from '#src/node/encode_png';
import { PACKAGED_FOLDER } from '#src/node/open_weights';
import type { Job } from './trial.js';

const SIDE = 56;
const COUNT = 6;

/** A data set of one class: grey pictures, every other one with a bright square that its mask marks. */
export function drawData(folder: string): void {
  for (const part of ['cloth/good', 'cloth/spot', 'cloth/masks/spot']) {
    mkdirSync(join(folder, part), { recursive: true });
  }
  const lines = Array.from({ length: COUNT }, (_, i) => {
    const label = i % 2;
    const inside = (p: number): boolean =>
      label === 1 && p % SIDE > 20 && p % SIDE < 36 && p > 20 * SIDE && p < 36 * SIDE;
    const rgb = Uint8Array.from({ length: 3 * SIDE * SIDE }, (_, k) => (inside(Math.floor(k / 3)) ? 250 : 60 + 20 * i));
    const mask = Uint8Array.from({ length: SIDE * SIDE }, (_, p) => (inside(p) ? 255 : 0));
    const image = `cloth/${label === 1 ? 'spot' : 'good'}/${i}.png`;
    writeFileSync(join(folder, image), encodePng(SIDE, SIDE, rgb));
    if (label === 1) writeFileSync(join(folder, `cloth/masks/spot/${i}.png`), encodePng(SIDE, SIDE, mask));
    const own = label === 1 ? { mask_path: `cloth/masks/spot/${i}.png` } : {};
    return JSON.stringify({ image_path: image, label, class_name: 'cloth', ...own });
  });
  writeFileSync(join(folder, 'full-shot.jsonl'), `${lines.join('\n')}\n`);
}

const MODEL = ['--weights', 'synthetic:tiny', '--img_size', String(SIDE)];

const training = (data: string, ...more: string[]): string[] => [
  ...['train', '--dataset', 'mine', '--data', data, '--training_mode', 'full_shot', ...MODEL, '--text_batch_size', '3'],
  ...[
    '--text_epoch',
    '2',
    '--image_epoch',
    '2',
    '--image_adapt_until',
    '2',
    '--save_every',
    '1',
    '--threads',
    '0',
    ...more,
  ],
];

/** A training of both stages. */
export const trainJob = (data: string, format: 'safetensors' | 'pth'): Job => ({
  name: `train, ${format}`,
  args: (out) => training(data, '--format', format, '--save_path', out),
});

/** All commands that write files. @param trained a folder of adapters that `trainJob` left */
export function allJobs(data: string, trained: string): Job[] {
  return [
    trainJob(data, 'safetensors'),
    trainJob(data, 'pth'),
    {
      name: 'test',
      before: trained,
      args: (out) => [
        ...['test', '--dataset', 'mine', '--data', data, '--save_path', out, ...MODEL, '--epoch', '2'],
        ...['--visualize', '--threads', '0'],
      ],
    },
    {
      name: 'test-all',
      args: (out) => [
        ...['test-all', '--dataset', basename(data), '--data', dirname(data), '--save_path', trained, ...MODEL],
        ...['--results_dir', out, '--visualize', '--threads', '0'],
      ],
    },
    {
      name: 'predict',
      args: (out) => [
        ...['predict', join(data, 'cloth/good'), '--class', 'cloth', ...MODEL, '--out', out, '--map', '--raw', 'npy'],
      ],
    },
    {
      name: 'export',
      args: (out) => [
        'export',
        ...MODEL,
        '--class',
        'cloth',
        '--external',
        '--reference',
        '--out',
        join(out, 'm.onnx'),
      ],
    },
    ...plainJobs(data),
  ];
}

/** The commands that need no device. */
export const plainJobs = (data: string): Job[] => [
  {
    name: 'convert',
    args: (out) => ['convert', join(PACKAGED_FOLDER, 'image_adapter.safetensors'), join(out, 'adapter.safetensors')],
    before: join(data, 'empty'),
  },
  { name: 'index', args: (out) => ['index', join(data), '--out', out, '--shots', '4'] },
];
