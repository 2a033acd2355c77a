/** Every op by name, then the kernels for pictures: what the benchmark times. A test compares the list with src/ops. */
import { activationCase } from './activation_case.js';
import { adamCase } from './adam_case.js';
import { adapterMixCase } from './adapter_mix_case.js';
import { addCase } from './add_case.js';
import { attentionCase } from './attention_case.js';
import { augmentColourCase } from './augment_colour_case.js';
import { augmentGeometryCase } from './augment_geometry_case.js';
import { concatCase } from './concat_case.js';
import { coresetCase } from './coreset_case.js';
import { cosineScoreCase } from './cosine_score_case.js';
import { crossEntropyCase } from './cross_entropy_case.js';
import { diceLossCase } from './dice_loss_case.js';
import { fillCase } from './fill_case.js';
import { focalLossCase } from './focal_loss_case.js';
import { frozenLinearCase } from './frozen_linear_case.js';
import { gatherCase } from './gather_case.js';
import { l2NormalizeCase } from './l2_normalize_case.js';
import { layerNormCase } from './layer_norm_case.js';
import { linearCase } from './linear_case.js';
import { matmulCase } from './matmul_case.js';
import { multiplyCase } from './multiply_case.js';
import { nearestNeighbourCase } from './nearest_neighbour_case.js';
import { normLinearCase } from './norm_linear_case.js';
import type { OpCase } from './op_case.js';
import { positionalCase } from './positional_case.js';
import { probabilityMapCase } from './probability_map_case.js';
import { reduceCase } from './reduce_case.js';
import { resampleCase } from './resample_case.js';
import { reshapeCase } from './reshape_case.js';
import { residualAdapterCase } from './residual_adapter_case.js';
import { resizePictureCase } from './resize_picture_case.js';
import { scoreMapCase } from './score_map_case.js';
import { segmentationLossCase } from './segmentation_loss_case.js';
import { similarityCase } from './similarity_case.js';
import { sliceCase } from './slice_case.js';
import { softmaxCase } from './softmax_case.js';
import { tokensCase } from './tokens_case.js';
import { unfoldCase } from './unfold_case.js';

export const ALL_CASES: readonly OpCase[] = [
  activationCase,
  adamCase,
  adapterMixCase,
  residualAdapterCase,
  addCase,
  attentionCase,
  concatCase,
  coresetCase,
  cosineScoreCase,
  crossEntropyCase,
  diceLossCase,
  fillCase,
  focalLossCase,
  gatherCase,
  l2NormalizeCase,
  layerNormCase,
  linearCase,
  frozenLinearCase,
  matmulCase,
  multiplyCase,
  nearestNeighbourCase,
  normLinearCase,
  positionalCase,
  reduceCase,
  resampleCase,
  reshapeCase,
  scoreMapCase,
  probabilityMapCase,
  segmentationLossCase,
  similarityCase,
  sliceCase,
  softmaxCase,
  tokensCase,
  unfoldCase,
  resizePictureCase,
  augmentColourCase,
  augmentGeometryCase,
];
