/** The loss of pre-training against its definition, and its gradient against differences. */
import { expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { inferConfig } from '../../src/model/config.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { encodeText, loadText } from '../../src/model/text.js';
import { encodeImage, loadVision, patchTokens, visionTokens } from '../../src/model/vision.js';
import { transpose } from '../../src/model/weights.js';
import { add } from '../../src/ops/add.js';
import { full } from '../../src/ops/fill.js';
import { l2Normalize } from '../../src/ops/l2_normalize.js';
import { linear } from '../../src/ops/linear.js';
import { read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { contrastiveLoss, type Peak, type Regions, stateLoss } from '../../src/train/contrastive.js';
import { device } from '../devices.js';

const [BATCH, SIZE, SCALE] = [4, TINY.image, 20];
/** Sixteen patches a picture: some of pictures 0, 1 and 3. */
const REGIONS: Regions = {
  patches: Uint32Array.of(2, 17, 18, 30, 50, 63),
  own: Uint32Array.of(0, 0, 1, 1, 2, 3),
  other: Uint32Array.of(1, 1, 0, 0, 3, 2),
};

async function setUp(changed: ReadonlyMap<string, Float32Array> = new Map()) {
  const gpu = await device();
  const made = syntheticClip(TINY, 4);
  const clip = { ...made, readF32: async (name: string) => changed.get(name) ?? made.readF32(name) };
  const config = inferConfig(clip);
  const load = { activation: 'gelu', trainable: true } as const;
  const vision = await loadVision(gpu, clip, config, SIZE, load);
  const text = await loadText(gpu, clip, config, load);
  const images = upload(
    gpu,
    Float32Array.from({ length: BATCH * 3 * SIZE * SIZE }, (_, i) => Math.sin(i * 0.37) + Math.cos(i * 0.011)),
    [BATCH, 3, SIZE, SIZE],
  );
  const ids = new Uint32Array(BATCH * 77);
  for (let i = 0; i < BATCH; i++) ids.set([49406, 320 + 7 * i, 500 + i, 49407], 77 * i);
  const regions = REGIONS;
  const done = (): void => {
    images.release();
    vision[Symbol.dispose]();
    text[Symbol.dispose]();
  };
  return { gpu, vision, text, images, ids, regions, done };
}

const value = async (make: () => Tensor): Promise<Float32Array> => {
  const t = tidy(make);
  const data = await read(t);
  t.release();
  return data;
};

const dot = (a: Float32Array, i: number, b: Float32Array, j: number, e: number): number => {
  let sum = 0;
  for (let k = 0; k < e; k++) sum += a[i * e + k]! * b[j * e + k]!;
  return sum;
};

/** Mean over rows of log(sum(exp(row))) - row[own]. */
function crossEntropy(logits: number[][]): number {
  const rows = logits.map((row, i) => Math.log(row.reduce((s, v) => s + Math.exp(v), 0)) - row[i]!);
  return rows.reduce((a, b) => a + b, 0) / rows.length;
}

it('the loss is both cross entropies of the cosines, and of each patch against its two captions', async () => {
  const { vision, text, images, ids, regions, done } = await setUp();
  const e = TINY.embed;
  const pictures = await value(() => l2Normalize(encodeImage(images, vision)));
  const captions = await value(() => l2Normalize(encodeText(ids, text)));
  const levels: Float32Array[] = [];
  for (let i = 0; i < TINY.levels.length; i++) {
    levels.push(
      await value(() => l2Normalize(linear(patchTokens(visionTokens(images, vision).levels[i]!, vision), vision.proj))),
    );
  }
  const cosines = Array.from({ length: BATCH }, (_, i) =>
    Array.from({ length: BATCH }, (_, j) => SCALE * dot(pictures, i, captions, j, e)),
  );
  const turned = cosines.map((_, i) => cosines.map((row) => row[i]!));
  const whole = (crossEntropy(cosines) + crossEntropy(turned)) / 2;
  const [got] = await value(() =>
    contrastiveLoss(images, { captions: l2Normalize(encodeText(ids, text)), vision, scale: SCALE }),
  );
  expect(Math.abs(got! - whole)).toBeLessThan(1e-5 * whole);

  const choices = levels.flatMap((patches) =>
    Array.from(REGIONS.patches, (patch, i) =>
      [REGIONS.own[i]!, REGIONS.other[i]!].map((caption) => SCALE * dot(patches, patch, captions, caption, e)),
    ),
  );
  const regional = choices.reduce((sum, [own, other]) => sum + Math.log1p(Math.exp(other! - own!)), 0) / choices.length;
  const [both] = await value(() =>
    contrastiveLoss(images, { captions: l2Normalize(encodeText(ids, text)), vision, scale: SCALE }, regions),
  );
  expect(regional).toBeGreaterThan(0.1);
  expect(Math.abs(both! - whole - regional)).toBeLessThan(1e-4 * both!);
  const [heavy] = await value(() =>
    contrastiveLoss(
      images,
      { captions: l2Normalize(encodeText(ids, text)), vision, scale: SCALE },
      { ...regions, weight: 3 },
    ),
  );
  expect(Math.abs(heavy! - whole - 3 * regional)).toBeLessThan(1e-4 * heavy!);
  done();
});

it('the loss of states alone compares each picture and each patch with the two captions of its pair', async () => {
  const { vision, text, images, ids, regions, done } = await setUp();
  const e = TINY.embed;
  const pictures = await value(() => l2Normalize(encodeImage(images, vision)));
  const captions = await value(() => l2Normalize(encodeText(ids, text)));
  /** Cross entropy of a unit vector's choice of `own` over `other`. */
  const choice = (units: Float32Array, i: number, own: number, other: number): number => {
    const [a, b] = [own, other].map((caption) => SCALE * dot(units, i, captions, caption, e));
    return Math.log1p(Math.exp(b! - a!));
  };
  const mean = (values: number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const whole = mean([0, 1, 2, 3].map((i) => choice(pictures, i, i, i ^ 1)));
  const regional: number[] = [];
  for (const level of TINY.levels.keys()) {
    const units = await value(() =>
      l2Normalize(linear(patchTokens(visionTokens(images, vision).levels[level]!, vision), vision.proj)),
    );
    regional.push(
      ...Array.from(regions.patches, (patch, i) => choice(units, patch, regions.own[i]!, regions.other[i]!)),
    );
  }
  const [got] = await value(() =>
    stateLoss(
      images,
      { captions: l2Normalize(encodeText(ids, text)), vision, scale: SCALE },
      { ...regions, weight: 3 },
    ),
  );
  expect(whole).toBeGreaterThan(0.1);
  expect(Math.abs(got! - whole - 3 * mean(regional))).toBeLessThan(1e-4 * got!);
  done();
});

it('the loss of peaks lets a marked place, or any, stand out from the rest, and no patch of a good picture', async () => {
  const { vision, text, images, ids, regions, done } = await setUp();
  const e = TINY.embed;
  const captions = await value(() => l2Normalize(encodeText(ids, text)));
  const states = (peaks?: Peak[]): Promise<Float32Array> =>
    value(() =>
      stateLoss(images, { captions: l2Normalize(encodeText(ids, text)), vision, scale: SCALE }, regions, peaks),
    );
  const units = await value(() =>
    l2Normalize(linear(patchTokens(visionTokens(images, vision).last, vision), vision.proj)),
  );
  const patches = units.length / e / BATCH;
  const sets: Peak[][] = [
    ['none', [5], undefined, [9]],
    [undefined, [0, 3, 6], 'none', 'any'],
  ];
  const chosen = (picture: number, peak: Exclude<Peak, undefined>): number => {
    const [good, faulty] = [picture & ~1, picture | 1];
    const heights = Array.from({ length: patches }, (_, p) => {
      const row = picture * patches + p;
      return SCALE * (dot(units, row, captions, faulty, e) - dot(units, row, captions, good, e));
    });
    const sum = (list: readonly number[]): number => list.reduce((total, h) => total + Math.exp(h), 0);
    const open = peak === 'none' ? 1 : sum(peak === 'any' ? heights : peak.map((p) => heights[p]!));
    return Math.log(1 + sum(heights)) - Math.log(open);
  };
  const [without] = await states();
  for (const peaks of sets) {
    const each = peaks.flatMap((peak, picture) => (peak === undefined ? [] : [chosen(picture, peak)]));
    const expected = 0.5 * (each.reduce((a, b) => a + b, 0) / each.length);
    const [got] = await states(peaks);
    expect(expected).toBeGreaterThan(0.05);
    expect(Math.abs(got! - without! - expected)).toBeLessThan(1e-4 * got!);
  }
  done();
});

it('the loss has the gradient that differences give, in every kind of weight', async () => {
  const { gpu, vision, text, images, ids, regions, done } = await setUp();
  const weights = [...vision.named, ...text.named];
  const tensors = weights.map((w) => w.tensor);
  const grads = tidy(() => {
    const tape = new Tape(add);
    tape.watch(tensors);
    const loss = tape.record(() =>
      contrastiveLoss(images, { captions: l2Normalize(encodeText(ids, text)), vision, scale: 2 }, regions),
    );
    return tape.backward(loss, tensors, full(gpu, [1], 1));
  });
  const chosen = [
    'visual.conv1.weight',
    'visual.proj',
    'visual.transformer.resblocks.1.mlp.c_fc.weight',
    'transformer.resblocks.0.attn.in_proj_weight',
    'text_projection',
    'ln_final.weight',
  ];
  for (const name of chosen) {
    const at = weights.findIndex((w) => w.name === name);
    const { tensor, shape, transposed } = weights[at]!;
    const [was, g] = [await read(tensor), await read(grads[at]!)];
    const norm = Math.hypot(...g);
    expect(norm, name).toBeGreaterThan(1e-4);
    // Along the gradient itself the slope is its norm.
    const step = 0.003 / norm;
    const shifted = async (sign: number): Promise<number> => {
      const moved = was.map((v, i) => v + (sign * step * g[i]!) / norm);
      const [rows, columns] = shape as [number, number];
      const own = await setUp(new Map([[name, transposed ? transpose(moved, columns, rows) : moved]]));
      const [loss] = await value(() =>
        contrastiveLoss(
          own.images,
          { captions: l2Normalize(encodeText(own.ids, own.text)), vision: own.vision, scale: 2 },
          own.regions,
        ),
      );
      own.done();
      return loss!;
    };
    const slope = ((await shifted(1)) - (await shifted(-1))) / (2 * step);
    expect(Math.abs(slope - norm) / norm, name).toBeLessThan(0.03);
  }
  for (const g of grads) g?.release();
  done();
});
