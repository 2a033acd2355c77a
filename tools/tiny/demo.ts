/**
 * `npm start`: the whole job on the small model in a folder (clip, text_adapter, image_adapter). Draws pictures of
 * classes that its adapters were not trained on, trains both stages briefly on some of them, tests on others before and
 * after, calibrates two of those with good pictures, decides on new pictures of them, and shows the results.
 */
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import type { Figures } from '#src/eval/metrics';
import { CLI, PICTURES, ROOT, runScript } from '../child.js';
import { runCommand } from '../command.js';
import { type DecidedClass, decide, type Outcome } from './demo_decide.js';
import { comparisonSheet, decisionSheet } from './demo_sheet.js';

/**
 * All from the half of the classes that the embedded adapters were not trained on; the two lists have no class in
 * common.
 */
const TRAINED_ON = ['granite', 'fabric', 'rust', 'tile', 'spring', 'key', 'pill', 'button'];
const TESTED_ON = ['bark', 'knit', 'concrete', 'turned_metal', 'hazelnut', 'notched_nut', 'leaf', 'cup'];
/** A surface and an object of those, the first of each kind; drawn as an inspection sees them: large, and on a plain ground. */
const DECIDED_ON = ['bark', 'hazelnut'];
const REFERENCES = 8;
const SIZE = '256';
const EPOCHS = '1';
/**
 * Batches and rates were chosen on pictures of twelve further classes, which are not drawn here: on those, one epoch at this rate
 * is as good as two at half of it.
 */
const TRAINING = [
  ...['--img_size', SIZE, '--text_epoch', '1', '--image_epoch', EPOCHS],
  ...['--text_batch_size', '16', '--image_batch_size', '4', '--text_lr', '1e-3', '--image_lr', '2e-3'],
  ...['--surgery_until_layer', '1', '--image_adapt_until', '4', '--init', 'clip', '--checkpointing', 'off'],
];
const USAGE = `usage: npm start -- [--model FOLDER] [--out DIR]

Trains and tests the small model on drawn pictures. Everything is written to DIR (default out).`;

/** Announces the steps, each with the time since the first. */
function announcer(steps: number): { announce(what: string): void; seconds(): number } {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 1000);
  let step = 0;
  return { seconds, announce: (what) => process.stdout.write(`\n[${++step}/${steps}, ${seconds()} s] ${what}\n`) };
}

/** Mean over the classes, from the results that a test wrote to a folder. */
function averageOf(folder: string): Figures {
  const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8')) as {
    summary: readonly [{ average: Figures }];
  };
  return results.summary[0].average;
}

function row(name: string, columns: readonly string[]): string {
  return `  ${name.padEnd(48)}${columns.map((text) => text.padStart(14)).join('')}\n`;
}

/** Figures of the classes, and their mean, by the zero-shot map alone and with references. */
function decidedRows(decided: readonly DecidedClass[]): string {
  const outcomeRow = (name: string, outcomes: readonly Outcome[]) => {
    const mean = (key: Exclude<keyof Outcome, 'judged'>) =>
      outcomes.reduce((sum, outcome) => sum + outcome[key], 0) / outcomes.length;
    return row(name, [mean('pixelAuc'), mean('imageAuc'), mean('goodRight'), mean('faultyRight')].map(inPerCent));
  };
  const both = (name: string, some: readonly DecidedClass[]) =>
    outcomeRow(
      `${name}, without references`,
      some.map((d) => d.without),
    ) +
    outcomeRow(
      `${name}, with ${REFERENCES} good pictures as references`,
      some.map((d) => d.withReferences),
    );
  return decided.map((d) => both(d.className, [d])).join('') + both('mean', decided);
}

const inPerCent = (share: number): string => (100 * share).toFixed(1);

function figuresRow(name: string, { pixelAuc, pixelAp, imageAuc, imageAp }: Figures): string {
  return row(
    name,
    [pixelAuc, pixelAp, imageAuc, imageAp].map((v) => v?.toFixed(1) ?? '-'),
  );
}

/** The commands of the demonstration on a model, with everything they write in `out`. */
function commands(model: string, out: string) {
  const clip = join(model, 'clip.safetensors');
  const folder = (set: string) => join(out, 'data', set);
  const source = (set: string) => [
    ...['--dataset', 'drawn', '--data', folder(set), '--registry', join(folder(set), 'registry.json')],
    ...['--weights', clip],
  ];
  return {
    draw: (set: string, classes: readonly string[], counts: readonly string[]) =>
      runScript(PICTURES, ['--out', folder(set), '--classes', classes.join(), '--size', SIZE, ...counts]),
    train: (checkpoints: string) => {
      const where = ['--training_mode', 'full_shot', '--save_path', checkpoints];
      return runScript(CLI, ['train', ...source('train'), ...where, ...TRAINING], 'ignore');
    },
    test: (results: string, ...adapters: string[]) => {
      const common = ['--img_size', SIZE, '--visualize', '--results_dir', join(out, results)];
      return runScript(CLI, ['test', ...source('test'), ...common, ...adapters], 'ignore');
    },
    calibrate: (className: string, checkpoints: string) => {
      const good = join(folder('bench'), className, 'train', 'good');
      // So many pictures can promise that rate of false alarms, and no lower one.
      const promise = ['--false_alarms', `1/${REFERENCES + 1}`];
      const args = ['calibrate', '--class', className, '--good', good, ...promise, '--weights', clip];
      process.stdout.write(`$ npx aaclip ${[...args, '--adapters', checkpoints].join(' ')}\n`);
      return runScript(CLI, [...args, '--adapters', checkpoints]);
    },
  };
}

async function demonstrate(model: string, out: string): Promise<void> {
  const checkpoints = join(out, 'ckpt');
  mkdirSync(out, { recursive: true });
  // Files left by an earlier demonstration would be resumed: this one starts from the beginning.
  for (const old of [join(out, 'data'), checkpoints]) rmSync(old, { recursive: true, force: true });
  const { draw, train, test, calibrate } = commands(model, out);
  const { announce, seconds } = announcer(7);

  announce(`Drawing pictures, ${TRAINED_ON.length} classes to train on and ${TESTED_ON.length} others to test on`);
  await draw('train', TRAINED_ON, ['--normal', '10', '--anomalous', '14', '--seed', '21']);
  await draw('test', TESTED_ON, ['--normal', '6', '--anomalous', '8', '--seed', '22']);
  const bench = ['--setup', 'bench', '--train', `${REFERENCES}`, '--normal', '12', '--anomalous', '12', '--seed', '23'];
  await draw('bench', DECIDED_ON, bench);

  announce('Testing the tiny CLIP as it is, without adapters');
  await test('before', '--plain', '--save_path', checkpoints);

  announce('Training adapters from scratch: the text stage, then the image stage');
  await train(checkpoints);

  announce('Testing with the adapters just trained');
  await test('after', '--save_path', checkpoints, '--epoch', EPOCHS);

  announce('Testing with the adapters that come with the model');
  await test('embedded', '--save_path', model);

  announce(`Calibrating ${DECIDED_ON.join(' and ')} with ${REFERENCES} good pictures of each`);
  for (const className of DECIDED_ON) await calibrate(className, checkpoints);

  announce('Deciding on new pictures of them, without references and with them');
  const fresh = join(out, 'data', 'bench');
  const clip = join(model, 'clip.safetensors');
  const decided = await decide(fresh, DECIDED_ON, { weights: clip, adapters: checkpoints });
  const decisions = join(out, 'decisions.png');
  await decisionSheet(decisions, decided);

  const sheet = join(out, 'sheet.png');
  await comparisonSheet(sheet, out, TESTED_ON);
  process.stdout.write(
    `\nPer cent, mean of ${TESTED_ON.length} classes that no adapters were trained on: ${TESTED_ON.join(', ')}\n\n` +
      row('', ['pixel AUROC', 'pixel AP', 'image AUROC', 'image AP']) +
      figuresRow('tiny CLIP without adapters', averageOf(join(out, 'before'))) +
      figuresRow('adapters trained just now', averageOf(join(out, 'after'))) +
      figuresRow('adapters of the package, trained for longer', averageOf(join(out, 'embedded'))) +
      `
Per cent, ${decided[0]!.without.judged.length} new pictures of each calibrated class, half of them faulty; right: good ones called good, faulty ones called faulty

${row('', ['pixel AUROC', 'image AUROC', 'good right', 'faulty right'])}${decidedRows(decided)}
Look at   ${sheet}
          ${decisions}   what was decided with references: map, score, and whether it is right
          ${join(out, 'embedded', 'visualization')}   picture, mask, heatmap and overlay of each
Try next  npx aaclip predict ${join(fresh, DECIDED_ON[0]!, 'test')} --class ${DECIDED_ON[0]} --weights ${clip} --adapters ${checkpoints}
          npx aaclip predict photo.jpg --class "metal nut" --weights ${join(model, 'clip.safetensors')} --adapters ${model}
          npx aaclip index parts/ --layout folder --out parts      your own pictures, then aaclip train and aaclip test
          npx aaclip weights fetch                                 OpenAI's CLIP, for real use: see README.md
(${seconds()} s)
`,
  );
}

await runCommand(async () => {
  const { values } = parseArgs({
    options: {
      model: { type: 'string', default: join(ROOT, 'weights/tiny') },
      out: { type: 'string', default: 'out' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) process.stdout.write(`${USAGE}\n`);
  else await demonstrate(values.model, values.out);
}, 'demo: ');
