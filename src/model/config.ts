/** Sizes of a CLIP model, read from the shapes of its tensors. */
import type { ClipTensors } from '../io/clip_names.js';

export interface ClipConfig {
  /** Width of the embeddings that images and texts share. */
  readonly embed: number;
  /** Side of a patch, in pixels. */
  readonly patch: number;
  /** Image size of the positional grid. */
  readonly image: number;
  readonly visionWidth: number;
  readonly visionLayers: number;
  readonly visionHeads: number;
  readonly vocab: number;
  readonly context: number;
  readonly textWidth: number;
  readonly textLayers: number;
  readonly textHeads: number;
  /** 1-based numbers of the blocks whose tokens are compared with the text. */
  readonly levels: readonly number[];
}

/** Width of a head where it is not 64 (OpenCLIP's H, g and bigG towers), by tower width; the shapes do not show it. */
const HEAD_WIDTHS: Readonly<Record<number, number>> = { 1280: 80, 1408: 88, 1664: 104 };

/** Levels at the quarters of a tower: 6, 12, 18, 24 of 24 blocks. */
function quarterLevels(layers: number): number[] {
  return [...new Set([1, 2, 3, 4].map((q) => Math.max(1, Math.round((q * layers) / 4))))];
}

function countBlocks(tensors: ClipTensors, prefix: string): number {
  let n = 0;
  while (tensors.has(`${prefix}.resblocks.${n}.attn.in_proj_weight`)) n++;
  return n;
}

/**
 * The configuration of CLIP weights.
 * @param headWidth width of a head, for towers whose heads have another width
 * @throws when a tensor that determines a size is missing or has an impossible shape
 */
export function inferConfig(tensors: ClipTensors, headWidth?: number): ClipConfig {
  const conv = tensors.shape('visual.conv1.weight');
  const [visionWidth, channels, patch, patchX] = conv as [number, number, number, number];
  if (conv.length !== 4 || channels !== 3 || patch !== patchX) {
    throw new Error(
      `${tensors.name}: visual.conv1.weight: expected [width, 3, patch, patch], got [${conv.join(', ')}]`,
    );
  }
  const rows = tensors.shape('visual.positional_embedding')[0]!;
  const grid = Math.sqrt(rows - 1);
  if (!Number.isInteger(grid)) {
    throw new Error(`${tensors.name}: visual.positional_embedding: expected 1 + g*g rows, got ${rows}`);
  }
  const [vocab, textWidth] = tensors.shape('token_embedding.weight') as [number, number];
  const visionLayers = countBlocks(tensors, 'visual.transformer');
  const textLayers = countBlocks(tensors, 'transformer');
  if (visionLayers === 0 || textLayers === 0) throw new Error(`${tensors.name}: no transformer blocks found`);
  const heads = (width: number, wide: number): number => {
    const n = width / wide;
    if (!Number.isInteger(n))
      throw new Error(`${tensors.name}: width ${width} is not a multiple of the head width ${wide}`);
    return n;
  };
  return {
    embed: tensors.shape('visual.proj')[1]!,
    patch,
    image: grid * patch,
    visionWidth,
    visionLayers,
    visionHeads: heads(visionWidth, headWidth ?? HEAD_WIDTHS[visionWidth] ?? 64),
    vocab,
    context: tensors.shape('positional_embedding')[0]!,
    textWidth,
    textLayers,
    textHeads: heads(textWidth, headWidth ?? 64),
    levels: quarterLevels(visionLayers),
  };
}
