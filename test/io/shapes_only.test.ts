import { expect, it } from 'vitest';
import type { ClipTensors } from '../../src/io/clip_names.js';
import { clipShapes, shapesOnly } from '../../src/io/shapes_only.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';

it('has the shapes and types of a file, and zeros for values that are never read', async () => {
  const unread = (): Promise<Float32Array> => expect.unreachable('values were read');
  const file: ClipTensors = { ...syntheticClip(TINY, 1), readF32: unread };
  const shapes = shapesOnly(file);
  expect(shapes.names).toEqual(file.names);
  for (const name of ['visual.proj', 'ln_final.bias', 'logit_scale']) {
    expect(shapes.shape(name)).toEqual(file.shape(name));
    expect(shapes.dtype(name)).toBe('F32');
    const values = await shapes.readF32(name);
    expect(values).toEqual(new Float32Array(file.shape(name).reduce((a, b) => a * b, 1)));
    expect((await shapes.read(name)).bytes.byteLength).toBe(4 * values.length);
  }
  expect(shapesOnly(file, { dtype: 'F16' }).dtype('visual.proj')).toBe('F16');
});

it('reads the list of tokens that a small CLIP keeps, and leaves its table out', async () => {
  const ids = Float32Array.of(3, 1);
  const shapes = clipShapes<ClipTensors>({ ...syntheticClip(TINY, 1), readF32: async () => ids }, undefined);
  expect(await shapes.readF32('token_ids')).toBe(ids);
  expect(await shapes.readF32('token_embedding.weight')).toHaveLength(0);
});
