/** Image towers whose last blocks run along two paths: plain CLIP's, and one of V-V attention. */
import { firstOfBlock } from '../nn/class_row.js';
import { blockWithSide, sideOfBlock } from '../nn/layers.js';
import type { Rows } from '../ops/norm_linear.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { type AtLevel, embedImage, lastClass, runBlocks, type VisionTower } from './vision.js';

export interface ForkedTokens {
  /** Plain CLIP's image embeddings, [B, E], not normalised. */
  readonly cls: Tensor;
  /** Tokens at the levels, of the tower whose last blocks use V-V attention. */
  readonly levels: readonly Tensor[];
}

/**
 * Plain CLIP's image embeddings, and the tokens at the levels where the last blocks use V-V attention. The blocks before
 * those are the same in both, and run once.
 * @param image [B, 3, S, S], normalised
 * @throws when the size is not the tower's
 */
export function forkedTokens(
  image: Tensor,
  tower: VisionTower,
  options: {
    readonly vv: 'token' | 'batch';
    readonly vvBlocks: number;
    readonly levels?: readonly number[];
    readonly atLevel?: AtLevel | undefined;
  },
): ForkedTokens {
  const to = tower.blocks.length;
  // The last block of the plain tower is computed for the class token alone, so it cannot be shared.
  const from = Math.min(to - 1, Math.max(0, to - options.vvBlocks));
  const mode = options.vvBlocks > 0 ? (`vv_${options.vv}` as const) : 'full';
  return tidy(() => {
    const shared = runBlocks(embedImage(image, tower), tower, { from: 0, to: from, mode: 'full' }, options);
    const cls = tidy(() => {
      const stretch = { from, to: to - 1, mode: 'full', keepInput: true } as const;
      return lastClass(runBlocks(shared.last, tower, stretch, { levels: [] }).last, tower);
    });
    const keepInput = shared.levels.includes(shared.last);
    const { levels } = runBlocks(shared.last, tower, { from, to, mode, keepInput }, options);
    return { cls, levels: [...shared.levels, ...levels] };
  });
}

/** Last blocks that use V-V attention, as published: of 24, all but the first five. */
export const usualVvBlocks = ({ blocks }: { readonly blocks: { readonly length: number } }): number =>
  Math.min(19, blocks.length - 1);

export interface SideTokens {
  /** The class token after the last block of the ordinary path, [B, W]. */
  readonly first: Tensor;
  /** Tokens of the second path at the levels, [B, 1 + G G, W]; of the ordinary one where a level lies before the fork. */
  readonly levels: readonly Tensor[];
}

/**
 * Tokens of a tower with a second path beside its last blocks. It begins as the tokens that enter the first of them, and
 * every block adds its V-V attention of the ordinary path to it (Zhou et al. 2024, "DPAM").
 * @param image [B, 3, S, S], normalised
 * @throws when the size is not the tower's
 */
export function sideTokens(
  image: Tensor,
  tower: VisionTower,
  vvBlocks: number = usualVvBlocks(tower),
  atLevel?: AtLevel,
): SideTokens {
  const { config, blocks, activation } = tower;
  const options = { heads: config.visionHeads, activation };
  const last = blocks.length - 1;
  const fork = Math.min(last, Math.max(0, blocks.length - vvBlocks));
  return tidy(() => {
    const shared = runBlocks(embedImage(image, tower), tower, { from: 0, to: fork, mode: 'full' }, { atLevel });
    const levels = [...shared.levels];
    const keep = (tokens: Tensor): void => {
      levels.push(tokens);
      atLevel?.(tokens, levels.length - 1);
    };
    let rows: Rows = { x: shared.last };
    let side = shared.last;
    for (let i = fork; i < last; i++) {
      const before = { rows, side };
      ({ rows, side } = blockWithSide(rows, side, blocks[i]!, options));
      before.rows.moments?.data.release();
      // The first of the two begins as the second, and levels are needed again.
      for (const t of new Set([before.rows.x, before.side])) if (!levels.includes(t)) t.release();
      if (config.levels.includes(i + 1)) keep(side);
    }
    if (config.levels.includes(last + 1)) keep(sideOfBlock(rows, side, blocks[last]!, config.visionHeads));
    return { first: firstOfBlock(rows.x, blocks[last]!, options), levels };
  });
}
