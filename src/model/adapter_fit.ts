/** Whether adapters belong to a CLIP. */
import type { TensorView } from '../io/tensor_view.js';
import type { ClipConfig } from './config.js';

/** Number of the adapters' tensors whose names begin so. */
export const countAdapters = (a: TensorView, start: string): number =>
  a.names.filter((n) => n.startsWith(start)).length;

/**
 * Checks that the adapters of a part have the shapes that a CLIP needs. There may be more of them than it has blocks, since
 * training makes as many as it is told to; those are not used.
 * @throws one line that begins with the name of their file
 */
export function checkAdapterFit(a: TensorView, part: 'text' | 'image', config: ClipConfig): void {
  const { embed } = config;
  const expectShape = (name: string, shape: readonly number[]): void => {
    const got = a.shape(name);
    if (got.join() === shape.join()) return;
    throw new Error(
      `${a.name}: adapters of another CLIP: expected ${name} [${shape.join(', ')}] as these weights need, got [${got.join(', ')}]: give the weights they were trained on`,
    );
  };
  if (part === 'text') {
    const width = config.textWidth;
    const blocks = countAdapters(a, 'text_adapter.') - 1;
    for (let i = 0; i < blocks; i++) expectShape(`text_adapter.${i}.fc.0.weight`, [width, width]);
    expectShape(`text_adapter.${blocks}.fc.0.weight`, [embed, width]);
    return;
  }
  const width = config.visionWidth;
  const start = 'image_adapter.layer_adapters.';
  const blocks = countAdapters(a, start);
  for (let i = 0; i < blocks; i++) expectShape(`${start}${i}.fc.0.weight`, [width, width]);
  for (const name of a.names.filter((n) => /^image_adapter\.\w+_proj\./.test(n))) expectShape(name, [embed, width]);
  const projections = countAdapters(a, 'image_adapter.seg_proj.');
  if (projections !== config.levels.length) {
    throw new Error(
      `${a.name}: adapters of another CLIP: expected ${config.levels.length} seg_proj, got ${projections}: give the weights they were trained on`,
    );
  }
}
