/** New adapters: Xavier uniform, a function of the seed and the tensors' names. */
import type { Gpu } from '../gpu/gpu.js';
import { synth } from '../io/synth.js';
import type { ClipConfig } from '../model/config.js';
import { adapterSpecs } from '../model/synthetic.js';
import { transpose } from '../model/weights.js';
import { Parameters } from './parameters.js';

/** Which of the two adapters. */
export type Part = 'text' | 'image';

export interface AdapterShape {
  /** Text blocks with an adapter. */
  readonly textUntil: number;
  /** Image blocks with an adapter. */
  readonly imageUntil: number;
  /** LeakyReLU after the image projections: it changes their names. */
  readonly relu: boolean;
}

/** Names and shapes of one part's tensors. */
export function adapterTensors(config: ClipConfig, part: Part, shape: AdapterShape): [string, readonly number[]][] {
  const specs = adapterSpecs(config, shape.textUntil, shape.imageUntil);
  return [...specs]
    .filter(([name]) => name.startsWith(`${part}_adapter.`))
    .map(([name, { shape: dims }]) => [
      shape.relu ? name.replace(/_proj((?:\.\d+)?)\.fc\.weight$/, '_proj$1.fc.0.weight') : name,
      dims,
    ]);
}

export interface InitialOptions {
  readonly shape: AdapterShape;
  /** Seed of the run; each tensor draws from its own stream, by its name. */
  readonly seed: number;
  /** CLIP's projection of the part's tower, [W, E] row-major; the adapter's projections start as copies of it. */
  readonly projection?: Float32Array | undefined;
}

/** New parameters with values uniform in ±sqrt(6 / (fan in + fan out)) (Glorot and Bengio, 2010). */
export function initialParameters(
  gpu: Gpu,
  config: ClipConfig,
  part: Part,
  { shape, seed, projection }: InitialOptions,
): Parameters {
  return Parameters.from(
    gpu,
    adapterTensors(config, part, shape).map(([name, dims]) => {
      const [out, into] = dims as [number, number];
      const projects = /_proj\b/.test(name) || name.startsWith(`text_adapter.${shape.textUntil}.`);
      if (projection && projects) {
        return { name, shape: dims, weight: transpose(projection, into, out) };
      }
      return { name, shape: dims, weight: synth(seed, `xavier ${name}`, dims, Math.sqrt(2 / (into + out))) };
    }),
  );
}
