/** Whole pictures through the adapted image tower: from prepared pixels to map and score. */
import type { Gpu } from '../../gpu/gpu.js';
import { anomaly } from '../../model/anomaly.js';
import { adaptedProjections } from '../../model/methods/aa_clip.js';
import { tidy } from '../../tensor/tensor.js';
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

/** Records the pass of a batch: maps [B, S, S] and scores [B]. */
export function forwardPass(
  gpu: Gpu,
  tower: BenchTower,
  imageSize: number,
  batch: number,
): Disposable & { run(): void } {
  const images = noise(gpu, 'image', [batch, 3, imageSize, imageSize]);
  const anchors = someAnchors(gpu, 1, tower.config.embed);
  const vision = tower.at(imageSize);
  return {
    run: () =>
      tidy(() => void anomaly(adaptedProjections(images, vision, tower.adapters), anchors, imageSize, 'Industrial')),
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
