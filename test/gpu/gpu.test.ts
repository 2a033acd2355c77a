import { afterAll, describe, expect, it } from 'vitest';
import { Gpu, GpuError } from '../../src/gpu/gpu.js';
import { bucketOf } from '../../src/gpu/pool.js';
import { interfaceOf, knobsOf, labelOf, specialise } from '../../src/gpu/shader.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { nodeHost, openGpu, readShaders } from '../../src/node/device.js';
import { add } from '../../src/ops/add.js';
import { linear } from '../../src/ops/linear.js';
import { empty, read, tidy, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

const TEXT = `// A kernel.
alias T = f32;
const WG: u32 = 64u;
const FAST: bool = false;
const OTHER = 3;

struct Params {
  size: u32,
  scale: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WG, 2)
fn main() {}
`;

describe('specialisation', () => {
  it('rewrites exactly the knob lines and leaves line numbers alone', () => {
    const out = specialise('k', TEXT, { T: 'f16', WG: 128, FAST: true });
    expect(out.split('\n')).toHaveLength(TEXT.split('\n').length);
    expect(out).toContain('alias T = f16;\nconst WG: u32 = 128u;\nconst FAST: bool = true;\nconst OTHER = 3;');
    expect(out.startsWith('enable f16; // A kernel.')).toBe(true);
    expect([...knobsOf(TEXT).keys()]).toEqual(['T', 'WG', 'FAST']);
    expect(labelOf('k', { WG: 128, FAST: true })).toBe('k[WG=128,FAST=true]');
  });

  it('refuses unknown names, listing the known ones, and numbers that are not whole', () => {
    expect(() => specialise('k', TEXT, { OTHER: 4 })).toThrow('k: no knob OTHER: expected one of T, WG, FAST');
    expect(() => specialise('k', TEXT, { WG: 1.5 })).toThrow('k: knob WG: expected a whole number, got 1.5');
  });

  it('reads parameters and bindings from the text', () => {
    const face = interfaceOf('k', TEXT);
    expect(face.params).toEqual([
      { name: 'size', type: 'u32' },
      { name: 'scale', type: 'f32' },
    ]);
    expect(face.slots.map((s) => s.kind)).toEqual(['uniform', 'read', 'read_write']);
    expect(face.workgroup).toEqual([64, 2, 1]);
    expect(interfaceOf('k', specialise('k', TEXT, { WG: 32 })).workgroup).toEqual([32, 2, 1]);
    expect(() => interfaceOf('k', TEXT.replace('(WG, 2)', '(SIZE)'))).toThrow('k: @workgroup_size');
    expect(() => interfaceOf('k', TEXT.replace('size: u32', 'size: vec2u'))).toThrow('Params.size');
  });
});

describe('the device', () => {
  let own: Gpu | undefined;
  afterAll(() => own?.[Symbol.dispose]());

  it('recycles buffers by size, wasting at most a fifth', async () => {
    for (const n of [1, 256, 257, 5000, 1 << 20, (1 << 20) + 4, 12_582_912]) {
      expect(bucketOf(n)).toBeGreaterThanOrEqual(n);
      if (n > 2048) expect(bucketOf(n) / n).toBeLessThanOrEqual(1.25);
    }
    const gpu = await device();
    const a = empty(gpu, [1000]);
    const { storage } = a;
    a.release();
    using b = empty(gpu, [1001]);
    expect(b.storage).toBe(storage);
  });

  it('names the kernel and the parameter or buffer that is missing', async () => {
    const gpu = await device();
    using x = empty(gpu, [4]);
    const base = { kernel: 'fill', buffers: { y: x }, threads: 4 } as const;
    expect(() => gpu.dispatch({ ...base, params: { size: 4 } })).toThrow('fill: parameter word is missing');
    expect(() => gpu.dispatch({ ...base, params: { size: 4, word: 0 }, buffers: {} })).toThrow(
      'fill: buffer y is missing',
    );
    expect(() => gpu.dispatch({ ...base, kernel: 'soup', params: {} })).toThrow('soup: no such kernel');
    expect(() => gpu.dispatch({ ...base, params: { size: 4, word: 0 }, threads: [64 * 70000, 1, 1] })).toThrow(
      'grid 70000x1x1 is over',
    );
  });

  it('says how to go on when an argument is over the binding limit', async () => {
    const gpu = await device();
    const floats = gpu.bindingLimit / 4 + 64;
    using x = empty(gpu, [floats]);
    expect(() => tidy(() => add(x, x))).toThrow(/takes \d+ bytes: this adapter binds at most \d+: use a smaller batch/);
    x.release();
    gpu.trim();
  });

  it('returns memory to the system', async () => {
    const gpu = await device();
    const before = gpu.pool.allocated;
    empty(gpu, [1 << 22]).release();
    expect(gpu.pool.allocated).toBeGreaterThanOrEqual(before);
    expect(gpu.trim()).toBeGreaterThanOrEqual(1 << 24);
    await gpu.idle();
    expect(gpu.pool.idle).toBe(0);
  });

  it('times kernels by label', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(4096).fill(1), [64, 64]);
    using w = FrozenMatrix.pack(gpu, new Float32Array(4096).fill(0.5), 64, 64, true);
    const rows = await gpu.profile.run(() => {
      for (let i = 0; i < 3; i++) tidy(() => void linear(x, w));
    });
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ calls: 3, flops: 3 * 2 * 64 ** 3 });
    expect(rows[0]!.ms).toBeGreaterThan(0);
  });

  it('times work that the stream submits by itself, up to the last dispatch', async () => {
    const gpu = await device();
    const rows = await gpu.profile.run(() => {
      using y = empty(gpu, [1 << 16]);
      const job = { kernel: 'fill', params: { size: y.size, word: 1 }, buffers: { y }, threads: y.size };
      for (let i = 0; i < 2; i++) gpu.dispatch({ ...job, flops: 2 * gpu.traits.workPerSubmit });
    });
    expect(rows[0]!.calls).toBe(2);
    expect(rows[0]!.ms).toBeGreaterThan(0);
  });

  it('begins with small submits where its host asks for a time', async () => {
    const submits = async (submitMs?: number): Promise<number> => {
      using gpu = await Gpu.open({ ...(await nodeHost()), submitMs });
      using y = empty(gpu, [64]);
      const job = { kernel: 'fill', params: { size: 64, word: 1 }, buffers: { y }, threads: 64, flops: 2e9 };
      for (let i = 0; i < 10; i++) gpu.dispatch(job);
      await read(y);
      return gpu.submits;
    };
    expect((await submits(100)) - (await submits())).toBe(3);
  });

  it('stays failed after its first error: every later flush and read throws it', async () => {
    own = await openGpu();
    using x = upload(own, Float32Array.of(1), [1]);
    expect([...(await read(x))]).toEqual([1]);
    own[Symbol.dispose]();
    await expect(read(x)).rejects.toThrow(GpuError);
    expect(() => own!.flush()).toThrow('closed');
  });

  it('compiles ahead the kernels that a body dispatches, and computes nothing meanwhile', async () => {
    const gpu = await openGpu();
    using x = upload(gpu, Float32Array.of(1, 2), [2]);
    const { dispatches } = gpu;
    await gpu.compileAhead(() => tidy(() => void add(add(x, x), x)));
    expect(gpu.dispatches).toBe(dispatches);
    expect(gpu.kernels.labels).toEqual(['add']);
    using y = add(x, x);
    expect([...(await read(y))]).toEqual([2, 4]);
    expect(() => gpu.compileAhead(() => void gpu.compileAhead(() => undefined))).toThrow('inside another one');
    gpu[Symbol.dispose]();
  });

  const BROKEN = TEXT.replace('alias T = f32;\n', '')
    .replaceAll('array<T>', 'array<f32>')
    .replace('fn main() {}', 'fn main() {\n  y[0] = p.scale * soup;\n}');
  const at = BROKEN.split('\n').findIndex((line) => line.includes('soup')) + 1;
  const fault = `broken[WG=32]:${at}:20: unresolved value 'soup'\n  y[0] = p.scale * soup;\n                   ^`;
  const job = { kernel: 'broken', knobs: { WG: 32 }, params: { size: 1, scale: 1 }, threads: 1 };

  it('shows label, line and place of an error in a shader, at first use', async () => {
    const gpu = await Gpu.open({ ...(await nodeHost()), shaders: new Map([['broken', BROKEN]]) });
    using x = upload(gpu, Float32Array.of(1), [1]);
    gpu.dispatch({ ...job, buffers: { x, y: empty(gpu, [1]) } });
    await expect(gpu.idle()).rejects.toThrow(fault);
    expect(() => gpu.flush()).toThrow(GpuError);
    gpu[Symbol.dispose]();
  });

  it('shows the same when compiling ahead', async () => {
    const gpu = await Gpu.open({ ...(await nodeHost()), shaders: new Map([['broken', BROKEN]]) });
    using x = upload(gpu, Float32Array.of(1), [1]);
    await expect(gpu.compileAhead(() => gpu.dispatch({ ...job, buffers: { x, y: x } }))).rejects.toThrow(fault);
    gpu[Symbol.dispose]();
  });

  it('compiles ahead what failed before, once that is mended', async () => {
    const shaders = new Map<string, string>();
    const gpu = await Gpu.open({ ...(await nodeHost()), shaders });
    using x = upload(gpu, Float32Array.of(1), [1]);
    const ahead = () => gpu.compileAhead(() => void add(x, x).release());
    await expect(ahead()).rejects.toThrow('add: no such kernel among the 0 that were loaded');
    shaders.set('add', readShaders().get('add')!);
    await ahead();
    expect(gpu.kernels.labels).toEqual(['add']);
    gpu[Symbol.dispose]();
  });

  it('reads twice at once, and again, with one staging buffer or two', async () => {
    const gpu = await device();
    using a = upload(gpu, Float32Array.of(1, 2, 3), [3]);
    using b = upload(gpu, new Float32Array(5000).fill(4), [5000]);
    for (let i = 0; i < 3; i++) {
      const [small, large] = await Promise.all([read(a), read(b)]);
      expect([...small]).toEqual([1, 2, 3]);
      expect(large).toEqual(new Float32Array(5000).fill(4));
      expect([...(await read(a))]).toEqual([1, 2, 3]);
    }
  });

  it('reports a missing adapter, and says how to get one', async () => {
    const entry = { requestAdapter: async () => null } as unknown as GPU;
    await expect(Gpu.open({ entry, shaders: new Map() })).rejects.toThrow(/no adapter found: install a Vulkan driver/);
  });
});
