/** What is read from adapters, with made-up ones: none of them need be here. */
import { describe, expect, it } from 'vitest';
import { specialise } from '../../src/gpu/shader.js';
import { traitsOf } from '../../src/gpu/traits.js';

function traits(info: Record<string, unknown>, features: string[] = ['subgroups', 'subgroup-size-control']) {
  const adapter = { info: { architecture: 'ampere', device: '', description: '', ...info } };
  const device = { features: new Set(features), limits: { maxComputeWorkgroupStorageSize: 49152 } };
  return traitsOf(adapter as unknown as GPUAdapter, device as unknown as GPUDevice);
}

describe('the width of subgroups', () => {
  it('is the only one there is', () => {
    expect(traits({ subgroupMinSize: 32, subgroupMaxSize: 32 })).toMatchObject({ subgroupSize: 32 });
    expect(traits({ subgroupMinSize: 32, subgroupMaxSize: 32 }).subgroupChoice).toBeUndefined();
  });

  it('is 32 where kernels may choose, or the nearest to it', () => {
    const width = (least: number, most: number) => traits({ subgroupMinSize: least, subgroupMaxSize: most });
    expect(width(32, 64)).toMatchObject({ subgroupSize: 32, subgroupChoice: [32, 64] });
    expect(width(8, 32)).toMatchObject({ subgroupSize: 32, subgroupChoice: [8, 32] });
    expect(width(8, 16)).toMatchObject({ subgroupSize: 16 });
    expect(width(64, 128)).toMatchObject({ subgroupSize: 64 });
  });

  it('is unknown where it varies and kernels may not choose, and without subgroups', () => {
    const varying = { subgroupMinSize: 32, subgroupMaxSize: 64 };
    expect(traits(varying, ['subgroups'])).toMatchObject({ subgroupSize: 0 });
    expect(traits(varying, ['subgroup-size-control'])).toMatchObject({ subgroupSize: 0 });
    expect(traits({}, ['subgroups'])).toMatchObject({ subgroupSize: 0 });
  });

  it('is asked for by kernels that have it as a knob, where they may choose', () => {
    const text = 'enable subgroups;\nconst SG: u32 = 32u;\n@compute @workgroup_size(64)\nfn main() {}\n';
    expect(specialise('k', text, { SG: 16 }, true)).toBe(
      'enable subgroup_size_control; enable subgroups;\nconst SG: u32 = 16u;\n@compute @subgroup_size(SG) @workgroup_size(64)\nfn main() {}\n',
    );
    expect(specialise('k', text, {})).toBe(text);
    const other = text.replace('const SG: u32 = 32u;\n', '');
    expect(specialise('k', other, {}, true)).toBe(other);
  });
});

it('memory and matrix units are those of the adapter, the units only where the device may use them', () => {
  const config = { M: 16, N: 8, K: 16, componentType: 'f16', resultComponentType: 'f32' };
  const own = traits({ subgroupMatrixConfigs: [config] }, ['chromium-experimental-subgroup-matrix', 'shader-f16']);
  expect(own).toMatchObject({ workgroupMemory: 49152, f16: true });
  expect(own.matrixShapes).toEqual([{ m: 16, n: 8, k: 16, componentType: 'f16', resultComponentType: 'f32' }]);
  expect(traits({ subgroupMatrixConfigs: [config] }).matrixShapes).toEqual([]);
});

it('loads gather together on software drivers of Mesa from 26 on', () => {
  const loadsGather = (description: string, lanes = 8) =>
    traits({ architecture: 'llvmpipe', description, subgroupMinSize: lanes, subgroupMaxSize: lanes }).loadsGather;
  expect(loadsGather('llvmpipe: Mesa 25.0.7-2 (LLVM 15.0.6)')).toBe(false);
  expect(loadsGather('llvmpipe: Mesa 26.1.6-1 (LLVM 19.1.7)')).toBe(true);
  expect(loadsGather('SwiftShader', 4)).toBe(false);
  // A GPU's driver of the same version has no use for it.
  expect(traits({ description: 'Mesa 26.1.6', subgroupMinSize: 32, subgroupMaxSize: 32 }).loadsGather).toBe(false);
});
