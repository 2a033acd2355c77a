/**
 * Makes the embedded model again, from nothing: pre-training, two-stage adaptation on one half of the classes, weights in
 * f16, and the figures on the other half.
 *
 *   node tools/tiny/make.mjs --out weights/tiny
 *
 * What already lies in --out (CLIP) and in the working folder --work (pictures, checkpoints) is not made again.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { packF16 } from '../../dist/io/dtype.js';
import { toWrite, writeSafetensors } from '../../dist/io/safetensors_writer.js';
import { openGpu, openTensors, writeAtomically } from '../../dist/node/node.js';
import { loadPictures } from '../pictures/compile.mjs';
import { halves } from './halves.mjs';
import { HELD_OUT, rowsOf } from './rows.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: join(ROOT, 'weights/tiny') },
    work: { type: 'string', default: join(ROOT, '.cache/tiny') },
  },
});
/** Pictures the adapters are trained on: normal and defective ones a class, and the seed. */
const ADAPTATION = ['--normal', '24', '--anomalous', '30', '--seed', '11'];
/**
 * Pre-training in four runs, each on other pictures. The first learns what things are called and, gently, what is wrong with
 * them; the second looks at regions above all; the third compares states alone, the fourth does so on whole pictures at
 * the size they are tested at, and on the worst patch of each.
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
 * The two stages; what is not said is as published. The tower's own attention is kept in stage one: V-V attention is for
 * towers whose patches were never compared with a text.
 */
const TRAINING = [
  ...['--img_size', '256', '--surgery_until_layer', '1', '--text_batch_size', '8', '--image_batch_size', '8'],
  ...['--text_lr', '5e-4', '--image_lr', '2e-3', '--image_adapt_until', '4', '--init', 'clip'],
  ...['--checkpointing', 'off'],
  ...['--text_epoch', '1'],
];
const IMAGE_EPOCHS = '1';
/** Stage one sees every sixth picture, stage two every second: more did not help. */
const [EVERY_TEXT, EVERY_IMAGE] = [6, 2];

/** @param {string} script @param {readonly string[]} args */
function run(script, args) {
  const { status } = spawnSync(process.execPath, [join(ROOT, script), ...args], { stdio: 'inherit' });
  if (status !== 0) throw new Error(`${script}: exit code ${status}`);
}

/** The adapter without the optimiser's moments, in f16. @param {string} from @param {string} to */
async function strip(from, to) {
  const file = await openTensors(from);
  const tensors = [];
  for (const [name, { shape }] of file.tensors) {
    if (!/^(?:text|image)_adapter\./.test(name)) continue;
    const half = packF16(await file.readF32(name));
    tensors.push(toWrite(name, { dtype: 'F16', shape, bytes: new Uint8Array(half.buffer) }));
  }
  await writeAtomically(to, writeSafetensors(tensors, { flags: file.metadata.get('flags') ?? '{}' }));
}

const { out, work } = flags;
mkdirSync(out, { recursive: true });
mkdirSync(work, { recursive: true });
const clip = join(out, 'clip.safetensors');
const [data, ckpt] = [join(work, 'adaptation'), join(work, 'ckpt')];
const { CLASSES } = await loadPictures();
const { adaptation, heldOut } = halves(CLASSES);
/** @type {string | undefined} */
let before;
PRETRAINING.forEach((phase, i) => {
  const to = i === PRETRAINING.length - 1 ? clip : join(work, `clip_${i + 1}.safetensors`);
  if (!existsSync(clip) && !existsSync(to)) {
    run('tools/tiny/pretrain.mjs', ['--out', to, ...(before ? ['--from', before] : []), ...phase]);
  }
  before = to;
});
if (!existsSync(data)) run('tools/pictures/draw.mjs', ['--out', data, '--classes', adaptation.join(), ...ADAPTATION]);
const lines = readFileSync(join(data, 'full-shot.jsonl'), 'utf8').trim().split('\n');
for (const [name, every, epochs] of /** @type {const} */ ([
  ['text', EVERY_TEXT, '0'],
  ['image', EVERY_IMAGE, IMAGE_EPOCHS],
])) {
  const list = join(work, `${name}.jsonl`);
  writeFileSync(list, lines.filter((_, i) => i % every === 0).join('\n'));
  run('dist/cli/main.js', [
    ...['train', '--dataset', 'drawn', '--data', data, '--registry', join(data, 'registry.json'), '--metadata', list],
    ...['--training_mode', 'full_shot', '--weights', clip, '--save_path', ckpt, ...TRAINING, '--image_epoch', epochs],
  ]);
}
for (const part of ['text_adapter', 'image_adapter']) {
  await strip(join(ckpt, `${part}.safetensors`), join(out, `${part}.safetensors`));
}
const gpu = await openGpu();
const rows = await rowsOf(gpu, out);
const figures = { classes: heldOut, pictures: HELD_OUT, rows };
writeFileSync(join(out, 'figures.json'), `${JSON.stringify(figures, null, 1)}\n`);
process.stdout.write(`${JSON.stringify(rows, null, 1)}\n`);
process.exit(0);
