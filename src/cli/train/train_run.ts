/** One training, from its flags to its checkpoints. */
import { totalmem } from 'node:os';
import { join } from 'node:path';
import { printable } from '../../data/printable.js';
import { encodeClasses, promptedClass } from '../../detect/class_tokens.js';
import { inferConfig } from '../../model/config.js';
import { Loader } from '../../node/loader.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { RunFolder } from '../../node/run_folder.js';
import { trainingHost, trainingSamples } from '../../node/training_host.js';
import { measureSteps } from '../../train/dry_run.js';
import { defaultMemoryLimit, overLimit, planRun } from '../../train/plan.js';
import { recordedFlags, trainStages } from '../../train/resume.js';
import { runOrigin } from '../../train/run_origin.js';
import type { TrainFlags, TrainRun } from '../../train/training_run.js';
import { whenStopped } from '../endings.js';
import { type CheckedList, checkLists, rulesOf } from '../look_options.js';
import { openDevice } from '../options.js';
import { originNow, recordTraining } from '../report/run_record.js';
import { ownPage } from '../report/write_page.js';
import { tellUnknownWords } from '../unknown_words.js';
import { toTrainFlags } from './engine_flags.js';
import type { TrainCommandFlags } from './flags.js';
import { stoppedText, TrainOutput } from './output.js';
import { keepDrawnList, openTrainingList } from './training_list.js';

/** Colours are changed on the whole picture at once. @throws when one is too large for that */
function checkJitter(
  root: string,
  { samples, bytes }: CheckedList,
  { chances, imageEpochs }: TrainFlags,
  limit: number,
): void {
  const { brightness, contrast, saturation } = chances;
  if (imageEpochs === 0 || Math.max(brightness, contrast, saturation) === 0) return;
  const large = samples.filter((_, i) => bytes[i]! > limit);
  if (large.length === 0) return;
  const most = Math.floor(limit / 3e6);
  throw new Error(
    `${join(root, large[0]!.imagePath)}: ${large.length} of ${samples.length} pictures are too large for the change of colours on this adapter: expected at most ${most} megapixels; shrink them or give --augment rotate,translate,flip`,
  );
}

/**
 * Trains both stages, or goes on where an earlier start stopped. Its device is given back: several trainings may follow each
 * other in a process.
 */
export async function runTraining(flags: TrainCommandFlags): Promise<void> {
  const output = new TrainOutput(flags.json ?? false);
  const listed = await openTrainingList(flags);
  for (const note of listed.notes) output.note(printable(note));
  const clip = await openClip(flags.weights);
  const prompted = [...new Set(listed.samples.map((s) => s.className))]
    .sort()
    .map((className) => promptedClass(className, listed.registry, { dataset: flags.dataset }));
  const encoded = await encodeClasses(
    await openTokenizer(),
    clip,
    prompted,
    'give the class other words in a --registry file',
  );
  tellUnknownWords(encoded, flags.json ?? false);
  const { classes } = encoded;
  const needs = { maskSize: flags.img_size, masks: true, threads: flags.threads, json: flags.json ?? false };
  const [checked] = await checkLists([listed], flags, needs);
  const { samples, bytes } = checked!;
  const config = inferConfig(clip);
  using gpu = await openDevice(flags);
  const asked = toTrainFlags(flags, config.visionLayers);
  checkJitter(listed.root, checked!, asked, gpu.bindingLimit);
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
  await using loader = new Loader({
    root: listed.root,
    samples,
    bytes,
    rules: rulesOf(flags),
    maskSize: flags.img_size,
    threads: flags.threads,
  });
  const source = trainingSamples(loader);
  if (flags.dry_run) {
    output.measured(plan, await measureSteps(planned, source));
    return;
  }
  using folder = new RunFolder(flags.save_path, flags.format);
  if (listed.drawn) await keepDrawnList(folder.path, listed.drawn);
  whenStopped(() => stoppedText(folder.path, folder.saved));
  const origin = await runOrigin(clip, samples);
  const run: TrainRun = {
    ...planned,
    flagsText: recordedFlags(planned.flags, flags.init, origin, rulesOf(flags)),
    host: trainingHost(folder, source, planned.flags, output),
  };
  const started = originNow();
  folder.log(`args: ${JSON.stringify(flags)}`);
  await trainStages(run, folder, { init: flags.init, onResume: (state) => output.resumed(state) });
  await folder.drawLosses();
  await recordTraining(folder.path, flags, started, gpu);
  await ownPage(folder.path);
  output.trained(flags);
}
