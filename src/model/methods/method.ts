/**
 * What sets one detector apart from another: its prompts, how anchors come about, how the image tower is run, how maps and
 * scores are made, and what a checkpoint holds. All of it is a value; the rest of the program treats every method alike.
 */
import type { Prompts } from '../../data/class_prompts.js';
import type { Domain } from '../../data/datasets.js';
import type { Gpu } from '../../gpu/gpu.js';
import type { TensorFile } from '../../io/tensor_file.js';
import type { TensorView } from '../../io/tensor_view.js';
import type { Activation } from '../../kernels/epilogue.js';
import type { PositionalResize } from '../../ops/positional.js';
import type { MaskResize } from '../../picture/picture.js';
import type { Tensor } from '../../tensor/tensor.js';
import type { Anomaly } from '../anomaly.js';
import type { ClipConfig } from '../config.js';
import type { PromptIds } from '../prompt_rows.js';
import type { TextTower } from '../text.js';
import type { AtLevel, VisionTower } from '../vision.js';
import type { Precision } from '../weights.js';

/** A class as a method's prompts may name it. */
export interface ClassWords {
  readonly className: string;
  /** What the user wants prompts to call it. */
  readonly words?: string | undefined;
  /** AA-CLIP's prompts for it, in the words of its data set. */
  readonly published: Prompts;
}

/** The trained tensors of a checkpoint, apart by what they change: the anchors, or what follows the image tower. */
export interface TrainedParts {
  readonly text?: TensorView | undefined;
  readonly image?: TensorView | undefined;
}

/** How files of a method are recognised and read. */
export interface CheckpointFormat {
  /** A tensor that such a file has, for messages. */
  readonly example: string;
  /** Whether these names, without wrappers, are those of such a file, or of a part of one. */
  recognises(names: readonly string[]): boolean;
  /** @throws one line when the file lacks tensors */
  open(file: TensorFile): TrainedParts;
  /** @throws one line when the tensors do not fit the weights or the levels */
  checkFit(parts: TrainedParts, config: ClipConfig): void;
}

/** How the towers are used unless the user or a checkpoint says otherwise. */
export interface TowerDefaults {
  readonly activation: Activation;
  /** How positions are resized for another size of pictures. */
  readonly positional: PositionalResize;
  /** 1-based numbers of the blocks whose tokens are compared with the text. */
  readonly levels: readonly number[];
}

/** How numbers of a method become scores of pictures and maps from 0 to 1. */
export interface Scoring {
  /** Share of the map's peak in a picture's score; the rest is the score of the whole picture. */
  peakShare(domain: Domain): number;
  /** Whether a test scales maps and scores over a class before it combines them. */
  readonly rescaled: boolean;
  /** A value of the summed map as a share of "abnormal", 0 to 1. */
  share(sum: number, levels: number): number;
}

export interface PartOptions {
  readonly precision?: Precision | undefined;
  /** Shares of adapters in their mixes, for methods that have such. */
  readonly textMix?: number | undefined;
  readonly imageMix?: number | undefined;
}

/** Makes anchors while the text tower is loaded. */
export interface AnchorMaker extends Disposable {
  /** Unit columns of a class, normal and abnormal: [1, E, 2]. */
  anchors(prompts: PromptIds): Tensor;
}

/** What is wanted beside maps and scores. */
export interface AnomalyWishes {
  /** Called with the tokens that maps are made from, level by level. */
  readonly atLevel?: AtLevel | undefined;
  /** Whether the map of each level is wanted too. */
  readonly apart?: boolean | undefined;
}

/** What is loaded beside the image tower. */
export interface ImagePart extends Disposable {
  /**
   * @param images [B, 3, S, S], normalised
   * @param anchors [1, E, 2], or [B, E, 2] for a batch of several classes
   * @param domains one for each picture
   */
  anomaly(
    images: Tensor,
    tower: VisionTower,
    anchors: Tensor,
    domains: readonly Domain[],
    wishes?: AnomalyWishes,
  ): Anomaly;
}

export interface Method {
  /** What flags and results call it. */
  readonly name: string;
  /** What text calls it. */
  readonly title: string;
  /** How its files are read; undefined for a method that needs none. */
  readonly checkpoint?: CheckpointFormat | undefined;
  /** Names of the tensors that anchors depend on. */
  readonly anchorTensors: RegExp;
  readonly scoring: Scoring;
  /** How its published program resizes masks of a test, where that is not the nearest pixel. */
  readonly maskResize?: MaskResize | undefined;
  towerDefaults(config: ClipConfig, imageSize: number): TowerDefaults;
  /** The sentences of a class; none where anchors are learned. */
  prompts(words: ClassWords): Prompts;
  loadAnchors(tower: TextTower, text: TensorView | undefined, options: PartOptions): Promise<AnchorMaker>;
  loadImage(gpu: Gpu, image: TensorView | undefined, options: PartOptions): Promise<ImagePart>;
}

/** Maps are cosines, scaled over a class: AA-CLIP's and plain CLIP's. */
export const BY_COSINES: Scoring = {
  peakShare: (domain) => (domain === 'Medical' ? 1 : 0.5),
  rescaled: true,
  // A level's map is (s1 - s0 + 1) / 2; the softmax that training computes from the same similarities is
  // sigmoid(s1 - s0). So the mean difference of the levels goes through a sigmoid.
  share: (sum, levels) => 1 / (1 + Math.exp(1 - (2 * sum) / levels)),
};

/** Maps are probabilities, and a picture's score is its own probability. */
export const BY_PROBABILITIES: Scoring = {
  peakShare: () => 0,
  rescaled: false,
  share: (sum, levels) => sum / levels,
};
