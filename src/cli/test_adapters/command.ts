/** `aaclip test`: the published figures of every checkpoint, on every chosen data set. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../../data/printable.js';
import { encodeClasses } from '../../detect/class_tokens.js';
import { settingsLine } from '../../detect/method_settings.js';
import { inferConfig } from '../../model/config.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { lineOf } from '../endings.js';
import { duration } from '../progress.js';
import { queueOf } from '../queue/queue_flags.js';
import { ownPage } from '../report/write_page.js';
import { testAllSets } from '../test_all/run_all.js';
import { LEAVE_OUT, tellUnknownWords } from '../unknown_words.js';
import { safeParts } from './draw_class.js';
import { type TestFlags, testOptions } from './flags.js';
import { incomplete, lookedAt, ModelUnderTest, settingsOf } from './model_under_test.js';
import { label, TestResults, type TestSettings } from './output.js';
import { type ImageCheckpoint, openTested } from './tested_adapters.js';
import { ALL, openTestedSets } from './tested_data.js';

export function testCommand(program: Command): void {
  testOptions(
    program
      .command('test')
      .description(
        'Test adapters on data sets: AUROC and average precision of pixels and pictures, class by class, for every epoch.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip test --dataset MVTec --data mvtec_ad --weights ViT-L-14-336px.pt --save_path ckpt/baseline --visualize
  $ aaclip test --dataset all --data datasets --weights W --save_path ckpt/baseline --epoch 15
  $ aaclip test --dataset mine --data parts --weights W --save_path ckpt/mine --class nut,bolt --json
  $ aaclip test --dataset MVTec --data mvtec_ad --weights W --plain
  $ aaclip test --dataset MVTec --data mvtec_ad --weights ViT-L-14-336 --save_path visa_pretrained.pth --results_dir results
  $ aaclip test --dataset MVTec --data mvtec_ad --weights W --save_path ckpt/baseline --epoch 15 --intervals --defects
  $ aaclip test --dataset mine --data parts --weights tiny --img_size 256 --save_path ckpt/mine --results_dir results
  $ aaclip test --dataset MVTec --data /mnt/pictures --weights W --save_path DIR --queue redis://10.0.0.5:6379 --store /mnt/aaclip
  $ aaclip test --dataset MVTec2 --data mvtec_ad_2 --weights W --save_path ckpt/baseline --tile

Maps and picture scores are scaled over a whole class, as published, so figures need the whole list of a class. The score of
a picture: for Industrial, the mean of the map's peak and the detection token's score; for Medical, the peak. APRIL-GAN and
AnomalyCLIP scale nothing, and score a picture by itself.

With --tile, masks are resized to the blended maps, which have --img_size / --tile of the picture's pixels, and the detection
token's score is the mean of that of the whole picture and that of the most anomalous tile: such figures do not compare with figures
without tiles.

--visualize draws every picture and lists those of a class worst first. The error of a picture is how far its score lies on the
wrong side of the threshold of the best F1, as a share of the room on that side: 1 for a faulty picture with score 0 (missed) or a
normal one with score 1 (false alarm), 0 at the threshold, negative for right decisions. The sheet shows the worst and the best.

--intervals draws the normal and the faulty pictures of each class again, with replacement, and takes the figures each time; an
interval holds the middle 95% of them. --seed decides what is drawn.

"--dataset all" is the command test-all: a folder for each data set and a summary, in "results" unless --results_dir is given.`,
    )
    .action(runTest);
}

async function runTest(flags: TestFlags): Promise<void> {
  if (flags.dataset.trim() === ALL) return testAllSets(flags);
  queueOf(flags); // wrong flags are told before files are looked at
  const { sets: listed, classes: prompted, notes } = await openTestedSets(flags);
  const clip = await openClip(flags.weights);
  const tested = await openTested(flags, inferConfig(clip));
  const encoded = await encodeClasses(await openTokenizer(), clip, prompted, LEAVE_OUT, tested.method);
  const settings = settingsOf(flags, tested);
  if (!flags.json) process.stderr.write(`${settingsLine(tested.method, settings)}\n`);
  if (!flags.json) for (const note of notes) process.stderr.write(`note: ${printable(note)}\n`);
  tellUnknownWords(encoded, flags.json ?? false);
  const sets = await lookedAt(listed, flags, settings);
  if (flags.dry_run) return;
  using results = new TestResults(settings, flags.json ?? false);
  const runs = tested.images.flatMap((checkpoint) => sets.map((set) => ({ checkpoint, set })));
  await using model = await ModelUnderTest.open(flags, settings, { clip, tested, classes: encoded.classes, runs });
  let lost: Error | undefined;
  let drawing = 0;
  for (const { checkpoint, set } of runs) {
    const { epoch } = checkpoint;
    try {
      await model.take(checkpoint);
    } catch (error) {
      lost ??= new Error(`${lineOf(error)} (${label(epoch)}: no figures; other epochs are kept)`, { cause: error });
      continue;
    }
    const result = await model.run(set, {
      scratch: settings.resultsDir,
      pictures: flags.visualize ? pictureFolder(settings, tested.images, epoch, set.name) : undefined,
    });
    results.runsOn(model.adapter);
    if (result.rows.length > 0) await results.add({ dataset: set.name, domain: set.domain, epoch, result });
    const { failure } = result;
    drawing += result.drawingSeconds;
    if (failure) lost ??= incomplete(set.name, failure);
    if (failure?.final) break;
    if (set === sets.at(-1)) results.endEpoch(epoch);
  }
  results.end();
  if (!lost) await model.end();
  if (!results.empty) await ownPage(settings.resultsDir);
  if (lost) throw lost;
  if (flags.json) return;
  const drawn = flags.visualize ? `; pictures in ${join(settings.resultsDir, 'visualization')}` : '';
  const undrawn = drawing > 0 ? ` (${rate(model.pictures, model.seconds - drawing)} without drawing)` : '';
  const speed = `${rate(model.pictures, model.seconds)} images/s${undrawn}`;
  process.stderr.write(
    `${model.pictures} pictures in ${duration(model.seconds)}, ${speed}; ${results.file}, report.html beside it${drawn}\n`,
  );
}

const rate = (pictures: number, seconds: number): string => (pictures / seconds).toFixed(2);

/** The folder for a data set's pictures, below a folder for the epoch where there are several. */
function pictureFolder(
  settings: TestSettings,
  images: readonly ImageCheckpoint[],
  epoch: ImageCheckpoint['epoch'],
  dataset: string,
): string {
  const apart = images.length > 1 ? [`epoch_${epoch}`] : [];
  return join(settings.resultsDir, 'visualization', ...apart, ...safeParts(dataset));
}
