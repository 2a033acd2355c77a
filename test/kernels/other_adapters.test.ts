/**
 * Kernels for matrix units as other adapters would be given them: Dawn's null backend compiles them, for shapes of products
 * that no driver here has. It computes nothing, and allows 16 KiB of workgroup memory, so that memory is added up instead.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create } from 'webgpu';
import { Tape } from '../../src/autograd/tape.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { interfaceOf, specialise } from '../../src/gpu/shader.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { kernelLists } from '../../src/kernels/kernel_lists.js';
import { MemoryBank } from '../../src/kernels/memory_bank.js';
import { readShaders } from '../../src/node/device.js';
import { add } from '../../src/ops/add.js';
import { attention } from '../../src/ops/attention.js';
import { linear } from '../../src/ops/linear.js';
import { nearestNeighbour } from '../../src/ops/nearest_neighbour.js';
import { empty, type Tensor } from '../../src/tensor/tensor.js';
import { MATRIX_GPUS } from '../adapter_traits.js';
import { choicesOn } from '../devices.js';
import { workgroupBytes } from '../house/wgsl_memory.js';
import { rehearse } from '../rehearsal.js';

const FEATURES = ['subgroups', 'shader-f16', 'chromium-experimental-subgroup-matrix', 'subgroup-size-control'];
/** Workgroup memory of the smallest adapters with matrix units. */
const MEMORY = 32768;
const USES_UNITS = /^enable chromium_experimental_subgroup_matrix;/m;

/** A forward pass and the gradient of its input. */
function train(gpu: Gpu, shape: readonly number[], f: (x: Tensor) => Tensor): void {
  const x = empty(gpu, shape);
  using tape = new Tape(add);
  tape.watch([x]);
  const y = tape.record(() => f(x));
  tape.backward(y, [x], empty(gpu, y.shape));
}

/** Products and attention of ViT-L/14 at 518 px, one picture and eight. */
function model(gpu: Gpu): void {
  for (const [n, k] of [
    [3072, 1024],
    [1024, 4096],
  ] as const) {
    const weight = new Float32Array(n * k);
    for (const half of [true, false]) {
      using frozen = FrozenMatrix.pack(gpu, weight, n, k, half);
      for (const rows of [77, 1370, 8 * 1370]) {
        linear(empty(gpu, [rows, k]), frozen, { bias: empty(gpu, [n]), activation: 'gelu' });
        train(gpu, [rows, k], (x) => linear(x, frozen, { residual: empty(gpu, [rows, n]) }));
      }
    }
    train(gpu, [1370, k], (x) => linear(x, empty(gpu, [n, k])));
  }
  for (const half of [true, false]) {
    using memory = MemoryBank.of([empty(gpu, [2, 1369, 1024])], { half });
    for (const pictures of [1, 8]) nearestNeighbour(empty(gpu, [pictures, 1369, 1024]), memory);
  }
  for (const mode of ['full', 'causal'] as const) {
    attention(empty(gpu, [1, 1370, 3072]), { heads: 16, mode });
    train(gpu, [2, 1370, 3072], (x) => attention(x, { heads: 16, mode }));
  }
}

const texts = readShaders();

/** The kernels on matrix units that the model dispatches on an adapter, with every choice: their texts by label. */
function kernelsOn(traits: (typeof MATRIX_GPUS)[string]): Map<string, string> {
  const found = new Map<string, string>();
  for (const choice of choicesOn(traits).values()) {
    const { dispatches, labels } = rehearse(choice, model);
    dispatches.forEach(({ kernel, knobs = {} }, i) => {
      const text = texts.get(kernel)!;
      if (USES_UNITS.test(text) && !found.has(labels[i]!)) found.set(labels[i]!, specialise(kernel, text, knobs));
    });
  }
  return found;
}

/** The kernels on matrix units that are rows of a list. */
const listed = kernelLists.map(({ op }) => `${op}.matrix`).filter((stem) => texts.has(stem));

describe('kernels on matrix units', () => {
  // Referenced to the end: releasing the binding's objects earlier crashes.
  const held: unknown[] = [];
  let device: GPUDevice;
  beforeAll(async () => {
    const entry = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
    const adapter = (await entry.requestAdapter())!;
    device = await adapter.requestDevice({ requiredFeatures: FEATURES as GPUFeatureName[] });
    held.push(entry, adapter, device);
  });
  afterAll(() => void held.length);

  /** What the compiler says against a text. */
  async function faults(code: string): Promise<string[]> {
    device.pushErrorScope('validation');
    const info = await device.createShaderModule({ code }).getCompilationInfo();
    const error = await device.popErrorScope();
    const said = info.messages.filter(({ type }) => type === 'error').map((m) => `${m.lineNum}: ${m.message}`);
    return said.length > 0 || !error ? said : [error.message];
  }

  it('are refused where they are wrong', async () => {
    const text = (type: string) => `enable f16;
enable chromium_experimental_subgroup_matrix;
var<workgroup> tile: array<${type}, 64>;
@compute @workgroup_size(32) fn main() {
  let x = subgroupMatrixLoad<subgroup_matrix_left<f16, 8, 8>, row_major>(&tile, 0u, 8u);
  subgroupMatrixStore<row_major>(&tile, 0u, x, 8u);
}
`;
    expect(await faults(text('f16'))).toEqual([]);
    expect(await faults(text('bool'))).not.toEqual([]);
  });

  it.each(Object.entries(MATRIX_GPUS))('compile for products of %s, within its workgroup memory', async (_, traits) => {
    const kernels = kernelsOn(traits);
    const stems = new Set([...kernels.keys()].map((label) => label.replace(/\[.*/, '')));
    expect(listed.filter((stem) => !stems.has(stem))).toEqual([]);
    for (const [label, code] of kernels) {
      expect(await faults(code), label).toEqual([]);
      expect(workgroupBytes(code), label).toBeLessThanOrEqual(MEMORY);
      const [x, y, z] = interfaceOf(label, code).workgroup;
      expect(x * y * z, label).toBeLessThanOrEqual(256);
    }
  });
});
