/** The two stages: which towers they load, and what one of their steps computes. run_stage.ts runs the steps. */

import { stageOneFeatures, textAnchors } from '../model/anomaly.js';
import { type PromptRows, promptRows } from '../model/prompt_rows.js';
import { encodeText, loadText, type TextAdapters, type TextTower } from '../model/text.js';
import { loadVision } from '../model/vision.js';
import { concat } from '../ops/concat.js';
import { persist, type Tensor, tidy } from '../tensor/tensor.js';
import { anchorsOf } from './batch.js';
import type { RunState } from './checkpoint.js';
import { lossAndGradients } from './gradients.js';
import { type Parameters, textAdapterWeights } from './parameters.js';
import { recordScores } from './recorded_scores.js';
import { runStage } from './run_stage.js';
import { type ClassBatch, stageOneLoss } from './stage_one.js';
import { stageTwoLoss } from './stage_two.js';
import type { LoadedSample, TrainRun } from './training_run.js';

/** Index of each sample's class among `names`. @throws for a class that has no prompts */
function owners(samples: readonly LoadedSample[], names: readonly string[]): Uint32Array {
  return Uint32Array.from(samples, (s) => {
    const at = names.indexOf(s.className);
    if (at < 0) throw new Error(`${s.path}: class ${s.className} has no prompts: expected one of ${names.join(', ')}`);
    return at;
  });
}

/** Tokens of the classes in a batch. */
function classBatch(run: TrainRun, samples: readonly LoadedSample[]): ClassBatch {
  const known = run.classes.map((c) => c.name);
  const present = [...new Set(owners(samples, known))].sort((a, b) => a - b).map((i) => run.classes[i]!);
  return {
    ...promptRows(present, run.config.context),
    owner: owners(
      samples,
      present.map((c) => c.name),
    ),
  };
}

/** Stage one: trains the text adapters, continuing from `state`. */
export async function trainText(run: TrainRun, parameters: Parameters, state: RunState): Promise<void> {
  const { gpu, clip, config, flags } = run;
  using text = await loadText(gpu, clip, config, flags);
  using vision = await loadVision(gpu, clip, config, flags.imageSize, flags);
  const levels = flags.textLevels === 'last' ? config.levels.slice(-1) : config.levels;
  gpu.trim();
  await runStage(
    run,
    {
      part: 'text',
      epochs: flags.textEpochs,
      batchSize: flags.textBatch,
      baseRate: flags.textRate,
      partNames: ['segmentation', 'orthogonality'],
      computeStep: ({ images, masks }, samples) =>
        tidy(() => {
          const features = stageOneFeatures(images, vision, flags.vv, flags.vvBlocks, levels);
          const classes = classBatch(run, samples);
          return lossAndGradients(parameters, () =>
            stageOneLoss({ features, masks, classes }, text, parameters, {
              mix: flags.textMix,
              orthogonality: flags.textNormWeight,
              levels: flags.textLevels,
            }),
          );
        }),
    },
    parameters,
    state,
  );
}

/**
 * Anchors of every class, [C, E, 2]; plain CLIP's anchors where there is no text adapter. The prompts of one class at a time
 * pass through the tower, so that memory does not grow with their number.
 */
function allAnchors(run: TrainRun, tower: TextTower, adapters: TextAdapters | undefined): Tensor {
  const { classes, config, flags } = run;
  const anchorsOfClass = ({ ids, counts }: PromptRows): Tensor =>
    tidy(() => textAnchors(encodeText(ids, tower, adapters, flags.textMix), counts));
  return persist(
    tidy(() =>
      concat(
        classes.map((c) => anchorsOfClass(promptRows([c], config.context))),
        0,
      ),
    ),
  );
}

/**
 * Stage two: trains the image adapters with fixed anchors, continuing from `state`.
 * @param text the trained text adapters, or undefined for plain CLIP's anchors
 * @returns the state at its end
 */
export async function trainImage(
  run: TrainRun,
  parameters: Parameters,
  text: Parameters | undefined,
  state: RunState,
): Promise<RunState> {
  const { gpu, clip, config, flags } = run;
  let anchors: Tensor;
  {
    using tower = await loadText(gpu, clip, config, flags);
    anchors = allAnchors(run, tower, text && textAdapterWeights(text));
    await gpu.idle();
  }
  gpu.trim();
  try {
    using vision = await loadVision(gpu, clip, config, flags.imageSize, flags);
    gpu.trim();
    const names = run.classes.map((c) => c.name);
    const ownAnchors = (samples: readonly LoadedSample[]): Tensor => anchorsOf(anchors, owners(samples, names));
    return await runStage(
      run,
      {
        part: 'image',
        epochs: flags.imageEpochs,
        batchSize: flags.imageBatch,
        baseRate: flags.imageRate,
        partNames: ['detection', ...config.levels.map((l) => `segmentation_${l}`)],
        computeStep: ({ images, masks }, samples) =>
          tidy(() => {
            const own = ownAnchors(samples);
            const labels = Uint32Array.from(samples, (s) => s.label);
            const { imageMix: mix, recompute } = flags;
            return lossAndGradients(parameters, () =>
              stageTwoLoss({ images, anchors: own, masks, labels }, vision, parameters, { mix, recompute }),
            );
          }),
        recordScores: async () => {
          // The pool then holds what a forward pass needs, not that and a step's buffers.
          gpu.trim();
          const scores = await recordScores(run, { vision, adapters: parameters, anchorsOf: ownAnchors });
          gpu.trim();
          return scores;
        },
      },
      parameters,
      state,
    );
  } finally {
    anchors.release();
  }
}
