import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALL_CASES } from '../../src/cases/all_cases.js';
import { SMALL_SIZES, VIT_L_14_AT_518 } from '../../src/cases/model_sizes.js';
import { bytesOf, disposeAttrs } from '../../src/cases/op_case.js';
import { tidy, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

const OPS = new URL('../../src/ops/', import.meta.url);
/** Kernels for pictures are not ops: gradients never pass through them. */
const PICTURES = ['augment_colour', 'augment_geometry', 'resize_picture'];

describe('the cases', () => {
  const files = readdirSync(OPS).filter((name) => name.endsWith('.ts'));

  it('cover every op, and name no op that does not exist', () => {
    const stems = files.map((name) => name.slice(0, -'.ts'.length));
    expect(stems.length).toBeGreaterThan(20);
    expect([...new Set(ALL_CASES.map((c) => c.name))].sort()).toEqual([...stems, ...PICTURES].sort());
  });

  it('include every file of the folder', () => {
    const stems = readdirSync(new URL('../../src/cases/', import.meta.url)).filter((n) => n.endsWith('_case.ts'));
    expect(ALL_CASES).toHaveLength(stems.length - 1); // op_case.ts is their type
    expect(new Set(ALL_CASES).size).toBe(ALL_CASES.length);
  });

  it('state the work of the gradient of every op that has a gradient', () => {
    const differentiable = files.filter((name) => /: Op</.test(readFileSync(new URL(name, OPS), 'utf8')));
    expect(differentiable.length).toBeGreaterThan(15);
    const backward = ALL_CASES.filter((c) => c.sizes(VIT_L_14_AT_518).some((size) => size.backward));
    const named = new Set(backward.map((c) => c.name));
    expect(differentiable.filter((name) => !named.has(name.slice(0, -'.ts'.length)))).toEqual([]);
  });

  it('give every size of an op a different name', () => {
    const names = ALL_CASES.flatMap((c) => c.sizes(VIT_L_14_AT_518).map((size) => `${c.name} ${size.name}`));
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('count at least the bytes of the inputs, and more work for larger sizes', () => {
    for (const c of ALL_CASES) {
      const small = c.sizes(SMALL_SIZES);
      c.sizes(VIT_L_14_AT_518).forEach((size, i) => {
        const what = `${c.name} ${size.name}`;
        if (c.name === 'reshape') return; // moves nothing
        const inputs = Object.values(size.inputs).map((input) => bytesOf(input.shape));
        // Gathering reads some rows of its table; all other ops read every input.
        if (c.name !== 'gather') expect(size.forward.bytes, what).toBeGreaterThan(inputs.reduce((a, b) => a + b, -1));
        expect(size.forward.bytes, what).toBeGreaterThan(small[i]!.forward.bytes);
        expect(size.forward.flops, what).toBeGreaterThanOrEqual(small[i]!.forward.flops);
        expect(size.backward === undefined, what).toBe(small[i]!.backward === undefined);
      });
    }
  });

  // Ops whose dispatches declare their work: two independent counts of one thing.
  it.each(['attention', 'linear', 'matmul', 'nearest_neighbour', 'similarity'])(
    'count the operations %s declares',
    async (name) => {
      const gpu = await device();
      for (const c of ALL_CASES.filter((one) => one.name === name)) {
        for (const size of c.sizes(SMALL_SIZES)) {
          const attrs = size.attrs?.(gpu);
          const rows = await gpu.profile.run(() =>
            tidy(() => {
              const inputs = Object.entries(size.inputs).map(([input, { shape }]) => {
                const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
                return [input, upload(gpu, data, shape)] as const;
              });
              c.run(Object.fromEntries(inputs), attrs, gpu);
            }),
          );
          disposeAttrs(attrs);
          const said = rows.reduce((sum, row) => sum + row.flops, 0);
          expect(said, `${name} ${size.name}`).toBe(size.forward.flops);
        }
      }
    },
  );
});
