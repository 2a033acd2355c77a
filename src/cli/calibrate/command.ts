/** `aaclip calibrate`: good pictures in, references and a threshold out. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { calibrate } from '../../calibrate/calibrate.js';
import { checkEnough } from '../../calibrate/choose_scale.js';
import { findClass } from '../../data/class_prompts.js';
import { calibrationFile, encodeCalibration } from '../../detect/calibration.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { makeFolder } from '../../node/make_folder.js';
import { expandImages } from '../../node/picture_files.js';
import { openRegistry } from '../../node/registry_source.js';
import { openDetector } from '../detector_options.js';
import { checkPictures } from '../look_options.js';
import { tileOf } from '../model_options.js';
import { openDevice } from '../options.js';
import { progress } from '../progress.js';
import { type CalibrateFlags, calibrateOptions, type Turns } from './flags.js';
import { jsonLine, textLines } from './output.js';

export function calibrateCommand(program: Command): void {
  calibrateOptions(
    program
      .command('calibrate')
      .description('From a few good pictures of a class to a decision: keeps references and chooses a threshold.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip calibrate --class screw --good good/ --weights W --adapters ckpt
  $ aaclip calibrate --class screw --good good/ --false_alarms 1/20 --weights W --adapters ckpt --save_path line3
  $ aaclip calibrate --class screw --good good/ --bad bad/ --weights W --adapters visa_pretrained.pth --save_path line3
  $ aaclip predict new/ --class screw --weights W --adapters ckpt
  $ aaclip watch incoming/ --class screw --weights W --adapters ckpt --calibration line3 --sort sorted/

No picture need be faulty. Patches of the good pictures are kept as references: a patch that is unlike all of them is suspicious,
as is one that the text calls abnormal. Both maps are combined, and the threshold is chosen so that about the wanted share of
good pictures is called faulty. To promise 1 in 100 takes 99 good pictures; with fewer the promise is weaker, and the command
says by how much. Good pictures that are references are judged by the others.

"predict", "watch" and "serve" decide by the file that this leaves, calibration_NAME.safetensors: by themselves where it is in the
folder of the adapters, else with --calibration. It holds for the same weights, adapters, size of pictures and tiles.`,
    )
    .action(runCalibrate);
}

/** EXIF orientations of turned pictures. */
const TURNS: Readonly<Record<Turns, readonly number[]>> = {
  flips: [2, 4],
  rotations: [3, 6, 8],
  all: [2, 3, 4, 5, 6, 7, 8],
};

async function runCalibrate(flags: CalibrateFlags): Promise<void> {
  const json = flags.json ?? false;
  tileOf(flags); // wrong flags are told before files are looked at
  const folder = folderOf(flags);
  const registry = await openRegistry(flags);
  if (flags.dataset !== undefined) findClass(flags.dataset, flags.class, registry);
  const good = await picturesOf('--good', flags.good, flags);
  const bad = flags.bad ? await picturesOf('--bad', flags.bad, flags) : [];
  checkEnough(flags.class, good.length);
  const twice = bad.find((path) => good.includes(path));
  if (twice !== undefined) throw new Error(`${twice}: given as good and as faulty: leave it out of --good or --bad`);
  if (flags.dry_run) return;
  // Its own calibration, if it has one, is replaced.
  const own = { ...flags, calibration: false };
  using detector = await openDetector([flags.class], registry, own, async () => {
    makeFolder(folder);
    return openDevice(flags);
  });
  const bar = progress('passes', 1, json);
  const report = await calibrate(detector, flags.class, good, {
    bad,
    references: flags.references,
    turned: flags.augment && TURNS[flags.augment],
    falseAlarms: flags.false_alarms,
    confidence: flags.confidence,
    seed: flags.seed,
    onProgress: (done, total) => bar.update(done / total),
  });
  bar.finish();
  const file = join(folder, calibrationFile(flags.class));
  await writeAtomically(file, encodeCalibration(report.calibration));
  for (const line of json ? [jsonLine(report, file)] : textLines(report, file)) process.stdout.write(`${line}\n`);
}

/** Where the calibration goes. @throws when that is not known */
function folderOf({ save_path: given, adapters }: CalibrateFlags): string {
  if (given !== undefined) return given;
  if (adapters !== undefined && adapters !== 'tiny' && statSync(adapters, { throwIfNoEntry: false })?.isDirectory()) {
    return adapters;
  }
  throw new Error('--save_path: needed where --adapters is no folder of yours: name one for the calibration');
}

/** Pictures that can be read. @throws when one cannot, unless they are to be skipped */
async function picturesOf(flag: string, inputs: readonly string[], flags: CalibrateFlags): Promise<readonly string[]> {
  const notes: string[] = [];
  const found = await expandImages([...inputs], { onNote: (note) => notes.push(note) });
  const { paths, broken } = await checkPictures(found, flags, { json: flags.json ?? false, notes });
  if (broken > 0 && !flags.skipBroken) {
    throw new Error(
      `${flag}: ${broken} of ${found.length} pictures cannot be read: mend them, or leave them out with --skip-broken`,
    );
  }
  return paths;
}
