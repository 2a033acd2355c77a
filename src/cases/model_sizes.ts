/** The sizes of real work: those of ViT-L/14 for the benchmark, those of a small model for a test. */
export interface ModelSizes {
  /** Side of a picture in pixels. */
  readonly picture: number;
  /** Side of a patch in pixels. */
  readonly patch: number;
  /** Patches along a side of the picture, and of the picture the position embeddings were trained for. */
  readonly grid: number;
  readonly trainedGrid: number;
  /** Patches of a picture, and its tokens: one more, the class token. */
  readonly patches: number;
  readonly tokens: number;
  /** Width of the image tower, of its hidden layer, and how many heads attend in it. */
  readonly width: number;
  readonly hidden: number;
  readonly heads: number;
  /** Width of the embeddings that both towers give. */
  readonly embed: number;
  /** Blocks whose tokens are compared with the text. */
  readonly levels: number;
  /** Texts encoded at a time, their tokens, and width and heads of the text tower. */
  readonly texts: number;
  readonly context: number;
  readonly textWidth: number;
  readonly textHeads: number;
  /** Sides of a photograph before it is resized. */
  readonly photograph: readonly [width: number, height: number];
}

/** One picture of 518 px through ViT-L/14, and sixteen prompts. */
export const VIT_L_14_AT_518: ModelSizes = {
  picture: 518,
  patch: 14,
  grid: 37,
  trainedGrid: 24,
  patches: 37 * 37,
  tokens: 37 * 37 + 1,
  width: 1024,
  hidden: 4096,
  heads: 16,
  embed: 768,
  levels: 4,
  texts: 16,
  context: 77,
  textWidth: 768,
  textHeads: 12,
  photograph: [1920, 1080],
};

/** Small enough to run every op in a test. */
export const SMALL_SIZES: ModelSizes = {
  picture: 56,
  patch: 14,
  grid: 4,
  trainedGrid: 3,
  patches: 16,
  tokens: 17,
  width: 64,
  hidden: 256,
  heads: 2,
  embed: 48,
  levels: 4,
  texts: 3,
  context: 9,
  textWidth: 32,
  textHeads: 2,
  photograph: [90, 70],
};
