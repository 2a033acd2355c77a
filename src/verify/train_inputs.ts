/** Weights, prompts and batches of a `train.*` case: made up from its seeds, or taken from the embedded model. */
import type { Gpu } from '../gpu/gpu.js';
import { type ClipTensors, canonicalClip } from '../io/clip_names.js';
import { openSafetensors } from '../io/safetensors.js';
import { bytesSource } from '../io/source.js';
import { synth } from '../io/synth.js';
import type { TensorFile } from '../io/tensor_file.js';
import type { ClipConfig } from '../model/config.js';
import { syntheticClip } from '../model/synthetic.js';
import { STILL } from '../picture/augment_geometry.js';
import { upload } from '../tensor/tensor.js';
import { type PreparedBatch, prepareBatch, type TrainSample } from '../train/batch.js';
import type { ClassBatch } from '../train/stage_one.js';
import { type CaseContext, metadata, metadataNumber } from './case.js';

export interface TrainBatch extends PreparedBatch {
  readonly labels: Uint32Array;
  /** Class of each picture. */
  readonly owner: Uint32Array;
}

export interface TrainInputs {
  readonly clip: ClipTensors;
  /** Prompts of every class of the case. */
  readonly prompts: Omit<ClassBatch, 'owner'>;
  /** The pictures of a step; steps count from 0. */
  batch(step: number): TrainBatch;
}

interface Prompts {
  /** Token ids of each prompt, context long. */
  readonly normal: readonly (readonly number[])[];
  readonly abnormal: readonly (readonly number[])[];
}

/** The inputs of a case; `clip` in its metadata names a file of the package with the weights. */
export async function trainInputs(context: CaseContext, config: ClipConfig): Promise<TrainInputs> {
  return context.file.metadata.has('clip') ? embeddedInputs(context) : syntheticInputs(context, config);
}

/** @throws when a prompt is not `context` ids long, since prompts are stored without gaps */
function promptsOf(file: TensorFile, classes: readonly Prompts[], context: number): TrainInputs['prompts'] {
  const rows = classes.flatMap((c) => [...c.normal, ...c.abnormal]);
  const odd = rows.find((r) => r.length !== context);
  if (odd) throw new Error(`${file.name}: a prompt: expected ${context} token ids, got ${odd.length}`);
  return {
    ids: Uint32Array.from(rows.flat()),
    counts: classes.map((c) => [c.normal.length, c.abnormal.length] as const),
  };
}

/** Everything by `synth`, one class, as the case's metadata defines it. */
function syntheticInputs({ gpu, file }: CaseContext, config: ClipConfig): TrainInputs {
  const list = (key: string) => JSON.parse(metadata(file, key)) as number[][];
  const one: Prompts = { normal: list('normal_tokens'), abnormal: list('abnormal_tokens') };
  return {
    clip: syntheticClip(config, metadataNumber(file, 'clip_seed')),
    prompts: promptsOf(file, [one], config.context),
    batch: (step) => syntheticBatch(gpu, file, step),
  };
}

function syntheticBatch(gpu: Gpu, file: TensorFile, step: number): TrainBatch {
  const seed = metadataNumber(file, 'seed') * 1000;
  const size = metadataNumber(file, 'image_size');
  const batch = metadataNumber(file, 'batch');
  const labels = Uint32Array.from({ length: batch }, (_, i) => (i + step) % 2);
  const pixels = size * size;
  const mask = synth(seed, `mask.${step}`, [batch, 1, size, size], 1).map((v, i) =>
    v > Math.fround(1.2) && labels[Math.floor(i / pixels)] === 1 ? 1 : 0,
  );
  return {
    images: upload(gpu, synth(seed, `image.${step}`, [batch, 3, size, size], 1), [batch, 3, size, size]),
    masks: upload(gpu, mask, [batch, 1, size, size]),
    labels,
    owner: new Uint32Array(batch),
  };
}

/**
 * The packaged weights, and pictures that the case carries: `pictures` [N, S, S, 3] and `masks` [N, S, S] in bytes,
 * `labels` [N], `owners` [N] (places in the metadata's `classes`), `batches` [steps, B] (places among the pictures).
 */
async function embeddedInputs(context: CaseContext): Promise<TrainInputs> {
  const { gpu, file } = context;
  const clip = await packagedClip(context);
  const classes = JSON.parse(metadata(file, 'classes')) as (Prompts & { name: string })[];
  const size = metadataNumber(file, 'image_size');
  const batch = metadataNumber(file, 'batch');
  const labels = await file.readF32('labels');
  const owners = await file.readF32('owners');
  const order = await file.readF32('batches');
  const pictures = await readBytes(file, 'pictures', [labels.length, size, size, 3]);
  const masks = await readBytes(file, 'masks', [labels.length, size, size]);
  const area = size * size;
  const sampleOf = (i: number): TrainSample => {
    const data = pictures.subarray(3 * area * i, 3 * area * (i + 1));
    return {
      picture: { name: `${file.name}: picture ${i}`, width: size, height: size, channels: 3, data },
      mask: masks.subarray(area * i, area * (i + 1)),
      label: labels[i] === 1 ? 1 : 0,
      className: classes[owners[i]!]!.name,
    };
  };
  return {
    clip,
    prompts: promptsOf(file, classes, clip.shape('positional_embedding')[0]!),
    batch: (step) => {
      const chosen = [...order.subarray(batch * step, batch * (step + 1))];
      const samples = chosen.map(sampleOf);
      const still = chosen.map(() => ({ geometry: STILL }));
      return {
        ...prepareBatch(gpu, samples, size, still),
        labels: Uint32Array.from(samples, (s) => s.label),
        owner: Uint32Array.from(chosen, (i) => owners[i]!),
      };
    },
  };
}

/** A tensor's bytes. @throws when its kind or shape differs */
async function readBytes(file: TensorFile, name: string, shape: readonly number[]): Promise<Uint8Array> {
  const raw = await file.read(name);
  if (raw.dtype !== 'U8' || raw.shape.join() !== shape.join()) {
    throw new Error(
      `${file.name}: ${name}: expected U8 [${shape.join(', ')}], got ${raw.dtype} [${raw.shape.join(', ')}]`,
    );
  }
  return raw.bytes;
}

/** The weights that the case names. @throws when they are missing, or not the bytes the case was computed with */
async function packagedClip({ file, packaged }: CaseContext): Promise<ClipTensors> {
  const path = metadata(file, 'clip');
  const expected = metadata(file, 'clip_sha256');
  if (!packaged) throw new Error(`${file.name}: needs ${path}, and this host gives no packaged files`);
  const bytes = await packaged(path);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const got = Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
  if (got !== expected) {
    throw new Error(
      `${path}: not the weights these values were computed with: expected SHA-256 ${expected}, got ${got}; restore the file or compute ${file.name} again (tools/goldens)`,
    );
  }
  return canonicalClip(await openSafetensors(bytesSource(path, bytes)));
}
