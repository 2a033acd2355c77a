/**
 * Pre-trains the embedded CLIP: contrastively, on pictures and captions that tools/pictures draws and words.
 *
 *   node tools/tiny/pretrain.mjs --out weights/tiny/clip.safetensors --steps 2500 --seed 1
 *
 * Deterministic for a given adapter, number of steps and seed.
 */
import { readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Tape } from '../../dist/autograd/tape.js';
import { promptsFor } from '../../dist/data/class_prompts.js';
import { REGISTRY } from '../../dist/data/datasets.js';
import { Draws } from '../../dist/data/random.js';
import { packF16 } from '../../dist/io/dtype.js';
import { toWrite, writeSafetensors } from '../../dist/io/safetensors_writer.js';
import { rawF32 } from '../../dist/io/tensor_file.js';
import { syntheticClip, VIT_L_14_336 } from '../../dist/model/synthetic.js';
import { encodeText, loadText } from '../../dist/model/text.js';
import { loadVision } from '../../dist/model/vision.js';
import { transpose } from '../../dist/model/weights.js';
import { createTokenizer, openClip, openGpu, tidy, writeAtomically } from '../../dist/node/node.js';
import { add } from '../../dist/ops/add.js';
import { stack } from '../../dist/ops/concat.js';
import { full } from '../../dist/ops/fill.js';
import { l2Normalize } from '../../dist/ops/l2_normalize.js';
import { resizePositional } from '../../dist/ops/positional.js';
import { preparePicture } from '../../dist/picture/resize_picture.js';
import { resizeTable } from '../../dist/picture/resize_table.js';
import { read, upload } from '../../dist/tensor/tensor.js';
import { contrastiveLoss, stateLoss } from '../../dist/train/contrastive.js';
import { Parameters } from '../../dist/train/parameters.js';
import { loadPictures } from '../pictures/compile.mjs';
import { crop, cropMask, place } from './crops.mjs';
import { GENERAL, halves } from './halves.mjs';
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
  textLayers: 3,
  textHeads: 2,
  levels: [1, 2, 3, 4],
};

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'weights/tiny/clip.safetensors' },
    pairs: { type: 'string', default: '36' },
    steps: { type: 'string', default: '4000' },
    batch: { type: 'string', default: '16' },
    save_every: { type: 'string', default: '200' },
    rate: { type: 'string', default: '0.001' },
    seed: { type: 'string', default: '1' },
    until: { type: 'string' },
    from: { type: 'string' },
    regions: { type: 'string', default: '1' },
    least: { type: 'string', default: '128' },
    most: { type: 'string', default: '256' },
    minutes: { type: 'string', default: '600' },
    // How pictures are taken: any, or bench (see tools/pictures).
    setup: { type: 'string', default: 'any' },
    // The text tower stays as it is.
    locked: { type: 'boolean', default: false },
    // Captions may repeat, half of them are prompts, and a picture chooses between the two of its pair only.
    states: { type: 'boolean', default: false },
    // Beside that, a faulty picture has to stand out somewhere: "worst" in the patch that most of is marked, where there is a
    // mask; "any" in any of the marked patches, or in any at all where no mask is learnt from.
    peaks: { type: 'string' },
    // What cosines are multiplied with.
    scale: { type: 'string', default: '20' },
    // Blocks whose patches are compared with captions.
    levels: { type: 'string', default: '1,2,3,4' },
    // Side of the pictures that the model is shown; windows of --least to --most pixels are cut out for them.
    size: { type: 'string', default: '128' },
  },
});
const setup = /** @type {const} */ (['any', 'bench']).find((name) => name === flags.setup);
if (!setup) throw new Error(`--setup: unknown: expected any or bench, got "${flags.setup}"`);
if (flags.peaks !== undefined && !['worst', 'any'].includes(flags.peaks)) {
  throw new Error(`--peaks: unknown: expected worst or any, got "${flags.peaks}"`);
}
const seed = Number(flags.seed);
const batch = Number(flags.batch);
const steps = Number(flags.steps);
/** Side of the pictures that the model is shown, in pixels. */
const size = Number(flags.size);
/** What cosines are multiplied with. */
const scale = Number(flags.scale);
/** Pictures are drawn this large and cut out, so that the model sees them at several scales. */
const DRAWN = 256;
/** Smallest and largest side of the windows that are cut out. */
const [LEAST, MOST] = [Number(flags.least), Number(flags.most)];
const { CLASSES, vocabulary } = await loadPictures();
const tokenizer = createTokenizer(readFileSync(MERGES, 'utf8'));
const started = performance.now();
const minutes = () => (performance.now() - started) / 60_000;
/**
 * Classes whose masks are learnt from: those the adapters will be trained on. Of the others a mask only says where to cut a faulty
 * picture, so that its caption is true of what is left.
 */
const localised = new Set(halves(CLASSES).adaptation);
const pool = await drawPool({
  seed,
  size: DRAWN,
  pairs: Number(flags.pairs),
  // What could be anything differs most from picture to picture.
  classes: CLASSES.flatMap((c) => (GENERAL.includes(c.name) ? [c.name, c.name, c.name] : [c.name])),
  setup,
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
 * A prompt of each state, as tests use them; of the class, of any name, or of an object.
 * @param {string} className @param {Draws} draws
 */
function promptPair(className, draws) {
  const own = wordsOf.get(className) ?? [];
  const kind = draws.uniform();
  const name = kind < 0.5 ? own[draws.below(own.length)] : kind < 0.75 ? 'object' : names[draws.below(names.length)];
  const { normal, abnormal } = promptsFor(name ?? 'object');
  return [normal, abnormal].map((list) => /** @type {string} */ (list[draws.below(list.length)]));
}

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

/**
 * The same weights with a positional grid of another size.
 * @param {Awaited<ReturnType<typeof openClip>>} clip @param {number} grid
 */
async function enlarged(clip, grid) {
  const name = 'visual.positional_embedding';
  const shape = [1 + grid * grid, SIZES.visionWidth];
  const old = await clip.readF32(name);
  const table = upload(gpu, old, [old.length / SIZES.visionWidth, SIZES.visionWidth]);
  const resized = tidy(() => resizePositional(table, grid));
  const values = await read(resized);
  return {
    ...clip,
    shape: (/** @type {string} */ n) => (n === name ? shape : clip.shape(n)),
    readF32: async (/** @type {string} */ n) => (n === name ? values : clip.readF32(n)),
  };
}

const gpu = await openGpu();
const config = { ...SIZES, image: size, vocab: flags.from === undefined ? kept.length : 0 };
const initial =
  flags.from === undefined
    ? initialWeights(syntheticClip(config, seed), config, kept, seed)
    : await enlarged(await openClip(flags.from), size / SIZES.patch);
if (flags.from !== undefined) {
  const ids = await initial.readF32('token_ids');
  kept.splice(0, kept.length, ...ids);
  config.vocab = kept.length;
}
const load = { activation: /** @type {const} */ ('gelu'), trainable: true, roundProducts: true };
const vision = await loadVision(gpu, initial, { ...config, levels: flags.levels.split(',').map(Number) }, size, load);
const text = await loadText(gpu, initial, config, load);
const parameters = Parameters.around([...vision.named, ...(flags.locked ? [] : text.named)]);
const values = parameters.all.reduce((n, p) => n + p.weight.size, 0);
process.stderr.write(`${(values / 1e6).toFixed(2)} million weights\n`);

/** How often a marked patch counts: there are a dozen unmarked ones for each. */
const MARKED = 4;

/**
 * Patches of the pictures whose masks are known; rows of a batch alternate between the two states of a class. Marked is a
 * patch with a quarter of its area marked, or nearly as much as any of a picture with little marked; unmarked one with
 * nothing; those in between are left out.
 * @param {readonly { marked: Float32Array | undefined }[]} chosen
 */
function regionsOf(chosen) {
  const { patch } = SIZES;
  const grid = size / patch;
  /** @type {{ place: number, own: number, other: number }[][]} */
  const [well = [], ill = []] = [[], []];
  /** @type {import('../../dist/train/contrastive.js').Peak[]} */
  const peaks = chosen.map(() => (flags.peaks === 'any' ? 'any' : undefined));
  chosen.forEach(({ marked }, i) => {
    if (!marked) return;
    const share = new Float32Array(grid * grid);
    marked.forEach((v, p) => {
      const at = Math.floor(Math.floor(p / size) / patch) * grid + Math.floor((p % size) / patch);
      share[at] = (share[at] ?? 0) + v / (patch * patch);
    });
    const most = share.reduce((a, b) => Math.max(a, b), 0);
    const enough = Math.min(0.25, Math.max(0.04, 0.7 * most));
    const worst = share.indexOf(most);
    const places = flags.peaks === 'any' ? [...share.keys()].filter((p) => (share[p] ?? 0) >= enough) : [worst];
    // Of a mask with next to nothing in any patch the worst one stands for all.
    peaks[i] = most === 0 ? 'none' : places.length > 0 ? places : [worst];
    share.forEach((part, p) => {
      const place = i * grid * grid + p;
      if (part === 0) well.push({ place, own: i & ~1, other: i | 1 });
      else if (part >= enough) ill.push({ place, own: i | 1, other: i & ~1 });
    });
  });
  // The loss of states has regions always; pictures that are well give them.
  if (ill.length === 0 && !flags.states) return undefined;
  const rows = [...well, ...ill.flatMap((row) => Array.from({ length: MARKED }, () => row))];
  return {
    patches: Uint32Array.from(rows, (r) => r.place),
    own: Uint32Array.from(rows, (r) => r.own),
    other: Uint32Array.from(rows, (r) => r.other),
    weight: Number(flags.regions),
    peaks,
  };
}

let step = 0;
let mean = 0;
/** Writes the weights as they are now. @param {string} path */
async function save(path) {
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
  tensors.push(toWrite('logit_scale', rawF32([], Float32Array.of(Math.log(scale)))));
  await writeAtomically(
    path,
    writeSafetensors(tensors, {
      made_by: 'tools/tiny/pretrain.mjs',
      seed: String(seed),
      pairs: flags.pairs,
      from: flags.from ? basename(flags.from) : 'weights of tools/tiny/initial.mjs',
      regions: flags.regions,
      steps: String(step),
      batch: String(batch),
      loss: mean.toFixed(4),
      minutes: minutes().toFixed(1),
    }),
  );
}

const classes = [...pool.keys()];
const objects = new Set(CLASSES.filter((c) => c.kind === 'object').map((c) => c.name));
/**
 * The smaller, the more often a class stands in a batch. Where any peak counts, pictures without a mask teach where to look
 * too: then objects come first, which are harder than surfaces. Else what has no mask shows less where states are compared.
 * @param {string} name
 */
function often(name) {
  if (flags.peaks === 'any') return objects.has(name) ? 1 : 2;
  if (GENERAL.includes(name)) return flags.states ? 0.4 : 0.15;
  return flags.states && !localised.has(name) ? 3 : 1;
}
/** @type {Map<number, ReturnType<typeof resizeTable>>} */
const tables = new Map();
/** @param {number} side */
const tableOf = (side) => {
  const table = tables.get(side) ?? resizeTable(side, size);
  tables.set(side, table);
  return table;
};
/** @type {Promise<Float32Array> | undefined} */
let pending;
const loop = performance.now();
for (; step < Number(flags.until ?? steps) && minutes() < Number(flags.minutes); step++) {
  const draws = new Draws({ seed, stream: 'pretrain', epoch: step });
  // Both states of a class stand in one batch, each class once: no caption fits two pictures, and the state has to be read.
  // The general classes stand in most batches.
  const order = classes.map((name) => ({ name, key: draws.uniform() * often(name) })).sort((x, y) => x.key - y.key);
  const chosen = order.slice(0, batch / 2).flatMap(({ name }) => {
    const list = /** @type {import('./pool.mjs').Pair[]} */ (pool.get(name));
    const pair = /** @type {import('./pool.mjs').Pair} */ (list[draws.below(list.length)]);
    const captions = flags.states && draws.uniform() < 0.5 ? promptPair(name, draws) : captionPair(pair, draws);
    const gain = 0.75 + 0.5 * draws.uniform();
    const offset = 40 * (draws.uniform() - 0.5);
    return [pair.normal, pair.anomalous].map(({ rgb, mask }, i) => {
      const turn = draws.below(8);
      const window = { size: DRAWN, turn, gain, offset, ...place(mask, DRAWN, LEAST, () => draws.uniform(), MOST) };
      const caption = /** @type {string} */ (captions[i]);
      // A picture that is well is well in all its parts: nobody needs a mask to know that.
      const known = localised.has(name) || (flags.states && mask === undefined);
      const marked = known ? cropMask(mask, window, size) : undefined;
      return { pixels: crop(rgb, window), side: window.side, caption, marked };
    });
  });
  const ids = tokenizer.encode(chosen.map((c) => c.caption));
  const { loss, grads } = tidy(() => {
    const images = stack(
      chosen.map((c) => preparePicture(gpu, c.pixels, c.side, c.side, tableOf(c.side), tableOf(c.side))),
    );
    const regions = regionsOf(chosen);
    const tape = new Tape(add);
    tape.watch(parameters.weights);
    const value = tape.record(() => {
      const captions = l2Normalize(encodeText(ids, text));
      return flags.states && regions
        ? stateLoss(images, captions, vision, scale, regions, flags.peaks ? regions.peaks : undefined)
        : contrastiveLoss(images, captions, vision, scale, regions);
    });
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
  if (step > 0 && step % Number(flags.save_every) === 0) await save(`${flags.out}.partial`);
  if (step % 25 === 0) {
    const each = (performance.now() - loop) / 1000 / (step + 1);
    process.stderr.write(`step ${step}: loss ${mean.toFixed(4)}, ${each.toFixed(2)} s a step\n`);
  }
}
await pending;
// A file of the final name is a finished one: tools/tiny/make.mjs does not train it again.
await save(flags.out);
rmSync(`${flags.out}.partial`, { force: true });
process.stderr.write(`${flags.out}: ${step} steps, loss ${mean.toFixed(4)}, ${minutes().toFixed(1)} min\n`);
process.exit(0);
