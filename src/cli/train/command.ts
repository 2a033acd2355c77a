/** `aaclip train`: the two stages, resumable. */
import type { Command } from 'commander';
import type { Registry } from '../../data/datasets.js';
import type { Sample } from '../../data/metadata.js';
import { remainingBatches } from '../../data/shuffle.js';
import { encodeClasses, promptedClass } from '../../detect/class_tokens.js';
import { inferConfig } from '../../model/config.js';
import { Loader } from '../../node/loader.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { RunFolder } from '../../node/run_folder.js';
import { type DataSource, dataPlaces, FULL, openData } from '../../node/sample_lists.js';
import type { Restored, RunState } from '../../train/checkpoint.js';
import { initialParameters, type Part } from '../../train/initial.js';
import type { Parameters } from '../../train/parameters.js';
import { trainImage, trainText } from '../../train/stages.js';
import type { StepReport, TrainHost, TrainRun } from '../../train/training_run.js';
import { common, openDevice } from '../options.js';
import { duration, progress } from '../progress.js';
import { tellUnknownWords } from '../unknown_words.js';
import { type TrainCommandFlags, toTrainFlags, trainOptions } from './flags.js';
import { describePlan, type Plan, planRun } from './plan.js';

export function trainCommand(program: Command): void {
  common(
    trainOptions(
      program
        .command('train')
        .description(
          'Train the text adapters, then the image adapters, on pictures with masks. A rerun goes on where it stopped.',
        ),
    ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip train --dataset VisA --data VisA_20220922 --training_mode full_shot --weights ViT-L-14-336px.pt
  $ aaclip train --dataset mine --data parts --training_mode full_shot --weights tiny --img_size 256 --save_path ckpt/mine
  $ aaclip train --dataset mine --data parts --metadata parts/full-shot.jsonl --weights W --save_path ckpt/mine --dry_run

The list has a line a picture: {"image_path", "label", "class_name", "mask_path"}; "aaclip index" writes it for a folder.`,
    )
    .action(runTrain);
}

async function openTraining(flags: TrainCommandFlags): Promise<DataSource & { readonly registry: Registry }> {
  const places = await dataPlaces(flags, false);
  const list = flags.training_mode === 'full_shot' ? FULL : `${flags.shot}-shot.jsonl`;
  const source = await openData(flags.dataset, list, flags, places);
  const bare = source.samples.find((s) => s.label === 1 && s.maskPath === undefined);
  if (bare) {
    throw new Error(
      `${source.list}:${bare.line}: an anomalous picture without mask: training needs "mask_path" (${bare.imagePath})`,
    );
  }
  if (!flags.json) for (const note of source.notes) process.stderr.write(`${note}\n`);
  return { ...source, registry: places.registry };
}

async function runTrain(flags: TrainCommandFlags): Promise<void> {
  const { root, samples, registry } = await openTraining(flags);
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
  const half = flags.precision === 'f16' || clip.dtype('visual.conv1.weight') === 'F16';
  const gpu = await openDevice(flags);
  const plan = planRun(gpu, config, half, samples, flags);
  if (!flags.json) process.stderr.write(`${describePlan(plan)}\n`);
  if (flags.dry_run) {
    await dryRun({ gpu, clip, config, classes }, flags, { root, samples }, plan);
    return;
  }
  const folder = new RunFolder(flags.save_path, flags.format);
  await using loader = new Loader({ root, samples, maskSize: flags.img_size, threads: flags.threads });
  const engineFlags = toTrainFlags(flags, config.visionLayers, plan.checkpointing);
  const run: TrainRun = {
    gpu,
    clip,
    config,
    classes,
    flags: engineFlags,
    // Numbers of epochs and how often to save may change between runs; what shapes a step may not.
    flagsText: JSON.stringify({
      ...engineFlags,
      ...(flags.init === 'clip' && { init: 'clip' }),
      ...{ textEpochs: 0, imageEpochs: 0, saveEvery: 0, checkpointing: false },
    }),
    host: createHost(folder, loader, samples, flags),
  };
  folder.log(`args: ${JSON.stringify(flags)}`);
  await trainBoth(run, folder, flags);
  await folder.drawLosses();
  process.stdout.write(
    flags.json
      ? `${JSON.stringify({ save_path: flags.save_path, text_epochs: flags.text_epoch, image_epochs: flags.image_epoch })}\n`
      : `trained: ${flags.save_path} holds text_adapter, image_adapter, one image_adapter_N an epoch, train.log, metrics.jsonl and loss.svg\n`,
  );
}

async function trainBoth(run: TrainRun, folder: RunFolder, flags: TrainCommandFlags): Promise<void> {
  const begin = async (part: Part): Promise<Restored> => {
    const found = await folder.restore(run.gpu, part);
    if (!found) {
      const own = part === 'text' ? 'text_projection' : 'visual.proj';
      const projection = flags.init === 'clip' ? await run.clip.readF32(own) : undefined;
      const parameters = initialParameters(run.gpu, run.config, part, run.flags.shape, run.flags.seed, projection);
      return { parameters, state: { part, epoch: 0, batch: 0, step: 0, flags: run.flagsText } };
    }
    checkFlags(found.state, run.flagsText, flags.save_path);
    if (!flags.json)
      process.stderr.write(`resuming ${part} adapter after epoch ${found.state.epoch}, batch ${found.state.batch}\n`);
    return { parameters: found.parameters, state: { ...found.state, flags: run.flagsText } };
  };
  let text: Parameters | undefined;
  if (flags.text_epoch > 0) {
    const { parameters, state } = await begin('text');
    if (state.epoch < flags.text_epoch) await trainText(run, parameters, state);
    text = parameters;
  }
  run.gpu.trim();
  const { parameters, state } = await begin('image');
  if (state.epoch < flags.image_epoch) await trainImage(run, parameters, text, state);
}

/** @throws when a checkpoint comes from a run with other flags: mixing them would be neither. */
function checkFlags(state: RunState, now: string, folder: string): void {
  if (state.flags === '' || state.flags === now) return;
  const before = JSON.parse(state.flags) as Record<string, unknown>;
  const wanted = JSON.parse(now) as Record<string, unknown>;
  const differing = Object.keys(wanted).filter((k) => JSON.stringify(before[k]) !== JSON.stringify(wanted[k]));
  throw new Error(
    `${folder}: its ${state.part} checkpoint was trained with another ${differing.join(', ')}: use those flags again or another --save_path`,
  );
}

function createHost(
  folder: RunFolder,
  loader: Loader,
  samples: readonly Sample[],
  flags: TrainCommandFlags,
): TrainHost {
  let bar = progress('', 1, flags.json ?? false);
  let last: Part | undefined;
  const batchesPerEpoch = (size: number): number => Math.ceil(samples.length / size);
  return {
    batchesPerEpoch,
    async *batches(stage, epoch, batchSize, skip) {
      if (last !== stage) bar.finish();
      if (last !== stage || skip === 0) folder.log(`training ${stage} epoch ${epoch}:`);
      if (last !== stage) {
        const epochs = stage === 'text' ? flags.text_epoch : flags.image_epoch;
        bar = progress(`${stage} stage`, (epochs - epoch) * batchesPerEpoch(batchSize) - skip, flags.json ?? false);
      }
      last = stage;
      const position = { seed: flags.seed + (stage === 'text' ? 0 : 1), epoch, batch: skip };
      for await (const batch of loader.batches(remainingBatches(samples.length, batchSize, position))) {
        yield batch.map(({ index, sample, picture, mask }) => {
          if (!mask) throw new Error(`${sample.imagePath}: no mask`);
          const { label, className } = sample;
          return { index, path: sample.imagePath, picture, mask, label, className };
        });
      }
    },
    async save(parameters, state, alsoEpoch, rate) {
      return folder.save(parameters, state, alsoEpoch, rate);
    },
    onStep: stepReporter(folder, flags, () => bar),
    async onEpoch(stage, epoch, meanLoss) {
      folder.log(`loss: ${meanLoss}`);
      await folder.drawLosses();
      if (!flags.json) bar.say(`${stage} epoch ${epoch + 1}: mean loss ${meanLoss.toFixed(5)}`);
    },
  };
}

function stepReporter(
  folder: RunFolder,
  flags: TrainCommandFlags,
  bar: () => ReturnType<typeof progress>,
): (r: StepReport) => void {
  let done = 0;
  let stage: Part | undefined;
  return (report) => {
    if (stage !== report.stage) {
      stage = report.stage;
      done = 0;
    }
    done++;
    folder.metrics(report);
    if (flags.json) process.stdout.write(`${JSON.stringify(report)}\n`);
    const { epoch, batch, batches, loss, imagesPerSecond } = report;
    bar().update(
      done,
      `epoch ${epoch + 1}, step ${batch + 1}/${batches}, loss ${loss.toFixed(4)}, ${imagesPerSecond.toFixed(2)} images/s`,
    );
  };
}

/** Three measured steps of each stage tell how long the run would take. */
async function dryRun(
  base: Pick<TrainRun, 'gpu' | 'clip' | 'config' | 'classes'>,
  flags: TrainCommandFlags,
  { root, samples }: Pick<DataSource, 'root' | 'samples'>,
  plan: Plan,
): Promise<void> {
  const engineFlags = {
    ...toTrainFlags(flags, base.config.visionLayers, plan.checkpointing),
    textEpochs: 1,
    imageEpochs: 1,
  };
  await using loader = new Loader({ root, samples, maskSize: flags.img_size, threads: flags.threads });
  const STEPS = 3;
  const seconds: Record<string, number> = {};
  const host: TrainHost = {
    batchesPerEpoch: () => STEPS,
    async *batches(stage, epoch, batchSize) {
      const some = remainingBatches(samples.length, batchSize, { seed: flags.seed, epoch, batch: 0 }).slice(0, STEPS);
      for await (const batch of loader.batches(some)) {
        const started = performance.now();
        yield batch.map(({ index, sample, picture, mask }) => ({
          index,
          path: sample.imagePath,
          picture,
          mask: mask ?? new Uint8Array(flags.img_size ** 2),
          label: sample.label,
          className: sample.className,
        }));
        await base.gpu.idle();
        // The last step counts: the first compiles kernels and packs weights.
        seconds[stage] = (performance.now() - started) / 1000;
      }
    },
    save: async () => 'nothing: this is a dry run',
    onStep: () => undefined,
    onEpoch: async () => undefined,
  };
  const run: TrainRun = { ...base, flags: engineFlags, flagsText: '', host };
  const fresh = (part: Part): Parameters => initialParameters(run.gpu, run.config, part, engineFlags.shape, flags.seed);
  const start = (part: Part): RunState => ({ part, epoch: 0, batch: 0, step: 0, flags: '' });
  const text = fresh('text');
  if (flags.text_epoch > 0) await trainText(run, text, start('text'));
  run.gpu.trim();
  if (flags.image_epoch > 0) await trainImage(run, fresh('image'), text, start('image'));
  const total = (seconds.text ?? 0) * plan.textSteps + (seconds.image ?? 0) * plan.imageSteps;
  if (flags.json)
    process.stdout.write(`${JSON.stringify({ ...plan, secondsPerStep: seconds, totalSeconds: total })}\n`);
  else {
    const rate = (part: Part): string =>
      seconds[part] === undefined ? 'not run' : `${duration(seconds[part])} a step`;
    process.stdout.write(
      `measured: stage one ${rate('text')}, stage two ${rate('image')}; the whole run about ${duration(total)}\n`,
    );
  }
}
