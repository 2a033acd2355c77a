/** One step's loss and gradients. */
import { Tape } from '../autograd/tape.js';
import { add } from '../ops/add.js';
import { concat } from '../ops/concat.js';
import { full } from '../ops/fill.js';
import { tidy } from '../tensor/tensor.js';
import type { Parameters } from './parameters.js';
import type { StepResult } from './run_stage.js';
import type { LossTerms } from './stage_one.js';

/** Runs `body` under a tape that watches the parameters; gradients are in the parameters' order. */
export function lossAndGradients(parameters: Parameters, body: () => LossTerms): StepResult {
  return tidy(() => {
    using tape = new Tape(add);
    tape.watch(parameters.weights);
    const { loss, terms } = tape.record(body);
    const grads = tape.backward(loss, parameters.weights, full(loss.gpu, [1], 1));
    return { loss, parts: concat(terms, 0), grads };
  });
}
