/**
 * `npm run pretrain`: pre-trains the embedded CLIP, contrastively, on pictures and captions made by tools/pictures.
 *
 *   npm run pretrain -- --out weights/tiny/clip.safetensors --steps 2500 --seed 1
 *
 * Deterministic for a given adapter, number of steps and seed.
 */
import { rmSync } from 'node:fs';
import { basename } from 'node:path';
import process from 'node:process';
import {
  add,
  encodeText,
  full,
  type Gpu,
  l2Normalize,
  openGpu,
  openTokenizer,
  read,
  Tape,
  type Tensor,
  type Tokenizer,
  tidy,
} from '#src/node/node';
import { contrastiveLoss, stateLoss } from '#src/train/contrastive';
import { Parameters } from '#src/train/parameters';
import { runCommand } from '../command.js';
import { CLASSES } from '../pictures/index.js';
import { DRAWN, drawBatch, type Shown } from './batches.js';
import { allTexts, tokensOf } from './captions.js';
import { GENERAL } from './halves.js';
import { drawPool, type Pair } from './pool.js';
import { type PretrainOptions, parsePretrain, USAGE } from './pretrain_options.js';
import { regionsOf } from './regions.js';
import { toImages } from './show.js';
import { loadTowers, SIZES, type Towers, writeTowers } from './towers.js';

/** The state that training keeps from step to step. */
interface Run {
  readonly gpu: Gpu;
  readonly options: PretrainOptions;
  readonly pool: ReadonlyMap<string, readonly Pair[]>;
  readonly tokenizer: Tokenizer;
  readonly towers: Towers;
  readonly parameters: Parameters;
  /** Start of the run, from `performance.now`. */
  readonly started: number;
}

/** The progress of a run. */
interface Progress {
  readonly steps: number;
  /** A running mean. */
  readonly loss: number;
}

const minutesSince = (start: number): number => (performance.now() - start) / 60_000;

/** The pictures of a run. Classes that could be anything are drawn three times as often, since they vary most. */
function drawPictures({ seed, pairs, setup }: PretrainOptions): Promise<ReadonlyMap<string, readonly Pair[]>> {
  const classes = CLASSES.flatMap((c) => (GENERAL.includes(c.name) ? [c.name, c.name, c.name] : [c.name]));
  return drawPool({ seed, size: DRAWN, pairs, classes, setup });
}

/** The loss of a batch [1], and its gradients, one for each parameter. */
function lossOf({ gpu, options, tokenizer, towers, parameters }: Run, shown: readonly Shown[]) {
  const { size, scale, states, peaks } = options;
  const { vision, text } = towers;
  const ids = tokenizer.encode(shown.map((s) => s.caption));
  const pictures = shown.map(({ pixels, side }) => ({ rgb: pixels, side }));
  const masks = shown.map((s) => s.marked);
  return tidy(() => {
    const images = toImages(gpu, pictures, size);
    const regions = regionsOf(masks, { ...options, patch: SIZES.patch });
    const tape = new Tape(add);
    tape.watch(parameters.weights);
    const loss = tape.record(() => {
      const comparison = { captions: l2Normalize(encodeText(ids, text)), vision, scale };
      return states && regions
        ? stateLoss(images, comparison, regions, peaks ? regions.peaks : undefined)
        : contrastiveLoss(images, comparison, regions);
    });
    return { loss, grads: tape.backward(loss, parameters.weights, full(gpu, [1], 1)) };
  });
}

/** The learning rate of a step: a short warm-up, then half a cosine. */
function rateOf(step: number, { rate, steps }: PretrainOptions): number {
  const warm = Math.min(1, (step + 1) / 50);
  return rate * warm * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
}

/** Trains until the steps or the minutes are used up. */
async function train(run: Run): Promise<Progress> {
  const { options, pool, parameters, started } = run;
  const began = performance.now();
  let loss = 0;
  let step = 0;
  // Read one step late, so that the device does not wait for the host.
  let pending: Promise<Float32Array> | undefined;
  for (; step < options.until && minutesSince(started) < options.minutes; step++) {
    const { loss: value, grads } = lossOf(run, drawBatch(pool, step, options));
    parameters.update(grads, { rate: rateOf(step, options), beta1: 0.9, beta2: 0.98, eps: 1e-6 });
    for (const g of grads) g?.release();
    if (pending) {
      const before = (await pending)[0]!;
      loss = step === 1 ? before : 0.95 * loss + 0.05 * before;
      if (!Number.isFinite(before)) throw new Error(`the loss is ${before} at step ${step}: lower --rate`);
    }
    pending = readOnce(value);
    if (step > 0 && step % options.saveEvery === 0) await save(`${options.out}.partial`, run, { steps: step, loss });
    if (step % 25 === 0) {
      const each = (performance.now() - began) / 1000 / (step + 1);
      process.stderr.write(`step ${step}: loss ${loss.toFixed(4)}, ${each.toFixed(2)} s a step\n`);
    }
  }
  await pending;
  return { steps: step, loss };
}

/** Reads a tensor and releases it. */
function readOnce(tensor: Tensor): Promise<Float32Array> {
  const values = read(tensor);
  tensor.release();
  return values;
}

function save(path: string, { options, towers, started }: Run, { steps, loss }: Progress): Promise<void> {
  return writeTowers(path, towers, options.scale, {
    made_by: 'tools/tiny/pretrain.ts',
    seed: String(options.seed),
    pairs: String(options.pairs),
    from: options.from ? basename(options.from) : 'weights of tools/tiny/initial.ts',
    regions: String(options.regions),
    steps: String(steps),
    batch: String(options.batch),
    loss: loss.toFixed(4),
    minutes: minutesSince(started).toFixed(1),
  });
}

async function pretrain(options: PretrainOptions): Promise<void> {
  const started = performance.now();
  const tokenizer = await openTokenizer();
  const pool = await drawPictures(options);
  const texts = allTexts(pool);
  // The token table keeps the rows that these texts need.
  const tokens = tokensOf(texts, tokenizer);
  process.stderr.write(`${texts.size} texts, ${tokens.length} tokens\n`);

  using gpu = await openGpu();
  const towers = await loadTowers(gpu, tokens, options);
  using parameters = Parameters.around([...towers.vision.named, ...(options.locked ? [] : towers.text.named)]);
  const count = parameters.all.reduce((n, p) => n + p.weight.size, 0);
  process.stderr.write(`${(count / 1e6).toFixed(2)} million weights\n`);

  const run: Run = { gpu, options, pool, tokenizer, towers, parameters, started };
  const progress = await train(run);
  const { out } = options;
  // A file with the final name is finished: make.ts does not train it again.
  await save(out, run, progress);
  rmSync(`${out}.partial`, { force: true });
  const { steps, loss } = progress;
  process.stderr.write(`${out}: ${steps} steps, loss ${loss.toFixed(4)}, ${minutesSince(started).toFixed(1)} min\n`);
}

await runCommand(async () => {
  const options = parsePretrain(process.argv.slice(2));
  if (options) await pretrain(options);
  else process.stdout.write(`${USAGE}\n`);
}, 'pretrain: ');
