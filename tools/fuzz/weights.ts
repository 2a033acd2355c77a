/** Small weights to damage, and how the program reads weights. */
import { canonicalAdapters } from '#src/io/adapter_names';
import { canonicalClip } from '#src/io/clip_names';
import { openTensorSource } from '#src/io/open_tensors';
import { toWrite, writeSafetensors } from '#src/io/safetensors_writer';
import { type ByteSource, bytesSource } from '#src/io/source';
import { rawF32 } from '#src/io/tensor_file';
import { inferConfig } from '#src/model/config';
import { openCheckpoint } from '#src/model/methods/all_methods';

/** Widths of the two towers of a CLIP with one block each. */
const [W, T] = [4, 2];

/** Shapes of a CLIP as small as it can be, and of adapters. */
export function smallShapes(): Map<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>([
    ['visual.class_embedding', [W]],
    ['visual.positional_embedding', [2, W]],
    ['visual.proj', [W, 3]],
    ['visual.conv1.weight', [W, 3, 1, 1]],
    ['token_embedding.weight', [5, T]],
    ['token_ids', [5]],
    ['positional_embedding', [3, T]],
    ['text_projection', [T, 3]],
    ['logit_scale', []],
    ['text_adapter.0.fc.0.weight', [T, T]],
    ['image_adapter.seg_proj.0.fc.weight', [3, W]],
    ['image_adapter.det_proj.fc.weight', [3, W]],
  ]);
  for (const [name, width] of [
    ['visual.ln_pre', W],
    ['visual.ln_post', W],
    ['ln_final', T],
  ] as const) {
    for (const end of ['weight', 'bias']) shapes.set(`${name}.${end}`, [width]);
  }
  for (const [tower, width] of [
    ['visual.transformer', W],
    ['transformer', T],
  ] as const) {
    const block = `${tower}.resblocks.0`;
    for (const n of ['ln_1', 'ln_2']) for (const end of ['weight', 'bias']) shapes.set(`${block}.${n}.${end}`, [width]);
    shapes.set(`${block}.attn.in_proj_weight`, [3 * width, width]).set(`${block}.attn.in_proj_bias`, [3 * width]);
    shapes.set(`${block}.attn.out_proj.weight`, [width, width]).set(`${block}.attn.out_proj.bias`, [width]);
    shapes.set(`${block}.mlp.c_fc.weight`, [2 * width, width]).set(`${block}.mlp.c_fc.bias`, [2 * width]);
    shapes.set(`${block}.mlp.c_proj.weight`, [width, 2 * width]).set(`${block}.mlp.c_proj.bias`, [width]);
  }
  return shapes;
}

/** Values of such a shape: 0, 1, 2... */
export function smallTensor(shape: readonly number[]): ReturnType<typeof rawF32> {
  return rawF32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
}

/** Small weights as safetensors. */
export async function smallSafetensors(): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const tensors = [...smallShapes()].map(([name, shape]) => toWrite(name, smallTensor(shape)));
  for await (const part of writeSafetensors(tensors, { flags: '{}' })) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

/** Tensors that are read of one file. */
const MOST = 50;

/** Opens weights as the program does, reads them, and looks for a CLIP and for adapters in them. */
export async function readWeights(source: ByteSource): Promise<void> {
  const file = await openTensorSource(source);
  const errors: unknown[] = [];
  const attempt = async (work: () => unknown): Promise<void> => {
    try {
      await work();
    } catch (error) {
      errors.push(error);
    }
  };
  for (const name of [...file.tensors.keys()].slice(0, MOST)) await attempt(() => file.readF32(name));
  await attempt(async () => {
    const { text, image } = openCheckpoint(file);
    for (const part of [text, image]) for (const name of (part?.names ?? []).slice(0, MOST)) await part?.readF32(name);
  });
  for (const view of [canonicalClip, canonicalAdapters]) {
    await attempt(async () => {
      const named = view(file);
      for (const name of named.names.slice(0, MOST)) await named.readF32(name);
    });
  }
  await attempt(() => inferConfig(canonicalClip(file)));
  // All of them are judged: the first that is not as it should be stands for the others.
  if (errors.length > 0) throw new AggregateError(errors);
}

/** A target's `run` for weights of this name. */
export const runWeights =
  (file: string) =>
  (input: Uint8Array): Promise<void> =>
    readWeights(bytesSource(file, input));
