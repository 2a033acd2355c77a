/** `aaclip test`: the published figures of every checkpoint, on every chosen data set. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { printable } from '../../data/printable.js';
import { AnomalyModel } from '../../detect/anomaly_model.js';
import { chooseBatch } from '../../detect/batch_size.js';
import { encodeClasses } from '../../detect/class_tokens.js';
import { inferConfig } from '../../model/config.js';
import { anchorStore } from '../../node/anchor_folder.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { lineOf } from '../endings.js';
import { checkLists, rulesOf } from '../look_options.js';
import { openDevice } from '../options.js';
import { duration, progress } from '../progress.js';
import { ownPage } from '../report/write_page.js';
import { tellUnknownWords } from '../unknown_words.js';
import { type Failure, type TestedData, testData } from './data_run.js';
import { safeParts } from './draw_class.js';
import { type TestFlags, testOptions } from './flags.js';
import { TestResults, type TestSettings } from './output.js';
import { type ImageCheckpoint, openTested, type TestedAdapters } from './tested_adapters.js';
import { openTestedSets } from './tested_data.js';

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
  $ aaclip test --dataset all --data datasets --weights W --save_path ckpt/baseline --epoch 15 --results_dir results
  $ aaclip test --dataset mine --data parts --weights W --save_path ckpt/mine --class nut,bolt --json
  $ aaclip test --dataset MVTec --data mvtec_ad --weights W --plain
  $ aaclip test --dataset mine --data parts --weights tiny --img_size 256 --save_path ckpt/mine --results_dir results

Maps and picture scores are scaled over a whole class, as published, so figures need the whole list of a class. The score of
a picture: for Industrial, the mean of the map's peak and the detection token's score; for Medical, the peak.`,
    )
    .action(runTest);
}

/** Each setting from its flag, else as the training recorded it, else the published default. */
function settingsOf(flags: TestFlags, { trained }: TestedAdapters): TestSettings {
  return {
    weights: flags.weights,
    savePath: flags.save_path,
    resultsDir: flags.results_dir ?? flags.save_path,
    plain: flags.plain ?? null,
    imageSize: flags.img_size ?? trained.imageSize ?? 518,
    textMix: flags.text_adapt_weight ?? trained.textMix ?? 0.1,
    imageMix: flags.image_adapt_weight ?? trained.imageMix ?? 0.1,
    activation: flags.activation ?? trained.activation ?? 'gelu',
    precision: flags.precision,
    pictures: rulesOf(flags),
  };
}

/** The data sets without what cannot be used, as far as `--skip-broken` allows that. */
async function lookedAt(sets: readonly TestedData[], flags: TestFlags, maskSize: number): Promise<TestedData[]> {
  const needs = { maskSize, masks: false, threads: flags.threads, json: flags.json ?? false };
  const checked = await checkLists(sets, flags, needs);
  return sets
    .map((set, i) => ({ ...set, samples: checked[i]!.samples, bytes: checked[i]!.bytes }))
    .filter(({ samples }) => samples.length > 0);
}

/** Bytes of `--memory` that sorting, decoding and the program itself take. */
const WORKING_MEMORY = 2 ** 28;

async function runTest(flags: TestFlags): Promise<void> {
  const { sets: listed, classes: prompted, notes } = await openTestedSets(flags);
  const clip = await openClip(flags.weights);
  const encoded = await encodeClasses(
    await openTokenizer(),
    clip,
    prompted,
    'leave the class out with --class, give it other words in a --registry file',
  );
  const tested = await openTested(flags, inferConfig(clip));
  const settings = settingsOf(flags, tested);
  if (!flags.json) for (const note of notes) process.stderr.write(`note: ${printable(note)}\n`);
  tellUnknownWords(encoded, flags.json ?? false);
  const sets = await lookedAt(listed, flags, settings.imageSize);
  if (flags.dry_run) return;
  using results = new TestResults(settings, flags.json ?? false);
  const gpu = await openDevice(flags);
  results.runsOn(gpu);
  const loading = progress('weights', 1, flags.json ?? false);
  using detector = await AnomalyModel.load(gpu, {
    clip,
    adapters: { text: tested.text, image: tested.images[0]!.tensors },
    classes: encoded.classes,
    imageSize: settings.imageSize,
    textMix: settings.textMix,
    imageMix: settings.imageMix,
    activation: settings.activation,
    precision: flags.precision,
    anchors: flags.cache ? anchorStore() : undefined,
    onProgress: (share) => loading.update(share),
  });
  loading.finish();
  const batch = chooseBatch(detector, flags.batch_size, '--batch_size');
  const pictures = sets.reduce((sum, { samples }) => sum + samples.length, 0);
  const bar = progress('test', pictures * tested.images.length, flags.json ?? false);
  const started = performance.now();
  let before = 0;
  let lost: Error | undefined;
  for (const [i, { epoch, tensors }] of tested.images.entries()) {
    if (i > 0) await detector.loadAdapters(tensors);
    for (const set of sets) {
      const result = await testData(detector, set, {
        batch,
        threads: flags.threads,
        rules: rulesOf(flags),
        scratch: settings.resultsDir,
        scoreBytes: Math.max(flags.memory * 2 ** 30 - WORKING_MEMORY, 2 ** 24),
        onUndrawn: (error) => {
          bar.say(`not drawn: ${lineOf(error)}`);
          process.exitCode = 1;
        },
        pictures: flags.visualize ? pictureFolder(settings, tested.images, epoch, set.name) : undefined,
        onProgress: (done, note) => {
          const rate = (before + done) / ((performance.now() - started) / 1000);
          bar.update(before + done, `${named(epoch)}${set.name} ${note}, ${rate.toFixed(2)} images/s`);
        },
      });
      before += set.samples.length;
      bar.finish();
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
  const seconds = (performance.now() - started) / 1000;
  const drawn = flags.visualize ? `; pictures in ${join(settings.resultsDir, 'visualization')}` : '';
  process.stderr.write(
    `${before} pictures in ${duration(seconds)}, ${(before / seconds).toFixed(2)} images/s; ${results.file}, report.html beside it${drawn}\n`,
  );
}

/** The error that cost some classes, with their names. */
function incomplete(dataset: string, { error, missing }: Failure): Error {
  const shown = missing.slice(0, 10).join(', ') + (missing.length > 10 ? ` and ${missing.length - 10} more` : '');
  return new Error(`${error.message} (${dataset}: no figures for ${shown}; the other classes are kept)`, {
    cause: error,
  });
}

const named = (epoch: ImageCheckpoint['epoch']): string => (typeof epoch === 'number' ? `epoch ${epoch}, ` : '');

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
