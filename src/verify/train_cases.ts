/** Cases `train.*`: losses, gradients, moments and weights over some steps of either stage. */
import { loadTextAdapters } from '../model/adapters.js';
import { stageOneFeatures, textAnchors } from '../model/anomaly.js';
import { syntheticAdapters } from '../model/synthetic.js';
import { encodeText, loadText } from '../model/text.js';
import { loadVision } from '../model/vision.js';
import { persist, read, type Tensor, tidy } from '../tensor/tensor.js';
import { anchorsOf } from '../train/batch.js';
import { lossAndGradients } from '../train/gradients.js';
import { ADAM, Parameters } from '../train/parameters.js';
import { stageOneLoss } from '../train/stage_one.js';
import { stageTwoLoss } from '../train/stage_two.js';
import { boundOf, type CaseContext, type Comparison, metadata, metadataNumber } from './case.js';
import { parseConfig } from './model_cases.js';
import { trainInputs } from './train_inputs.js';

/** Every element, or the evenly spaced elements that large cases store. */
function sampled(data: Float32Array, all: boolean): Float32Array {
  if (all) return data;
  const step = Math.max(1, Math.floor(data.length / 2048));
  return data.filter((_, i) => i % step === 0);
}

export async function* trainCase(context: CaseContext): AsyncIterable<Comparison> {
  const { gpu, file, precision } = context;
  const { config, activation } = parseConfig(metadata(file, 'config'));
  const stage = metadataNumber(file, 'stage');
  const all = metadata(file, 'sampled') === 'all';
  const large = config.visionLayers >= 12;
  const bounds = {
    loss: boundOf(context, 1e-4, 2e-3),
    grad: boundOf(context, large ? 1e-3 : 1e-4, 5e-2),
    after: boundOf(context, 1e-3, 2e-2),
    // Steps cancel in the moments, so that what is left of them is nearer to the rounding.
    moments: boundOf(context, 1e-3, 2.5e-1),
  };
  const { clip, prompts, batch } = await trainInputs(context, config);
  const adapters = syntheticAdapters(config, metadataNumber(file, 'adapter_seed'));
  const options = { precision, activation };

  using parameters = await Parameters.load(gpu, adapters, stage === 1 ? 'text_adapter.' : 'image_adapter.');
  using text = await loadText(gpu, clip, config, options);
  using vision = await loadVision(gpu, clip, config, metadataNumber(file, 'image_size'), options);
  let anchors: Tensor | undefined;
  if (stage === 2) {
    using own = await loadTextAdapters(gpu, adapters, options);
    anchors = persist(tidy(() => textAnchors(encodeText(prompts.ids, text, own.weights), prompts.counts))); // [C, E, 2]
  }
  const losses: number[] = [];
  for (let step = 0; step < metadataNumber(file, 'steps'); step++) {
    const { loss, parts, grads } = tidy(() => {
      const b = batch(step);
      if (anchors) {
        const own = anchorsOf(anchors, b.owner);
        return lossAndGradients(parameters, () =>
          stageTwoLoss({ ...b, anchors: own }, vision, parameters, { mix: 0.1, recompute: false }),
        );
      }
      const features = stageOneFeatures(b.images, vision, 'batch', Math.min(19, config.visionLayers - 1));
      return lossAndGradients(parameters, () =>
        stageOneLoss({ features, masks: b.masks, classes: { ...prompts, owner: b.owner } }, text, parameters, {
          mix: 0.1,
          orthogonality: 0.1,
          levels: 'last',
        }),
      );
    });
    if (step === 0) {
      for (const [i, p] of parameters.all.entries()) {
        const g = grads[i] ? await read(grads[i]) : new Float32Array(p.weight.size);
        yield {
          tensor: `grad0.${p.name}`,
          got: sampled(g, all),
          want: await file.readF32(`grad0.${p.name}`),
          bound: bounds.grad,
        };
        const norm = Math.sqrt(g.reduce((s, v) => s + v * v, 0));
        yield {
          tensor: `gradnorm0.${p.name}`,
          got: [norm],
          want: await file.readF32(`gradnorm0.${p.name}`),
          bound: bounds.grad,
        };
      }
    }
    parameters.update(grads, { ...ADAM, rate: metadataNumber(file, 'lr') });
    losses.push((await read(loss))[0]!);
    for (const t of [loss, parts, ...grads]) t?.release();
  }
  const expected = await file.readF32('loss');
  for (const [i, loss] of losses.entries())
    yield { tensor: `loss.${i}`, got: [loss], want: [expected[i]!], bound: bounds.loss };
  for (const p of parameters.all) {
    const check = async (prefix: string, t: Tensor, bound = bounds.moments): Promise<Comparison> => ({
      tensor: `${prefix}.${p.name}`,
      got: sampled(await read(t), all),
      want: await file.readF32(`${prefix}.${p.name}`),
      bound,
    });
    yield await check('after', p.weight, bounds.after);
    // Large cases leave the moments out.
    if (!all && !file.tensors.has(`adam_m.${p.name}`)) continue;
    yield await check('adam_m', p.m);
    yield await check('adam_v', p.v);
  }
  anchors?.release();
}
