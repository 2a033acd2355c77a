/**
 * Pre-trains the embedded CLIP: contrastively, on pictures and captions that tools/pictures draws and words.
 *
 *   node tools/tiny/pretrain.mjs --out weights/tiny/clip.safetensors --steps 2500 --seed 1
 *
 * Deterministic for a given adapter, number of steps and seed.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Tape } from '../../dist/autograd/tape.js';
import { createTokenizer, openGpu, tidy, writeAtomically } from '../../dist/cli/index.js';
import { REGISTRY } from '../../dist/data/datasets.js';
import { Draws } from '../../dist/data/random.js';
import { promptsFor } from '../../dist/data/registry.js';
import { resizeTable } from '../../dist/data/resize_table.js';
import { packF16 } from '../../dist/io/dtype.js';
import { toWrite, writeSafetensors } from '../../dist/io/safetensors_writer.js';
import { rawF32 } from '../../dist/io/tensor_file.js';
import { syntheticClip, VIT_L_14_336 } from '../../dist/model/synthetic.js';
import { loadText } from '../../dist/model/text.js';
import { loadVision } from '../../dist/model/vision.js';
import { transpose } from '../../dist/model/weights.js';
import { stack } from '../../dist/ops/concat.js';
import { full } from '../../dist/ops/fill.js';
import { preparePicture } from '../../dist/ops/resize_picture.js';
import { read } from '../../dist/tensor/tensor.js';
import { contrastiveLoss } from '../../dist/train/contrastive.js';
import { Parameters } from '../../dist/train/parameters.js';
import { loadPictures } from '../pictures/compile.mjs';
import { crop, cropMask, place } from './crops.mjs';
import { halves } from './halves.mjs';
import { initialWeights } from './initial.mjs';
import { NOUNS } from './nouns.mjs';
import { drawPool } from './pool.mjs';

const MERGES = fileURLToPath(new URL('../../weights/clip_merges.txt', import.meta.url));

/** Sizes of the embedded model: 64-wide heads, patches of 16 pixels, a grid of 8 x 8 at 128 px. */
const SIZES = {
  ...VIT_L_14_336,
  embed: 128,
  patch: 16,
  image: 128,
  visionWidth: 128,
  visionLayers: 4,
  visionHeads: 2,
  textWidth: 128,
  textLayers: 4,
  textHeads: 2,
  levels: [],
};

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'weights/tiny/clip.safetensors' },
    pairs: { type: 'string', default: '24' },
    steps: { type: 'string', default: '1200' },
    batch: { type: 'string', default: '40' },
    save_every: { type: 'string', default: '200' },
    rate: { type: 'string', default: '0.001' },
    seed: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '600' },
  },
});
const seed = Number(flags.seed);
const batch = Number(flags.batch);
const steps = Number(flags.steps);
/** Pictures are drawn this large and cut out, so that the model sees them at several scales. */
const DRAWN = 256;
const LEAST = 128;
const { CLASSES, vocabulary } = await loadPictures();
const tokenizer = createTokenizer(readFileSync(MERGES, 'utf8'));
const started = performance.now();
const minutes = () => (performance.now() - started) / 60_000;
const pool = await drawPool({
  seed,
  size: DRAWN,
  pairs: Number(flags.pairs),
  classes: CLASSES.map((c) => c.name),
  threads: availableParallelism(),
});

// The token table keeps the rows its words need: those of every caption, name and prompt.
const texts = new Set([...vocabulary(), ...NOUNS]);
for (const list of pool.values()) {
  for (const { normal, anomalous } of list) for (const t of [...normal.captions, ...anomalous.captions]) texts.add(t);
}
const known = Object.values(REGISTRY.datasets).flatMap((d) => Object.values(d.classes));
for (const name of ['object', ...known, ...NOUNS]) {
  const { normal, abnormal } = promptsFor(name);
  for (const text of [...normal, ...abnormal]) texts.add(text);
}
const kept = [...new Set([...texts].flatMap((t) => tokenizer.tokenize(t)))].sort((a, b) => a - b);
process.stderr.write(`${texts.size} texts, ${kept.length} tokens\n`);
/** Names that stand in for a class's own; real data sets' names among them. */
const names = [...new Set([...NOUNS, ...known])];
const wordsOf = new Map(CLASSES.map((c) => [c.name, [c.words, ...c.synonyms].sort((x, y) => y.length - x.length)]));

/**
 * Captions of both states, their class's name at times replaced by another, the same in both.
 * @param {import('./pool.mjs').Pair} pair
 * @param {Draws} draws
 */
function captionPair({ className, normal, anomalous }, draws) {
  const picked = [normal, anomalous].map((d) => /** @type {string} */ (d.captions[draws.below(d.captions.length)]));
  if (draws.uniform() >= 0.2) return picked;
  const general = draws.uniform() < 0.3;
  const noun = general ? 'object' : /** @type {string} */ (names[draws.below(names.length)]);
  return picked.map((caption) => {
    const own = wordsOf.get(className)?.find((w) => caption.includes(w));
    return own === undefined ? caption : caption.replace(own, () => noun);
  });
}

const gpu = await openGpu();
gpu.roundProducts = true;
const config = { ...SIZES, vocab: kept.length };
const base = syntheticClip(config, seed);
const initial = initialWeights(base, config, kept, seed);
const load = { activation: /** @type {const} */ ('gelu'), trainable: true };
const vision = await loadVision(gpu, initial, config, SIZES.image, load);
const text = await loadText(gpu, initial, config, load);
const parameters = Parameters.around([...vision.named, ...text.named]);
const values = parameters.all.reduce((n, p) => n + p.weight.size, 0);
process.stderr.write(`${(values / 1e6).toFixed(2)} million weights\n`);

/** Classes whose masks are used: those the adapters will be trained on. The others' masks are never looked at. */
const localised = new Set(halves(CLASSES).adaptation);

/** Patches of the batch in each state: as many marked ones as there are, at most, and three times as many others. */
const MARKED = 96;

/**
 * Patches of the pictures whose masks are known; rows of a batch alternate between the two states of a class. Marked is a
 * patch with a quarter of its area marked, unmarked one with nothing; those in between are left out.
 * @param {readonly { marked: Float32Array | undefined }[]} chosen
 * @param {Draws} draws
 */
function regionsOf(chosen, draws) {
  const { image, patch } = SIZES;
  const grid = image / patch;
  /** @type {{ key: number, place: number, own: number, other: number }[][]} */
  const [well = [], ill = []] = [[], []];
  chosen.forEach(({ marked }, i) => {
    if (!marked) return;
    const share = new Float32Array(grid * grid);
    marked.forEach((v, p) => {
      const at = Math.floor(Math.floor(p / image) / patch) * grid + Math.floor((p % image) / patch);
      share[at] = (share[at] ?? 0) + v / (patch * patch);
    });
    share.forEach((part, p) => {
      const [key, place] = [draws.uniform(), i * grid * grid + p];
      if (part === 0) well.push({ key, place, own: i & ~1, other: i | 1 });
      else if (part >= 0.25) ill.push({ key, place, own: i | 1, other: i & ~1 });
    });
  });
  if (ill.length === 0) return undefined;
  const some = (/** @type {typeof well} */ list, /** @type {number} */ n) =>
    list.sort((a, b) => a.key - b.key).slice(0, n);
  const few = some(ill, MARKED);
  const rows = [...few, ...some(well, 3 * few.length)];
  return {
    patches: Uint32Array.from(rows, (r) => r.place),
    own: Uint32Array.from(rows, (r) => r.own),
    other: Uint32Array.from(rows, (r) => r.other),
  };
}

let step = 0;
let mean = 0;
/** Writes the weights as they are now. */
async function save() {
  /** @type {import('../../dist/io/safetensors_writer.js').TensorToWrite[]} */
  const tensors = [];
  for (const w of [...vision.named, ...text.named]) {
    const raw = await read(w.tensor);
    const [rows, columns] = w.shape;
    const data = w.transposed ? transpose(raw, columns, rows) : raw;
    const half = packF16(data);
    tensors.push(toWrite(w.name, { dtype: 'F16', shape: w.shape, bytes: new Uint8Array(half.buffer) }));
  }
  tensors.push(
    toWrite('token_ids', { dtype: 'I32', shape: [kept.length], bytes: new Uint8Array(Int32Array.from(kept).buffer) }),
  );
  tensors.push(toWrite('logit_scale', rawF32([], Float32Array.of(Math.log(20)))));
  await writeAtomically(
    flags.out,
    writeSafetensors(tensors, {
      made_by: 'tools/tiny/pretrain.mjs',
      seed: String(seed),
      pairs: flags.pairs,
      steps: String(step),
      batch: String(batch),
      loss: mean.toFixed(4),
      minutes: minutes().toFixed(1),
    }),
  );
}

const classes = [...pool.keys()];
/** @type {Map<number, ReturnType<typeof resizeTable>>} */
const tables = new Map();
/** @param {number} side */
const tableOf = (side) => {
  const table = tables.get(side) ?? resizeTable(side, SIZES.image);
  tables.set(side, table);
  return table;
};
/** @type {Promise<Float32Array> | undefined} */
let pending;
const loop = performance.now();
for (; step < steps && minutes() < Number(flags.minutes); step++) {
  const draws = new Draws({ seed, stream: 'pretrain', epoch: step });
  // Both states of a class stand in one batch, each class once: no caption fits two pictures, and the state has to be read.
  const order = classes.map((name) => ({ name, key: draws.uniform() })).sort((x, y) => x.key - y.key);
  const chosen = order.slice(0, batch / 2).flatMap(({ name }) => {
    const list = /** @type {import('./pool.mjs').Pair[]} */ (pool.get(name));
    const pair = /** @type {import('./pool.mjs').Pair} */ (list[draws.below(list.length)]);
    const captions = captionPair(pair, draws);
    const gain = 0.75 + 0.5 * draws.uniform();
    const offset = 40 * (draws.uniform() - 0.5);
    return [pair.normal, pair.anomalous].map(({ rgb, mask }, i) => {
      const turn = draws.below(8);
      const window = { size: DRAWN, turn, gain, offset, ...place(mask, DRAWN, LEAST, () => draws.uniform()) };
      const caption = /** @type {string} */ (captions[i]);
      const marked = localised.has(name) ? cropMask(mask, window, SIZES.image) : undefined;
      return { pixels: crop(rgb, window), side: window.side, caption, marked };
    });
  });
  const ids = tokenizer.encode(chosen.map((c) => c.caption));
  const { loss, grads } = tidy(() => {
    const images = stack(
      chosen.map((c) => preparePicture(gpu, c.pixels, c.side, c.side, tableOf(c.side), tableOf(c.side))),
    );
    const regions = regionsOf(chosen, draws);
    const tape = new Tape();
    tape.watch(parameters.weights);
    const value = tape.record(() => contrastiveLoss(images, ids, vision, text, 20, regions));
    return { loss: value, grads: tape.backward(value, parameters.weights, full(gpu, [1], 1)) };
  });
  const warm = Math.min(1, (step + 1) / 50);
  const rate = Number(flags.rate) * warm * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
  parameters.update(grads, { rate, beta1: 0.9, beta2: 0.98, eps: 1e-6 });
  for (const g of grads) g?.release();
  if (pending) {
    const value = (await pending)[0];
    mean = step === 1 ? value : 0.95 * mean + 0.05 * value;
    if (!Number.isFinite(value)) throw new Error(`the loss is ${value} at step ${step}: lower --rate`);
  }
  pending = read(loss);
  loss.release();
  if (step > 0 && step % Number(flags.save_every) === 0) await save();
  if (step % 25 === 0) {
    const each = (performance.now() - loop) / 1000 / (step + 1);
    process.stderr.write(`step ${step}: loss ${mean.toFixed(4)}, ${each.toFixed(2)} s a step\n`);
  }
}
await pending;
await save();
process.stderr.write(`${flags.out}: ${step} steps, loss ${mean.toFixed(4)}, ${minutes().toFixed(1)} min\n`);
process.exit(0);
