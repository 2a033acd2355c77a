/** One block of the image tower: the place where kernels have to be fast, and where their tiles are tuned. */
import { Tape } from '../../autograd/tape.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { syntheticClip } from '../../model/synthetic.js';
import { WeightLoader } from '../../model/weights.js';
import { type Block, block } from '../../nn/layers.js';
import { add } from '../../ops/add.js';
import type { Tensor } from '../../tensor/tensor.js';
import { tidy } from '../../tensor/tensor.js';
import { benchConfig, noise } from './bench_model.js';
import type { Ceilings } from './ceilings.js';
import type { TimingPlan } from './row_timer.js';
import { measureRow, type RowWork, type SpeedRow, simply } from './speed_row.js';

/** Whether the matrices of a block are exact in f16, as OpenAI's are, or need f32. */
export type BlockWeights = 'f16' | 'f32';

/** A block on a device. */
export interface OpenedBlock extends Disposable {
  readonly weights: Block;
  readonly width: number;
  readonly heads: number;
}

export interface BlockSize {
  /** The block of the smallest model instead of ViT-L/14's. */
  readonly tiny: boolean;
  /** Side of the pictures in pixels, which gives the tokens. */
  readonly imageSize: number;
}

/** Tokens of a picture. */
export const tokensOf = ({ tiny, imageSize }: BlockSize): number =>
  Math.floor(imageSize / benchConfig({ tiny }).patch) ** 2 + 1;

/** Weights of a model whose first block is loaded. */
export const blockTensors = (tiny: boolean, weights: BlockWeights): ClipTensors =>
  syntheticClip(benchConfig({ tiny }), 1, weights === 'f16');

/** Loads the first block of the image tower. */
export async function loadBlock(gpu: Gpu, tiny: boolean, tensors: ClipTensors): Promise<OpenedBlock> {
  const { visionWidth, visionHeads } = benchConfig({ tiny });
  const loader = new WeightLoader(gpu, tensors, {});
  const weights = await loader.block('visual.transformer.resblocks.0');
  return { weights, width: visionWidth, heads: visionHeads, [Symbol.dispose]: () => loader[Symbol.dispose]() };
}

/** The block on tokens [B, T, D]. */
export function runBlock(x: Tensor, { weights, heads }: OpenedBlock): Tensor {
  return block({ x }, weights, { heads, mode: 'full', activation: 'gelu' }).x;
}

/** Records forward passes before the clock starts, so that only their gradients are timed. */
function backward(gpu: Gpu, opened: OpenedBlock, x: Tensor): RowWork['repeat'] {
  const record = (): (() => void) => {
    const tape = new Tape(add);
    tape.watch([x]);
    const y = tape.record(() => runBlock(x, opened));
    const dy = noise(gpu, 'dy', y.shape);
    return () => {
      for (const g of tape.backward(y, [x], dy)) g?.release();
      y.release();
      dy.release();
    };
  };
  return (calls) => {
    const recorded = Array.from({ length: calls }, record);
    return () => {
      for (const run of recorded) run();
    };
  };
}

/** Times the block forward and backward, with weights exact in f16 and with f32 weights, at each batch. */
export async function benchBlock(
  gpu: Gpu,
  plan: TimingPlan,
  top: Ceilings,
  options: BlockSize & { readonly batches: readonly number[] },
  onRow: (row: SpeedRow) => void,
): Promise<SpeedRow[]> {
  const rows: SpeedRow[] = [];
  const tokens = tokensOf(options);
  for (const weights of ['f16', 'f32'] as const) {
    using opened = await loadBlock(gpu, options.tiny, blockTensors(options.tiny, weights));
    const kind = weights === 'f16' ? 'f16-exact weights' : 'f32 weights';
    for (const batch of options.batches) {
      using x = noise(gpu, 'tokens', [batch, tokens, opened.width]);
      const name = `block ${batch}x${tokens}x${opened.width}, ${kind}`;
      const forward = simply(() => tidy(() => void runBlock(x, opened)));
      for (const work of [
        { name: `${name}, forward`, repeat: forward },
        { name: `${name}, backward`, repeat: backward(gpu, opened, x), most: 2 },
      ]) {
        const row = await measureRow(gpu, plan, top, work);
        rows.push(row);
        onRow(row);
        gpu.trim();
      }
    }
  }
  return rows;
}
