/** `npm run pictures`: draws a data set into a folder. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { runCommand, wholeNumber } from '../command.js';
import { inThreads } from '../threads.js';
import { CLASSES, findClass } from './classes.js';
import { SETUPS } from './compose.js';
import type { EncodedPicture } from './picture_worker.js';
import { classNames, type DatasetSpec, metadataOf, planDataset } from './plan.js';

const USAGE = `usage: npm run pictures -- --out DIR [options]

Draws pictures with and without defects into DIR, which must be new or empty:
CLASS/train/good, CLASS/test/good, CLASS/test/DEFECT, CLASS/ground_truth/DEFECT, the list full-shot.jsonl, and
registry.json with the classes' names in prompts.

  --classes a,b    classes, or all, textures, objects (default all)
  --train N        normal pictures per class for train/good (default 0)
  --normal N       normal pictures per class for test/good (default 10)
  --anomalous N    faulty pictures per class (default 10)
  --size PX        side of the pictures (default 256)
  --seed S         seed; another seed gives other pictures (default 1)
  --setup any|bench  any: anything in front of the camera, defects down to a few pixels; bench: one object that
                   roughly fills the picture, on a plain ground, with defects that stand out (default any)
  --layout mvtec   the only layout
  --list           print the classes and do nothing`;

/** A thread is started for every so many pictures at least: starting one takes as long as drawing two. */
const PICTURES_A_THREAD = 8;

/** Writes to a temporary folder and renames it at the end: all or nothing. */
async function writeDataset(spec: DatasetSpec, out: string): Promise<number> {
  if (existsSync(out) && readdirSync(out).length > 0) {
    throw new Error(`${out}: not empty: expected a new or empty folder: choose another --out or remove it`);
  }
  const pictures = planDataset(spec);
  const temporary = `${out}.${process.pid}.tmp`;
  mkdirSync(dirname(out), { recursive: true });
  try {
    const write = (path: string, bytes: Uint8Array | string) => {
      mkdirSync(dirname(join(temporary, path)), { recursive: true });
      writeFileSync(join(temporary, path), bytes);
    };
    let done = 0;
    const onDrawn = ({ index, picture, mask }: EncodedPicture) => {
      const { imagePath, maskPath } = pictures[index]!;
      write(imagePath, picture);
      if (maskPath) write(maskPath, mask);
      if (process.stderr.isTTY) process.stderr.write(`\rdrawing ${++done} of ${pictures.length}`);
    };
    const samples = pictures.map(({ sample }) => sample);
    await inThreads('pictures/picture_worker', { samples }, onDrawn, Math.ceil(pictures.length / PICTURES_A_THREAD));
    if (process.stderr.isTTY) process.stderr.write('\n');
    write('full-shot.jsonl', metadataOf(pictures));
    write('registry.json', registryOf(spec.classes));
    if (existsSync(out)) rmdirSync(out);
    renameSync(temporary, out);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return pictures.length;
}

/** The classes' names in prompts, in the form that `aaclip --registry` reads; the data set is called `drawn`. */
function registryOf(names: readonly string[]): string {
  const classes = Object.fromEntries(names.map((name) => [name, findClass(name).words]));
  return `${JSON.stringify({ datasets: { drawn: { domain: 'Industrial', folder: 'drawn', classes } } }, null, 1)}\n`;
}

/** @param args what follows the command's name */
async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      out: { type: 'string' },
      classes: { type: 'string', default: 'all' },
      train: { type: 'string', default: '0' },
      normal: { type: 'string', default: '10' },
      anomalous: { type: 'string', default: '10' },
      size: { type: 'string', default: '256' },
      seed: { type: 'string', default: '1' },
      setup: { type: 'string', default: 'any' },
      layout: { type: 'string', default: 'mvtec' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  if (values.list) {
    for (const { name, kind, words } of CLASSES) process.stdout.write(`${name}\t${kind}\t${words}\n`);
    return;
  }
  if (!values.out) throw new Error(`--out: missing: expected the folder to draw into\n\n${USAGE}`);
  if (values.layout !== 'mvtec') throw new Error(`--layout: unknown: expected mvtec, got "${values.layout}"`);
  const setup = SETUPS.find((name) => name === values.setup);
  if (!setup) throw new Error(`--setup: unknown: expected ${SETUPS.join(' or ')}, got "${values.setup}"`);
  const spec: DatasetSpec = {
    classes: classNames(values.classes),
    train: wholeNumber('train', values.train, 0),
    normal: wholeNumber('normal', values.normal, 0),
    anomalous: wholeNumber('anomalous', values.anomalous, 0),
    size: wholeNumber('size', values.size, 16),
    seed: wholeNumber('seed', values.seed, 0),
    setup,
  };
  const count = await writeDataset(spec, resolve(values.out));
  process.stdout.write(`${values.out}: ${count} pictures of ${spec.classes.length} classes\n`);
}

await runCommand(() => main(process.argv.slice(2)));
