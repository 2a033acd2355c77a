/**
 * `npm run tiny`: makes the embedded model again, from scratch: pre-training, two-stage adaptation on one half of the
 * classes, weights in f16, and the figures on the other half.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { openGpu, openTensors, type TensorToWrite, writeAtomically, writeSafetensors } from '#src/node/node';
import { CLI, PICTURES, PRETRAIN, ROOT, runScript } from '../child.js';
import { runCommand } from '../command.js';
import { CLASSES } from '../pictures/index.js';
import { ADAPTATION, EVERY } from './adaptation.js';
import { halfPrecision } from './half_precision.js';
import { halves } from './halves.js';
import { HELD_OUT } from './held_out.js';
import { recordTinyScores } from './record_scores.js';
import { rowsOf } from './rows.js';

const USAGE = `usage: npm run tiny -- [--out DIR] [--work DIR]

Makes the embedded model again, which takes hours without a GPU. CLIP's weights in DIR, and pictures and
checkpoints in the working folder, are not made again where they exist.

  --out DIR   folder for the model (default weights/tiny)
  --work DIR  working folder (default .cache/tiny)`;

/**
 * Pre-training in four runs, each on other pictures. The first learns the names of things and, gently, what is wrong
 * with them; the second concentrates on regions; the third compares only states; the fourth does so on whole pictures
 * at the size they are tested at, and on the worst patch of each.
 */
const PRETRAINING = [
  [
    ...['--pairs', '36', '--steps', '3800', '--until', '2001', '--rate', '0.0008', '--regions', '1', '--levels', '4'],
    ...['--seed', '1'],
  ],
  ['--pairs', '28', '--steps', '4200', '--rate', '0.0008', '--regions', '3', '--seed', '2'],
  [
    ...['--states', '--scale', '100', '--regions', '3', '--pairs', '40', '--steps', '5500', '--until', '5000'],
    ...['--rate', '0.0008', '--seed', '3'],
  ],
  [
    ...['--states', '--scale', '100', '--regions', '3', '--peaks', 'worst', '--pairs', '30', '--steps', '2600'],
    ...['--size', '256', '--least', '208', '--batch', '8', '--rate', '0.0004', '--seed', '4'],
  ],
];
/**
 * The two stages; everything else is as published. Stage one keeps the tower's own attention: V-V attention is for
 * towers whose patches were never compared with a text.
 */
const TRAINING = [
  ...['--img_size', '256', '--surgery_until_layer', '1', '--text_batch_size', '8', '--image_batch_size', '8'],
  ...['--text_lr', '5e-4', '--image_lr', '2e-3', '--image_adapt_until', '4', '--init', 'clip'],
  ...['--checkpointing', 'off'],
  ...['--text_epoch', '1'],
];
const STAGES = [
  { name: 'text', every: EVERY.text, imageEpochs: '0' },
  { name: 'image', every: EVERY.image, imageEpochs: '1' },
] as const;

/** Makes CLIP's weights in a file, run by run, unless the file is there. */
async function pretrainAll(clip: string, work: string): Promise<void> {
  let before: string | undefined;
  for (const [i, phase] of PRETRAINING.entries()) {
    const to = i === PRETRAINING.length - 1 ? clip : join(work, `clip_${i + 1}.safetensors`);
    if (!existsSync(clip) && !existsSync(to)) {
      await runScript(PRETRAIN, ['--out', to, ...(before ? ['--from', before] : []), ...phase]);
    }
    before = to;
  }
}

/** Trains the adapters on one half of the classes; leaves them in `checkpoints`. */
async function adapt(clip: string, work: string, checkpoints: string): Promise<void> {
  const data = join(work, 'adaptation');
  if (!existsSync(data)) {
    const counts = Object.entries(ADAPTATION).flatMap(([name, value]) => [`--${name}`, String(value)]);
    await runScript(PICTURES, ['--out', data, '--classes', halves(CLASSES).adaptation.join(), ...counts]);
  }
  const lines = readFileSync(join(data, 'full-shot.jsonl'), 'utf8').trim().split('\n');
  for (const { name, every, imageEpochs } of STAGES) {
    const list = join(work, `${name}.jsonl`);
    writeFileSync(list, lines.filter((_, i) => i % every === 0).join('\n'));
    await runScript(CLI, [
      ...['train', '--dataset', 'drawn', '--data', data, '--registry', join(data, 'registry.json'), '--metadata', list],
      ...['--training_mode', 'full_shot', '--weights', clip, '--save_path', checkpoints, ...TRAINING],
      ...['--image_epoch', imageEpochs],
    ]);
  }
}

/** The adapter without the optimiser's moments, in f16. */
async function strip(from: string, to: string): Promise<void> {
  const file = await openTensors(from);
  const tensors: TensorToWrite[] = [];
  for (const [name, { shape }] of file.tensors) {
    if (!/^(?:text|image)_adapter\./.test(name)) continue;
    tensors.push(halfPrecision(name, shape, await file.readF32(name)));
  }
  await writeAtomically(to, writeSafetensors(tensors, { flags: file.metadata.get('flags') ?? '{}' }));
}

async function make(out: string, work: string): Promise<void> {
  mkdirSync(out, { recursive: true });
  mkdirSync(work, { recursive: true });
  const clip = join(out, 'clip.safetensors');
  const checkpoints = join(work, 'ckpt');
  await pretrainAll(clip, work);
  await adapt(clip, work, checkpoints);
  for (const part of ['text_adapter', 'image_adapter']) {
    await strip(join(checkpoints, `${part}.safetensors`), join(out, `${part}.safetensors`));
  }
  using gpu = await openGpu();
  await recordTinyScores(gpu, out);
  const rows = await rowsOf(gpu, out);
  const figures = { classes: halves(CLASSES).heldOut, pictures: HELD_OUT, rows };
  writeFileSync(join(out, 'figures.json'), `${JSON.stringify(figures, null, 1)}\n`);
  process.stdout.write(`${JSON.stringify(rows, null, 1)}\n`);
}

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: join(ROOT, 'weights/tiny') },
      work: { type: 'string', default: join(ROOT, '.cache/tiny') },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) process.stdout.write(`${USAGE}\n`);
  else await make(values.out, values.work);
}, 'tiny: ');
