/** `aaclip test`: the published figures of every checkpoint, on every chosen data set. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../../data/printable.js';
import { encodeClasses } from '../../detect/class_tokens.js';
import { inferConfig } from '../../model/config.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { openDevice } from '../options.js';
import { duration } from '../progress.js';
import { ownPage } from '../report/write_page.js';
import { runTestAll } from '../test_all/run_all.js';
import { LEAVE_OUT, tellUnknownWords } from '../unknown_words.js';
import { safeParts } from './draw_class.js';
import { type TestFlags, testOptions } from './flags.js';
import { incomplete, lookedAt, ModelUnderTest, settingsOf } from './model_under_test.js';
import { TestResults, type TestSettings } from './output.js';
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
  $ aaclip test --dataset mine --data parts --weights tiny --img_size 256 --save_path ckpt/mine --results_dir results
  $ aaclip test --dataset MVTec2 --data mvtec_ad_2 --weights W --save_path ckpt/baseline --tile

Maps and picture scores are scaled over a whole class, as published, so figures need the whole list of a class. The score of
a picture: for Industrial, the mean of the map's peak and the detection token's score; for Medical, the peak.

With --tile, masks are resized to the blended maps, which have --img_size / --tile of the picture's pixels, and the detection
token's score is the mean of that of the whole picture and that of the most anomalous tile: such figures do not compare with figures
without tiles.

"--dataset all" is the command test-all: a folder for each data set and a summary, in "results" unless --results_dir is given.`,
    )
    .action(runTest);
}

async function runTest(flags: TestFlags): Promise<void> {
  if (flags.dataset.trim() === ALL) return runTestAll(flags);
  const { sets: listed, classes: prompted, notes } = await openTestedSets(flags);
  const clip = await openClip(flags.weights);
  const encoded = await encodeClasses(await openTokenizer(), clip, prompted, LEAVE_OUT);
  const tested = await openTested(flags, inferConfig(clip));
  const settings = settingsOf(flags, tested);
  if (!flags.json) for (const note of notes) process.stderr.write(`note: ${printable(note)}\n`);
  tellUnknownWords(encoded, flags.json ?? false);
  const sets = await lookedAt(listed, flags, settings);
  if (flags.dry_run) return;
  using results = new TestResults(settings, flags.json ?? false);
  const gpu = await openDevice(flags);
  results.runsOn(gpu);
  const pictures = sets.reduce((sum, { samples }) => sum + samples.length, 0) * tested.images.length;
  using model = await ModelUnderTest.load(gpu, flags, settings, { clip, tested, classes: encoded.classes, pictures });
  let lost: Error | undefined;
  for (const checkpoint of tested.images) {
    const { epoch } = checkpoint;
    for (const set of sets) {
      const result = await model.run(set, checkpoint, {
        scratch: settings.resultsDir,
        pictures: flags.visualize ? pictureFolder(settings, tested.images, epoch, set.name) : undefined,
      });
      if (result.rows.length > 0) await results.add({ dataset: set.name, domain: set.domain, epoch, result });
      const { failure } = result;
      if (failure) lost ??= incomplete(set.name, failure);
      if (failure?.final) throw lost;
    }
    results.endEpoch(epoch);
  }
  results.end();
  await ownPage(settings.resultsDir);
  if (lost) throw lost;
  if (flags.json) return;
  const drawn = flags.visualize ? `; pictures in ${join(settings.resultsDir, 'visualization')}` : '';
  const speed = `${(model.pictures / model.seconds).toFixed(2)} images/s`;
  process.stderr.write(
    `${model.pictures} pictures in ${duration(model.seconds)}, ${speed}; ${results.file}, report.html beside it${drawn}\n`,
  );
}

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
