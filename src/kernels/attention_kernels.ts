/** The kernels of attention, forward and backward, best first. */
import type { AttentionBackwardRow, AttentionRow } from './attention_job.js';
import {
  matrixAttentionBackwardRounded,
  matrixAttentionBackwardSplit,
  matrixAttentionRounded,
  matrixAttentionSplit,
} from './attention_matrix.js';
import { panelAttention, panelAttentionBackward, tileAttention, tileAttentionBackward } from './attention_stream.js';
import type { KernelList } from './kernel_choice.js';

export const attentionKernels: KernelList<AttentionRow> = {
  op: 'attention',
  rows: [panelAttention, matrixAttentionRounded, matrixAttentionSplit, tileAttention],
};

export const attentionBackwardKernels: KernelList<AttentionBackwardRow> = {
  op: 'attention_backward',
  rows: [panelAttentionBackward, matrixAttentionBackwardRounded, matrixAttentionBackwardSplit, tileAttentionBackward],
};
