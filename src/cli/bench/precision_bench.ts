/** How far f16 is off on an adapter, and what it gains: a small model, and a block of ViT-L/14's width. */
import type { Gpu } from '../../gpu/gpu.js';
import { anomaly } from '../../model/anomaly.js';
import { adaptedProjections } from '../../model/methods/aa_clip.js';
import { type Precision, WeightLoader } from '../../model/weights.js';
import { read, tidy } from '../../tensor/tensor.js';
import { BenchTower, benchConfig, noise, someAnchors } from './bench_model.js';
import { blockTensors, runBlock } from './block_bench.js';
import { planOf, timeWork } from './row_timer.js';

export interface PrecisionReport {
  /** Largest relative error (L2) of f16 against f32. */
  readonly error: number;
  /** Error of each output. */
  readonly errors: Readonly<Record<string, number>>;
  /** Milliseconds of the block. */
  readonly blockMs: Readonly<Record<Precision, number>>;
}

/** Tokens of the block. */
const TOKENS = 130;

interface Outputs {
  readonly values: Readonly<Record<string, Float32Array>>;
  readonly blockMs: number;
}

async function outputs(gpu: Gpu, precision: Precision, tiny: boolean): Promise<Outputs> {
  const values: Record<string, Float32Array> = {};
  {
    using tower = await BenchTower.load(gpu, { tiny: true, precision });
    const { image, embed } = tower.config;
    using pictures = noise(gpu, 'image', [2, 3, image, image]);
    using anchors = someAnchors(gpu, 1, embed);
    const { map, score } = tidy(() => {
      return anomaly(adaptedProjections(pictures, tower.at(image), tower.adapters), anchors, image, 'Industrial');
    });
    values.map = await read(map);
    values.score = await read(score);
    map.release();
    score.release();
  }
  const { visionWidth, visionHeads } = benchConfig({ tiny });
  using loader = new WeightLoader(gpu, blockTensors(tiny, 'f16'), { precision });
  const weights = await loader.block('visual.transformer.resblocks.0');
  const opened = { weights, width: visionWidth, heads: visionHeads, [Symbol.dispose]: () => {} };
  using x = noise(gpu, 'tokens', [1, TOKENS, visionWidth]);
  using y = runBlock(x, opened);
  values.block = await read(y);
  const blockMs = await timeWork(gpu, planOf(3, false), () => tidy(() => void runBlock(x, opened)));
  return { values, blockMs };
}

/** Root of the squared differences over the root of the squares. */
export function relativeL2(got: Float32Array, wanted: Float32Array): number {
  let [off, all] = [0, 0];
  for (let i = 0; i < wanted.length; i++) {
    off += (got[i]! - wanted[i]!) ** 2;
    all += wanted[i]! ** 2;
  }
  return Math.sqrt(off / all);
}

/**
 * Compares devices opened for the two precisions.
 * @param tiny the block of the smallest model instead of ViT-L/14's: does the comparison run?
 */
export async function benchPrecision(
  open: (precision: Precision) => Promise<Gpu>,
  tiny: boolean,
): Promise<PrecisionReport> {
  const run = async (precision: Precision): Promise<Outputs> => {
    using gpu = await open(precision);
    return await outputs(gpu, precision, tiny);
  };
  const exact = await run('f32');
  const rounded = await run('f16');
  const errors = Object.fromEntries(
    Object.entries(exact.values).map(([name, wanted]) => [name, relativeL2(rounded.values[name]!, wanted)]),
  );
  // Math.max of a value that is not a number is not a number.
  return { error: Math.max(...Object.values(errors)), errors, blockMs: { f32: exact.blockMs, f16: rounded.blockMs } };
}
