/** Kernels at the sizes of ViT-L/14 at 518 px, against what the same adapter can do at best. */
import type { Gpu } from '../../gpu/gpu.js';
import { packF16, unpackF16 } from '../../io/dtype.js';
import { synth } from '../../io/synth.js';
import { copyCeiling, multiplyAddCeiling } from '../../kernels/ceiling.js';
import { FrozenMatrix } from '../../kernels/frozen_matrix.js';
import { attention } from '../../ops/attention.js';
import { layerNorm } from '../../ops/layer_norm.js';
import { linear } from '../../ops/linear.js';
import { empty, type Tensor, tidy, upload } from '../../tensor/tensor.js';

export interface BenchRow {
  readonly name: string;
  /** Median wall time of one call, awaited late. */
  readonly ms: number;
  readonly gflops: number;
  readonly gbytes: number;
  /** Of the multiply-add ceiling, per cent; of the copy ceiling where there are no multiply-adds to speak of. */
  readonly ofCeiling: number;
}

const TOKENS = 1370;
const WIDTH = 1024;

interface Case {
  readonly name: string;
  readonly flops: number;
  readonly bytes: number;
  readonly memoryBound?: boolean;
  run(): void;
}

/** Median milliseconds of `run`, each sample long enough to drown the wait for it. */
async function median(gpu: Gpu, run: () => void, samples: number): Promise<number> {
  const once = async (calls: number): Promise<number> => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) run();
    await gpu.idle();
    return (performance.now() - start) / calls;
  };
  await once(1);
  const calls = Math.max(1, Math.min(200, Math.round(150 / (await once(1)))));
  const times: number[] = [];
  for (let i = 0; i < samples; i++) times.push(await once(calls));
  return times.sort((a, b) => a - b)[Math.floor(samples / 2)]!;
}

function cases(gpu: Gpu): { list: Case[]; dispose: () => void } {
  const made: Disposable[] = [];
  const keep = <T extends Disposable>(d: T): T => {
    made.push(d);
    return d;
  };
  const random = (name: string, shape: readonly number[]): Tensor => keep(upload(gpu, synth(1, name, shape, 1), shape));
  const matmul = (n: number, k: number, half: boolean): Case => {
    const x = random(`x${k}`, [TOKENS, k]);
    const raw = synth(1, `w${n}x${k}`, [n, k], k ** -0.5);
    const data = half ? unpackF16(packF16(raw)) : raw;
    const w = keep(FrozenMatrix.pack(gpu, data, n, k, half));
    return {
      name: `matmul ${TOKENS}x${n}x${k} ${half ? 'f16-exact' : 'f32'} weights`,
      flops: 2 * TOKENS * n * k,
      bytes: 4 * TOKENS * (n + k) + w.bytes,
      run: () => tidy(() => void linear(x, w)),
    };
  };
  const qkv = random('qkv', [1, TOKENS, 3 * WIDTH]);
  const [weight, bias] = [random('weight', [WIDTH]), random('bias', [WIDTH])];
  const x = random('x', [TOKENS, WIDTH]);
  const list: Case[] = [
    ...[false, true].flatMap((half) => [
      matmul(WIDTH, WIDTH, half),
      matmul(4 * WIDTH, WIDTH, half),
      matmul(WIDTH, 4 * WIDTH, half),
    ]),
    {
      name: `attention 16 heads x ${TOKENS} x 64`,
      flops: 4 * TOKENS * TOKENS * WIDTH,
      bytes: 4 * TOKENS * WIDTH * 4,
      run: () => tidy(() => void attention(qkv, { heads: 16, mode: 'full' })),
    },
    {
      name: `layernorm ${TOKENS}x${WIDTH}`,
      flops: 8 * TOKENS * WIDTH,
      bytes: 8 * TOKENS * WIDTH,
      memoryBound: true,
      run: () => tidy(() => void layerNorm(x, weight, bias)),
    },
  ];
  return {
    list,
    dispose: () => {
      for (const d of made) d[Symbol.dispose]();
    },
  };
}

export interface BenchReport {
  readonly multiplyAddGflops: number;
  readonly copyGbytes: number;
  readonly rows: readonly BenchRow[];
}

/** Measures ceilings and kernels; `only` keeps the rows whose names contain it. */
export async function benchKernels(
  gpu: Gpu,
  samples: number,
  only: string | undefined,
  onRow: (row: BenchRow) => void,
): Promise<BenchReport> {
  // Long enough a turn count for a GPU, too, once calls are repeated.
  const turns = gpu.traits.software ? 200 : 4000;
  const flops = multiplyAddCeiling(gpu, turns);
  const multiplyAddGflops = flops / (await median(gpu, () => multiplyAddCeiling(gpu, turns), samples)) / 1e6;
  const [from, to] = [empty(gpu, [1 << 24]), empty(gpu, [1 << 24])];
  const moved = copyCeiling(gpu, from, to);
  const copyGbytes = moved / (await median(gpu, () => copyCeiling(gpu, from, to), samples)) / 1e6;
  from.release();
  to.release();
  const { list, dispose } = cases(gpu);
  const rows: BenchRow[] = [];
  for (const c of list) {
    if (only && !c.name.includes(only)) continue;
    const ms = await median(gpu, c.run, samples);
    const gflops = c.flops / ms / 1e6;
    const gbytes = c.bytes / ms / 1e6;
    const ofCeiling = 100 * (c.memoryBound ? gbytes / copyGbytes : gflops / multiplyAddGflops);
    const row = { name: c.name, ms, gflops, gbytes, ofCeiling };
    rows.push(row);
    onRow(row);
  }
  dispose();
  return { multiplyAddGflops, copyGbytes, rows };
}
