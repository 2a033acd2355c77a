/**
 * Makes the embedded model again, from nothing: pre-training, two-stage adaptation on one half of the classes, weights in
 * f16, and the figures on the other half.
 *
 *   node tools/tiny/make.mjs --out weights/tiny
 *
 * Steps whose result lies in the working folder are not repeated; --work names another one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { openGpu, openTensors, writeAtomically } from '../../dist/cli/index.js';
import { packF16 } from '../../dist/io/dtype.js';
import { toWrite, writeSafetensors } from '../../dist/io/safetensors_writer.js';
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
/** The two stages; what is not said is as published. */
const TRAINING = [
  ...['--img_size', '256', '--text_epoch', '1', '--image_epoch', '10'],
  ...['--text_batch_size', '8', '--image_batch_size', '8', '--text_lr', '1e-3', '--image_lr', '2e-3'],
  ...['--image_adapt_until', '4', '--checkpointing', 'off'],
];

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
if (!existsSync(clip)) run('tools/tiny/pretrain.mjs', ['--out', clip]);
if (!existsSync(data)) run('tools/pictures/draw.mjs', ['--out', data, '--classes', adaptation.join(), ...ADAPTATION]);
run('dist/cli/main.js', [
  ...['train', '--dataset', 'drawn', '--data', data, '--registry', join(data, 'registry.json')],
  ...['--training_mode', 'full_shot', '--weights', clip, '--save_path', ckpt, ...TRAINING],
]);
for (const part of ['text_adapter', 'image_adapter']) {
  await strip(join(ckpt, `${part}.safetensors`), join(out, `${part}.safetensors`));
}
const gpu = await openGpu();
const rows = await rowsOf(gpu, out);
const figures = { classes: heldOut, pictures: HELD_OUT, rows };
writeFileSync(join(out, 'figures.json'), `${JSON.stringify(figures, null, 1)}\n`);
process.stdout.write(`${JSON.stringify(rows, null, 1)}\n`);
process.exit(0);
