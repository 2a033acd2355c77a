/** Whole pictures through the adapted image tower: from prepared pixels to map and score. */
import { BatchDistances, type References } from '../../detect/references.js';
import type { Gpu } from '../../gpu/gpu.js';
import { anomaly } from '../../model/anomaly.js';
import { adaptedProjections } from '../../model/methods/aa_clip.js';
import { type Tensor, tidy } from '../../tensor/tensor.js';
import { BenchTower, type ModelChoice, modelName, noise, someAnchors } from './bench_model.js';
import type { Ceilings } from './ceilings.js';
import type { TimingPlan } from './row_timer.js';
import { measureRow, type SpeedRow, simply } from './speed_row.js';

export interface ForwardRow extends SpeedRow {
  readonly batch: number;
  readonly msPerPicture: number;
}

export interface ForwardOptions extends ModelChoice {
  readonly imageSize: number;
  readonly batches: readonly number[];
}

/** A pass on inputs of its own. */
export interface ForwardPass extends Disposable {
  /** Records it: maps [B, S, S], scores [B], and distances [B, S, S] to references as `AnomalyModel.run` makes them. */
  run(references?: References): void;
}

/** The pass of a batch. */
export function forwardPass(gpu: Gpu, tower: BenchTower, imageSize: number, batch: number): ForwardPass {
  const images = noise(gpu, 'image', [batch, 3, imageSize, imageSize]);
  const anchors = someAnchors(gpu, 1, tower.config.embed);
  const vision = tower.at(imageSize);
  return {
    run: (references) => {
      using distances = new BatchDistances(Array.from({ length: batch }, () => references));
      const atLevel = (tokens: Tensor, level: number): undefined => {
        distances.add(tokens, level);
      };
      tidy(() => {
        const projections = adaptedProjections(images, vision, tower.adapters, { atLevel });
        anomaly(projections, anchors, imageSize, 'Industrial');
        distances.map(gpu, imageSize);
      });
    },
    [Symbol.dispose]: () => {
      images.release();
      anchors.release();
    },
  };
}

/** Times each batch. */
export async function benchForward(
  gpu: Gpu,
  plan: TimingPlan,
  top: Ceilings,
  options: ForwardOptions,
  onRow: (row: ForwardRow) => void,
): Promise<ForwardRow[]> {
  const { imageSize, precision } = options;
  using tower = await BenchTower.load(gpu, options);
  const rows: ForwardRow[] = [];
  for (const batch of options.batches) {
    using pass = forwardPass(gpu, tower, imageSize, batch);
    const name = `forward, ${modelName(options)} at ${imageSize} px, ${precision}, batch ${batch}`;
    const measured = await measureRow(gpu, plan, top, { name, repeat: simply(() => pass.run()) });
    const row = { ...measured, batch, msPerPicture: measured.ms / batch };
    rows.push(row);
    onRow(row);
    gpu.trim();
  }
  return rows;
}
