/**
 * Pre-trains the embedded CLIP: contrastively, on pictures and captions that tools/pictures draws and words.
 *
 *   node tools/tiny/pretrain.mjs --out weights/tiny_clip.safetensors --pictures 8000 --minutes 25 --seed 1
 *
 * Deterministic for a given adapter, number of steps and seed; with --minutes the number of steps depends on the machine
 * and is written into the file.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Tape } from '../../dist/autograd/tape.js';
import { createTokenizer, openGpu, tidy, writeAtomically } from '../../dist/cli/index.js';
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
import { augmentGeometry } from '../../dist/ops/augment_geometry.js';
import { stack } from '../../dist/ops/concat.js';
import { full } from '../../dist/ops/fill.js';
import { preparePicture } from '../../dist/ops/resize_picture.js';
import { read } from '../../dist/tensor/tensor.js';
import { contrastiveLoss } from '../../dist/train/contrastive.js';
import { Parameters } from '../../dist/train/parameters.js';
import { loadPictures } from '../pictures/compile.mjs';

const MERGES = fileURLToPath(new URL('../../weights/clip_merges.txt', import.meta.url));

/** Sizes of the embedded model: 64-wide heads, patches of 16 pixels, a grid of 8 x 8 at 128 px. */
const SIZES = {
  ...VIT_L_14_336,
  embed: 128,
  patch: 16,
  image: 128,
  visionWidth: 128,
  visionLayers: 6,
  visionHeads: 2,
  textWidth: 128,
  textLayers: 4,
  textHeads: 2,
  levels: [],
};

const { values: flags } = parseArgs({
  options: {
    out: { type: 'string', default: 'weights/tiny_clip.safetensors' },
    pictures: { type: 'string', default: '8000' },
    minutes: { type: 'string', default: '25' },
    steps: { type: 'string', default: '1000000' },
    planned: { type: 'string', default: '1500' },
    batch: { type: 'string', default: '40' },
    rate: { type: 'string', default: '0.001' },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(flags.seed);
const batch = Number(flags.batch);
const { CLASSES, drawSample, captionsFor, Rng } = await loadPictures();
const tokenizer = createTokenizer(readFileSync(MERGES, 'utf8'));

// Every picture belongs to a group (class and state); a batch takes at most one of each, so no caption fits twice.
const started = performance.now();
/** @type {{ rgb: Uint8Array, group: string, captions: readonly string[] }[]} */
const samples = [];
const total = Number(flags.pictures);
for (let i = 0; i < total; i++) {
  const info = CLASSES[i % CLASSES.length];
  const defective = Math.floor(i / CLASSES.length) % 2 === 1;
  const sample = drawSample({
    className: info.name,
    seed: seed * 1_000_003 + i,
    size: SIZES.image,
    defect: defective ? 'any' : 'none',
  });
  const rng = new Rng(seed * 7919 + i);
  const captions = Array.from({ length: 4 }, () => captionsFor(sample, rng)).flat();
  samples.push({ rgb: sample.rgb, group: `${info.name} ${defective}`, captions });
  if (i % 500 === 0)
    process.stderr.write(`drawn ${i} of ${total}, ${((performance.now() - started) / 1000).toFixed(0)} s\n`);
}

// The token table keeps the rows its words need: those of every caption, name and prompt.
const texts = new Set(samples.flatMap((s) => s.captions));
for (const { words, synonyms } of CLASSES) {
  for (const name of [words, ...synonyms, 'object']) {
    const { normal, abnormal } = promptsFor(name);
    for (const text of [...normal, ...abnormal]) texts.add(text);
  }
}
const kept = [...new Set([...texts].flatMap((t) => tokenizer.tokenize(t)))].sort((a, b) => a - b);
process.stderr.write(`${texts.size} texts, ${kept.length} tokens\n`);

const gpu = await openGpu();
const config = { ...SIZES, vocab: kept.length };
const base = syntheticClip(config, seed);
/** Small random weights in place of the comparison's large ones; norms start as the identity. */
const initial = {
  ...base,
  readF32: async (/** @type {string} */ name) => {
    if (name === 'token_ids') return Float32Array.from(kept);
    const data = await base.readF32(name);
    if (/ln_\w+\.weight$/.test(name)) return data.fill(1);
    if (/bias$/.test(name)) return data.fill(0);
    if (/embedding/.test(name)) return data.map((v) => v * 0.1);
    return data;
  },
  has: (/** @type {string} */ name) => name === 'token_ids' || base.has(name),
};
const load = { activation: /** @type {const} */ ('gelu'), trainable: true };
const vision = await loadVision(gpu, initial, config, SIZES.image, load);
const text = await loadText(gpu, initial, config, load);
const parameters = Parameters.around([...vision.named, ...text.named]);
const values = parameters.all.reduce((n, p) => n + p.weight.size, 0);
process.stderr.write(`${(values / 1e6).toFixed(2)} million weights\n`);

const groups = [...new Set(samples.map((s) => s.group))];
const members = new Map(groups.map((g) => [g, samples.filter((s) => s.group === g)]));
const table = resizeTable(SIZES.image, SIZES.image);
const planned = Number(flags.planned);
const deadline = performance.now() + Number(flags.minutes) * 60_000;
let step = 0;
let mean = 0;
/** @type {Promise<Float32Array> | undefined} */
let pending;
const loop = performance.now();
for (; step < Math.min(planned, Number(flags.steps)) && performance.now() < deadline; step++) {
  const draws = new Draws({ seed, stream: 'pretrain', epoch: step });
  const order = groups
    .map((g) => ({ g, key: draws.uniform() }))
    .sort((a, b) => a.key - b.key)
    .slice(0, batch);
  const chosen = order.map(({ g }) => {
    const list = members.get(g) ?? [];
    const s = list[draws.below(list.length)];
    return { s, caption: s.captions[draws.below(s.captions.length)] };
  });
  const ids = tokenizer.encode(chosen.map((c) => c.caption));
  const { loss, grads } = tidy(() => {
    const pictures = stack(chosen.map((c) => preparePicture(gpu, c.s.rgb, SIZES.image, SIZES.image, table, table)));
    const images = augmentGeometry(
      pictures,
      chosen.map(() => ({
        rotate: 0,
        translate: /** @type {const} */ ([0, 0]),
        horizontalFlip: draws.uniform() < 0.5,
        verticalFlip: false,
      })),
    );
    const tape = new Tape();
    tape.watch(parameters.weights);
    const value = tape.record(() => contrastiveLoss(images, ids, vision, text, 20));
    return { loss: value, grads: tape.backward(value, parameters.weights, full(gpu, [1], 1)) };
  });
  const warm = Math.min(1, (step + 1) / 50);
  const rate = Number(flags.rate) * warm * 0.5 * (1 + Math.cos((Math.PI * step) / planned));
  parameters.update(grads, { rate, beta1: 0.9, beta2: 0.98, eps: 1e-6 });
  for (const g of grads) g?.release();
  if (pending) {
    const value = (await pending)[0];
    mean = step === 1 ? value : 0.95 * mean + 0.05 * value;
    if (!Number.isFinite(value)) throw new Error(`the loss is ${value} at step ${step}: lower --rate`);
  }
  pending = read(loss);
  loss.release();
  if (step % 25 === 0) {
    const each = (performance.now() - loop) / 1000 / (step + 1);
    process.stderr.write(`step ${step}: loss ${mean.toFixed(4)}, ${each.toFixed(2)} s a step\n`);
  }
}
await pending;

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
    pictures: String(total),
    steps: String(step),
    batch: String(batch),
    loss: mean.toFixed(4),
    minutes: ((performance.now() - started) / 60_000).toFixed(1),
  }),
);
process.stderr.write(
  `${flags.out}: ${step} steps, loss ${mean.toFixed(4)}, ${((performance.now() - started) / 60_000).toFixed(1)} min\n`,
);
process.exit(0);
