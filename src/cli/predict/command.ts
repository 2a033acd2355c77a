/** `aaclip predict`: pictures in, scores and heatmaps out. */
import { mkdir } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { findClass, promptsFor } from '../../data/class_prompts.js';
import type { Domain, Registry } from '../../data/datasets.js';
import { encodeClasses } from '../../detect/class_tokens.js';
import { Detector } from '../../detect/detector.js';
import { fileError } from '../../node/file_error.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openAdapters, openClip } from '../../node/open_weights.js';
import { expandImages } from '../../node/picture_files.js';
import { openRegistry } from '../../node/registry_source.js';
import { type RegistryFlags, registryOptions } from '../data_options.js';
import { type CommonOptions, common, count, number, openDevice } from '../options.js';
import { duration, progress } from '../progress.js';
import { type OutputOptions, Outputs, type Prediction } from './output.js';
import { predictAll } from './predict_all.js';

interface PredictFlags extends CommonOptions, RegistryFlags {
  readonly class: string;
  readonly dataset?: string;
  readonly weights: string;
  readonly adapters?: string;
  readonly epoch?: number;
  readonly domain?: Domain;
  readonly img_size?: number;
  readonly text_adapt_weight?: number;
  readonly image_adapt_weight?: number;
  readonly batch_size?: number;
  readonly activation?: 'gelu' | 'quickgelu';
  readonly out: string;
  readonly raw?: 'npy' | 'safetensors';
  readonly map?: boolean;
  readonly heatmap: boolean;
  readonly range: 'fixed' | 'image';
  readonly threshold?: number;
  readonly pixel_threshold?: number;
}

export function predictCommand(program: Command): void {
  registryOptions(
    common(
      program
        .command('predict')
        .description(
          'Score pictures and draw where something is wrong. Files, folders and patterns such as "parts/*.png".',
        )
        .argument('<pictures...>', 'PNG, JPEG, BMP, TIFF or WebP files, folders of them, or patterns')
        .requiredOption(
          '--class <name>',
          'what the pictures show: "metal nut", a class of a known data set, or "object"',
        )
        .option('--dataset <name>', 'look the class up in this data set only, and refuse it when it is not there')
        .requiredOption(
          '--weights <file>',
          'CLIP weights: OpenAI\'s .pt, or safetensors; "tiny" for the small model of the package ("./tiny" for a file of that name), "synthetic" for one that knows nothing',
        )
        .option(
          '--adapters <dir>',
          'folder with text_adapter and image_adapter; "tiny" for those of the package; without it plain CLIP is used',
        )
        .option('--epoch <n>', 'use image_adapter_<n> of that folder', count(0))
        .addOption(
          new Option(
            '--domain <kind>',
            "how maps are smoothed and scores made (default: the class's own, else Industrial)",
          ).choices(['Industrial', 'Medical']),
        )
        .option('--img_size <px>', 'side the pictures are resized to (default: as trained, else 518)', count(14))
        .option('--text_adapt_weight <w>', 'share of a text adapter in its mix (default: as trained, else 0.1)', number)
        .option(
          '--image_adapt_weight <w>',
          'share of an image adapter in its mix (default: as trained, else 0.1)',
          number,
        )
        .option('--batch_size <n>', 'pictures at a time (default: what the adapter holds well)', count(1))
        .addOption(
          new Option(
            '--activation <kind>',
            "gelu as published, or quickgelu as OpenAI's weights were trained (default: as the adapters, else gelu)",
          ).choices(['gelu', 'quickgelu']),
        )
        .option('--out <dir>', 'where heatmaps and maps go', 'out')
        .addOption(new Option('--raw <format>', 'also write the map as numbers').choices(['npy', 'safetensors']))
        .option('--map', 'also write the map as an 8-bit grey picture')
        .option('--no-heatmap', 'write no overlay')
        .addOption(
          new Option(
            '--range <kind>',
            'colours: fixed (0 to 1, comparable between pictures) or stretched to each image',
          )
            .choices(['fixed', 'image'])
            .default('fixed'),
        )
        .option('--threshold <score>', 'say yes or no: a picture at or above it is anomalous', number)
        .option('--pixel_threshold <p>', 'outline where the map is at or above it, and write that as a mask', number),
    ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip predict photo.jpg --class "metal nut" --weights tiny --adapters tiny --img_size 256
  $ aaclip predict photo.jpg --class "metal nut" --weights ViT-L-14-336px.pt --adapters ckpt/baseline
  $ aaclip predict parts/ --class screw --weights W --adapters DIR --threshold 0.6 --json > scores.jsonl

The score of a picture: Industrial, the mean of the map's peak and the detection token's score; Medical, the peak. The map
is the share of "abnormal" against "normal" at every pixel, 0 to 1, averaged over the levels. --raw writes the sum of the
levels as the published program defines it.`,
    )
    .action(runPredict);
}

async function runPredict(inputs: string[], flags: PredictFlags): Promise<void> {
  const registry = await openRegistry(flags);
  if (flags.dataset !== undefined) findClass(flags.dataset, flags.class, registry);
  const prompts = promptsFor(flags.class, registry, flags.dataset);
  const known = prompts.known ? undefined : similarClass(flags.class, registry);
  if (known && !flags.json) {
    process.stderr.write(
      `note: "${flags.class}" is used as written; the class ${known} of a known data set has a prompt name of its own\n`,
    );
  }
  const paths = await expandImages(inputs);
  const clip = await openClip(flags.weights);
  const domain = flags.domain ?? prompts.domain;
  const classes = await encodeClasses(
    await openTokenizer(),
    clip,
    [{ className: flags.class, domain, prompts }],
    'use other words, --class object, an entry of a --registry file that gives the class other words',
  );
  const adapters = flags.adapters === undefined ? undefined : await openAdapters(flags.adapters, clip, flags.epoch);
  const trained = adapters?.trained ?? {};
  const output: OutputOptions = {
    folder: flags.out,
    heatmap: flags.heatmap,
    grey: flags.map ?? false,
    raw: flags.raw,
    range: flags.range,
    pixelThreshold: flags.pixel_threshold,
  };
  const outputs = new Outputs(paths, output);
  await mkdir(flags.out, { recursive: true }).catch((error: unknown) => {
    throw fileError(flags.out, 'write', error);
  });
  const gpu = await openDevice(flags);
  const loading = progress('weights', 1, flags.json ?? false);
  using detector = await Detector.load(gpu, {
    clip,
    adapters,
    classes,
    imageSize: flags.img_size ?? trained.imageSize,
    textMix: flags.text_adapt_weight ?? trained.textMix,
    imageMix: flags.image_adapt_weight ?? trained.imageMix,
    activation: flags.activation ?? trained.activation,
    precision: flags.precision,
    onProgress: (share) => loading.update(share),
  });
  loading.finish();
  if (!adapters && !flags.json) {
    process.stderr.write('no --adapters: plain CLIP zero-shot, weaker than an adapted model\n');
  }
  const bar = progress('pictures', paths.length, flags.json ?? false);
  const started = performance.now();
  const report = (p: Prediction): void => {
    const decision = flags.threshold === undefined ? undefined : p.score >= flags.threshold;
    bar.finish();
    process.stdout.write(
      `${flags.json ? jsonLine(p, flags, prompts.realName, adapters !== undefined, decision) : textLine(p, decision)}\n`,
    );
  };
  const broken = await predictAll(gpu, detector, paths, {
    className: flags.class,
    domain,
    batch: flags.batch_size,
    outputs,
    onResult: report,
    onBroken: (path, error) => {
      if (flags.json) process.stdout.write(`${JSON.stringify({ image: path, error: error.message })}\n`);
      bar.say(`skipped: ${error.message}`);
    },
    onProgress: (done) => bar.update(done),
  });
  bar.finish();
  const seconds = (performance.now() - started) / 1000;
  const good = paths.length - broken;
  if (!flags.json) {
    const rate = (detector.flopsPerImage * good) / seconds / 1e9;
    process.stderr.write(
      `${good} pictures in ${duration(seconds)}: ${duration(seconds / Math.max(1, good))} each, ${rate.toFixed(1)} GFLOP/s, memory ${(process.memoryUsage().rss / 2 ** 30).toFixed(2)} GiB; written to ${flags.out}\n`,
    );
  }
  if (broken > 0) {
    process.stderr.write(`aaclip: ${broken} of ${paths.length} pictures could not be read\n`);
    process.exitCode = 1;
  }
}

/** The class of a known data set that differs from a name only in case, blanks and underscores. */
function similarClass(name: string, registry: Registry): string | undefined {
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[\s_-]/g, '');
  const all = Object.values(registry.datasets).flatMap((d) => Object.keys(d.classes));
  return all.find((c) => plain(c) === plain(name));
}

function textLine(p: Prediction, decision: boolean | undefined): string {
  const verdict = decision === undefined ? '' : decision ? '  ANOMALOUS' : '  normal';
  const where = p.files[0] ? `  -> ${p.files[0]}` : '';
  return `${p.score.toFixed(4)}  peak ${p.peak.value.toFixed(4)} at ${p.peak.x},${p.peak.y}${verdict}  ${p.image}${where}`;
}

function jsonLine(
  p: Prediction,
  flags: PredictFlags,
  realName: string,
  adapted: boolean,
  decision: boolean | undefined,
): string {
  return JSON.stringify({
    image: p.image,
    class: flags.class,
    prompt_name: realName,
    adapted,
    score: p.score,
    image_score: p.imageScore,
    peak: p.peak,
    map_sum: p.sum,
    ...(decision === undefined ? {} : { threshold: flags.threshold, anomalous: decision }),
    files: p.files,
    ms: Math.round(p.ms),
  });
}
