/**
 * The main job from end to end on the small model in a folder (clip, text_adapter, image_adapter): draws pictures of classes
 * that its adapters were not trained on, trains both stages briefly on some of them, tests on others before and after, and
 * shows what it found. `npm start` is this.
 *
 *   node tools/tiny/demo.mjs --out out
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { comparisonSheet } from './demo_sheet.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CLI = join(ROOT, 'dist/cli/main.js');
const DRAW = join(ROOT, 'tools/pictures/draw.mjs');

/** All from the half of the classes that the embedded adapters were not trained on; the two lists share none. */
export const TRAINED_ON = ['granite', 'fabric', 'rust', 'tile', 'spring', 'key', 'pill', 'button'];
export const TESTED_ON = ['bark', 'knit', 'concrete', 'turned_metal', 'hazelnut', 'notched_nut', 'leaf', 'cup'];
const SIZE = '256';

const { values: flags } = parseArgs({
  options: {
    model: { type: 'string', default: join(ROOT, 'weights/tiny') },
    out: { type: 'string', default: 'out' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

/** A child that ends badly has said why itself. */
class ChildError extends Error {}

/**
 * Runs a script of the project to its end.
 * @param {string} script
 * @param {readonly string[]} args
 * @param {'inherit' | 'ignore'} stdout
 */
async function run(script, args, stdout = 'inherit') {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', stdout, 'inherit'] });
  const [code, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (...how) => resolve(how));
  });
  // A signal that ended the child ends us the same way, so that a shell sees what happened.
  if (signal) process.kill(process.pid, signal);
  if (code !== 0) throw new ChildError(`${script}: exit code ${code}`);
}

let steps = 0;
const started = performance.now();
/** @param {string} what */
function announce(what) {
  const seconds = Math.round((performance.now() - started) / 1000);
  process.stdout.write(`\n[${++steps}/5, ${seconds} s] ${what}\n`);
}

/** Mean of the classes, from a test's results. @param {string} folder */
function averageOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')).summary[0].average;
}

/** @param {string} name @param {{ pixelAuc: number, pixelAp: number, imageAuc: number, imageAp: number }} figures */
function row(name, { pixelAuc, pixelAp, imageAuc, imageAp }) {
  const columns = [pixelAuc, pixelAp, imageAuc, imageAp].map((v) => v.toFixed(1).padStart(12));
  return `  ${name.padEnd(44)}${columns.join('')}\n`;
}

async function demonstrate() {
  const { out, model } = flags;
  const clip = join(model, 'clip.safetensors');
  const [data, ckpt] = [join(out, 'data'), join(out, 'ckpt')];
  mkdirSync(out, { recursive: true });
  // What an earlier demonstration left would be resumed: this one starts anew.
  for (const old of [data, ckpt]) if (existsSync(old)) rmSync(old, { recursive: true });
  const draw = (/** @type {string} */ name, /** @type {string[]} */ classes, /** @type {string[]} */ counts) =>
    run(DRAW, ['--out', join(data, name), '--classes', classes.join(), '--size', SIZE, ...counts]);
  const source = (/** @type {string} */ name) => {
    const folder = join(data, name);
    return ['--dataset', 'drawn', '--data', folder, '--registry', join(folder, 'registry.json'), '--weights', clip];
  };
  const test = (/** @type {string} */ results, /** @type {string[]} */ ...rest) => {
    const common = ['--img_size', SIZE, '--visualize', '--results_dir', join(out, results)];
    return run(CLI, ['test', ...source('test'), ...common, ...rest], 'ignore');
  };

  announce(`Drawing pictures, ${TRAINED_ON.length} classes to train on and ${TESTED_ON.length} others to test on`);
  await draw('train', TRAINED_ON, ['--normal', '10', '--anomalous', '14', '--seed', '21']);
  await draw('test', TESTED_ON, ['--normal', '6', '--anomalous', '8', '--seed', '22']);

  announce('Testing the tiny CLIP as it is, without adapters');
  await test('before', '--plain', '--save_path', ckpt);

  announce('Training adapters from scratch: the text stage, then the image stage');
  await run(
    CLI,
    ['train', ...source('train'), '--training_mode', 'full_shot', '--save_path', ckpt, ...TRAINING],
    'ignore',
  );

  announce('Testing with the adapters just trained');
  await test('after', '--save_path', ckpt, '--epoch', EPOCHS);

  announce('Testing with the adapters that lie beside the model');
  await test('embedded', '--save_path', model);

  const sheet = join(out, 'sheet.png');
  await comparisonSheet(sheet, out, TESTED_ON);
  process.stdout.write(
    `\nPer cent, mean of ${TESTED_ON.length} classes that no adapters were trained on: ${TESTED_ON.join(', ')}\n\n` +
      `  ${''.padEnd(44)}${['pixel AUROC', 'pixel AP', 'image AUROC', 'image AP'].map((h) => h.padStart(12)).join('')}\n` +
      row('tiny CLIP without adapters', averageOf(join(out, 'before'))) +
      row('adapters trained just now', averageOf(join(out, 'after'))) +
      row('adapters beside the model, trained for longer', averageOf(join(out, 'embedded'))) +
      `
Look at   ${sheet}
          ${join(out, 'embedded', 'visualization')}   picture, mask, heatmap and overlay of each
Try next  npx aaclip predict photo.jpg --class "metal nut" --weights ${clip} --adapters ${model}
          npx aaclip index parts/ --layout folder --out parts      your own pictures, then aaclip train and aaclip test
          --weights ViT-L-14-336px.pt                              OpenAI's CLIP, for work in earnest: see README.md
(${Math.round((performance.now() - started) / 1000)} s)
`,
  );
}

const EPOCHS = '2';
const TRAINING = [
  ...['--img_size', SIZE, '--text_epoch', '1', '--image_epoch', EPOCHS],
  ...['--text_batch_size', '8', '--image_batch_size', '4', '--text_lr', '5e-4', '--image_lr', '1e-3'],
  ...['--surgery_until_layer', '1', '--image_adapt_until', '4', '--init', 'clip', '--checkpointing', 'off'],
];

if (flags.help) {
  process.stdout.write(
    'usage: node tools/tiny/demo.mjs [--model FOLDER] [--out DIR]\n\nEverything it makes lies in DIR (out).\n',
  );
} else {
  try {
    await demonstrate();
  } catch (error) {
    if (!(error instanceof ChildError))
      process.stderr.write(`demo: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
