/** `aaclip train`: trains the adapters in two stages, and resumes a run that was stopped. */
import { totalmem } from 'node:os';
import type { Command } from 'commander';
import type { Registry } from '../../data/datasets.js';
import { printable } from '../../data/printable.js';
import { encodeClasses, promptedClass } from '../../detect/class_tokens.js';
import { inferConfig } from '../../model/config.js';
import { Loader } from '../../node/loader.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { RunFolder } from '../../node/run_folder.js';
import { type DataSource, dataPlaces, FULL, openData } from '../../node/sample_lists.js';
import { trainingHost, trainingSamples } from '../../node/training_host.js';
import { measureSteps } from '../../train/dry_run.js';
import { defaultMemoryLimit, overLimit, planRun } from '../../train/plan.js';
import { recordedFlags, trainStages } from '../../train/resume.js';
import { runOrigin } from '../../train/run_origin.js';
import type { TrainRun } from '../../train/training_run.js';
import { whenStopped } from '../endings.js';
import { openDevice } from '../options.js';
import { tellUnknownWords } from '../unknown_words.js';
import { type TrainCommandFlags, toTrainFlags, trainOptions } from './flags.js';
import { stoppedText, TrainOutput } from './output.js';

export function trainCommand(program: Command): void {
  trainOptions(
    program
      .command('train')
      .description(
        'Train the text adapters, then the image adapters, on pictures with masks. A run that was stopped is resumed.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip train --dataset VisA --data VisA_20220922 --training_mode full_shot --weights ViT-L-14-336px.pt
  $ aaclip train --dataset mine --data parts --training_mode full_shot --weights tiny --img_size 256 --save_path ckpt/mine
  $ aaclip train --dataset mine --data parts --metadata parts/full-shot.jsonl --weights W --save_path ckpt/mine --dry_run

The list has a line for each picture: {"image_path", "label", "class_name", "mask_path"}; "aaclip index" writes it for a folder.
Defaults are those of the published AA-CLIP program, which "as published" refers to.`,
    )
    .action(runTrain);
}

/** The list that is trained on. @throws when it holds a faulty picture without mask */
async function openTraining(
  flags: TrainCommandFlags,
  output: TrainOutput,
): Promise<DataSource & { readonly registry: Registry }> {
  const places = await dataPlaces(flags, false);
  const list = flags.training_mode === 'full_shot' ? FULL : `${flags.shot}-shot.jsonl`;
  const source = await openData(flags.dataset, list, flags, places);
  const bare = source.samples.find((s) => s.label === 1 && s.maskPath === undefined);
  if (bare) {
    throw new Error(
      `${source.list}:${bare.line}: an anomalous picture without mask: training needs "mask_path" (${bare.imagePath})`,
    );
  }
  for (const note of source.notes) output.note(printable(note));
  return { ...source, registry: places.registry };
}

async function runTrain(flags: TrainCommandFlags): Promise<void> {
  const output = new TrainOutput(flags.json ?? false);
  const { root, samples, registry } = await openTraining(flags, output);
  const clip = await openClip(flags.weights);
  const prompted = [...new Set(samples.map((s) => s.className))]
    .sort()
    .map((className) => promptedClass(className, registry, { dataset: flags.dataset }));
  const encoded = await encodeClasses(
    await openTokenizer(),
    clip,
    prompted,
    'give the class other words in a --registry file',
  );
  tellUnknownWords(encoded, flags.json ?? false);
  const { classes } = encoded;
  const config = inferConfig(clip);
  const gpu = await openDevice(flags);
  const asked = toTrainFlags(flags, config.visionLayers);
  const base = { gpu, clip, config, classes };
  const limit = flags.memory_limit === undefined ? undefined : flags.memory_limit * 2 ** 30;
  const plan = await planRun({
    run: { ...base, flags: asked },
    samples,
    recompute: flags.checkpointing,
    memoryLimit: limit ?? defaultMemoryLimit(gpu.traits, totalmem()),
  });
  output.plan(plan);
  const over = overLimit(plan);
  if (over && limit !== undefined) throw new Error(`--memory_limit ${flags.memory_limit}: ${over}`);
  if (over) output.note(`note: ${over} (--memory_limit)`);
  const planned = { ...base, flags: { ...asked, recompute: plan.recompute } };
  await using loader = new Loader({ root, samples, maskSize: flags.img_size, threads: flags.threads });
  const source = trainingSamples(loader);
  if (flags.dry_run) {
    output.measured(plan, await measureSteps(planned, source));
    return;
  }
  using folder = new RunFolder(flags.save_path, flags.format);
  whenStopped(() => stoppedText(folder.path, folder.saved));
  const origin = await runOrigin(clip, samples);
  const run: TrainRun = {
    ...planned,
    flagsText: recordedFlags(planned.flags, flags.init, origin),
    host: trainingHost(folder, source, planned.flags, output),
  };
  folder.log(`args: ${JSON.stringify(flags)}`);
  await trainStages(run, folder, { init: flags.init, onResume: (state) => output.resumed(state) });
  await folder.drawLosses();
  output.trained(flags);
}
