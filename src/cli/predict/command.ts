/** `aaclip predict`: pictures in, scores and heatmaps out. */
import type { Command } from 'commander';
import { findClass, promptsFor } from '../../data/class_prompts.js';
import { similarName } from '../../data/names.js';
import { endsWriting } from '../../node/file_error.js';
import { expandImages } from '../../node/picture_files.js';
import { openRegistry } from '../../node/registry_source.js';
import { checkPictures } from '../look_options.js';
import { tileOf } from '../model_options.js';
import { progress } from '../progress.js';
import { queueOf } from '../queue/queue_flags.js';
import { drawOptions, type PredictFlags, predictOptions } from './flags.js';
import { jsonLine, Outputs, textLine } from './output.js';
import { DevicePredictor, type Predictor } from './predicted.js';

export function predictCommand(program: Command): void {
  predictOptions(
    program
      .command('predict')
      .description(
        'Score pictures and draw where something is wrong. Files, folders and patterns such as "parts/*.png".',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip predict photo.jpg --class "metal nut" --weights tiny --adapters tiny --img_size 256
  $ aaclip predict photo.jpg --class "metal nut" --weights ViT-L-14-336px.pt --adapters ckpt/baseline
  $ aaclip predict parts/ --class screw --weights W --adapters DIR --threshold 0.6 --json > scores.jsonl
  $ aaclip predict parts/ --class metal_nut --weights ViT-L-14-336 --adapters visa_pretrained.pth
  $ aaclip predict new/ --class screw --weights W --adapters DIR --calibration line3 --json
  $ aaclip predict /mnt/pictures/line3 --class screw --weights W --data /mnt/pictures --queue redis://10.0.0.5:6379 --store /mnt/aaclip
  $ aaclip predict board.png --class pcb --weights W --adapters DIR --tile

A line begins with the normalized score: 0 is like good pictures, 0.5 the threshold, 1 like faulty ones. Scale and threshold come
from the calibration of the class ("aaclip calibrate"), else from what training recorded in the adapters; without such records they are
a preset that no data has chosen. Heatmaps show the same scale at every pixel. With a calibration, its faulty area is outlined, written
as a mask, and listed in --json.

The score of a picture: for Industrial, the mean of the map's peak and the detection token's score; for Medical,
the peak; with APRIL-GAN and AnomalyCLIP their own score of the whole picture. The map is the share of "abnormal" against
"normal" at every pixel, 0 to 1, averaged over the levels. --raw writes the sum of the levels as the method's published program
defines it, and with a calibration the evidence, zero-shot map and references combined. To rank pictures or pixels, take the evidence: the
normalized scores end at 0 and 1.

With --tile, the score of the whole picture is the mean of that of the picture as a whole and that of the most anomalous tile, and
the map has --img_size / --tile of the picture's pixels: all of them by default.`,
    )
    .action(runPredict);
}

async function runPredict(inputs: string[], flags: PredictFlags): Promise<void> {
  const json = flags.json ?? false;
  tileOf(flags); // wrong flags are told before files are looked at
  const queued = queueOf(flags);
  const registry = await openRegistry(flags);
  if (flags.dataset !== undefined) findClass(flags.dataset, flags.class, registry);
  const classes = Object.values(registry.datasets).flatMap((d) => Object.keys(d.classes));
  const known = promptsFor(flags.class, registry, flags.dataset).known ? undefined : similarName(classes, flags.class);
  if (known && !json) {
    process.stderr.write(
      `note: "${flags.class}" is used as written; the class ${known} of a known data set has its own prompt name\n`,
    );
  }
  const leftOut: string[] = [];
  const found = await expandImages(inputs, { output: flags.out, onNote: (note) => leftOut.push(note) });
  const { paths, broken: unreadable } = await checkPictures(found, flags, { json, notes: leftOut });
  if (unreadable > 0 && !flags.skipBroken) process.exitCode = 1;
  if (flags.dry_run) return;
  const outputs = new Outputs(paths, {
    ...drawOptions(flags),
    folder: flags.out,
    calibrated: flags.calibration !== false,
  });
  await using predictor: Predictor = queued
    ? await (await import('./queued_pictures.js')).QueuedPredictor.open(queued, flags)
    : await DevicePredictor.open(registry, flags);
  const bar = progress('pictures', paths.length, json);
  const started = performance.now();
  let broken = 0; // found only now: damage behind the header
  let unwritten = 0;
  let decided: string | undefined;
  for await (const one of predictor.judge(paths, (done, note) => bar.update(done, note))) {
    if ('broken' in one) {
      broken++;
      if (json) process.stdout.write(`${JSON.stringify({ image: paths[one.index], error: one.broken })}\n`);
      bar.say(`skipped: ${one.broken}`);
      continue;
    }
    const { record, files } = one;
    if (decided === undefined && !json) {
      const { rule, source } = record.decided_by;
      decided = source === 'flag' ? `${rule} (--threshold)` : rule;
      bar.say(`normal or anomalous: ${decided}`);
    }
    const written = await outputs.write(paths[one.index]!, files);
    bar.finish();
    process.stdout.write(`${json ? jsonLine(record, written) : textLine(record, written)}\n`);
    if (written.error === undefined) continue;
    // On a full disk, every other picture would fail alike.
    if (endsWriting(written.error)) throw written.error;
    unwritten++;
    bar.say(`not written: ${written.error.message}`);
  }
  bar.finish();
  const seconds = (performance.now() - started) / 1000;
  const good = paths.length - broken;
  if (!json) process.stderr.write(`${predictor.summary(good, seconds)}\n`);
  if (unwritten === 0) await predictor.end?.();
  const failures = [
    ...(broken + unreadable > 0 ? [`${broken + unreadable} of ${found.length} pictures have no result`] : []),
    ...(unwritten > 0 ? [`files of ${unwritten} of ${paths.length} pictures could not be written`] : []),
  ];
  if (failures.length > 0) {
    process.stderr.write(`aaclip: ${failures.join('; ')}\n`);
    if (!flags.skipBroken || good === 0 || unwritten > 0) process.exitCode = 1;
  }
}
