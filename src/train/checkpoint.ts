/** Checkpoints: a part's adapters, Adam's state, and the progress of the run. */
import type { Gpu } from '../gpu/gpu.js';
import { canonicalAdapters } from '../io/adapter_names.js';
import type { PickleValue } from '../io/pickle_values.js';
import { toWrite, writeSafetensors } from '../io/safetensors_writer.js';
import { rawF32, type TensorFile } from '../io/tensor_file.js';
import { OWN_ENTRY } from '../io/torch_tensors.js';
import { writeTorchArchive } from '../io/torch_writer.js';
import { read } from '../tensor/tensor.js';
import type { Part } from './initial.js';
import { ADAM, Parameters } from './parameters.js';

/** The progress of a stage. */
export interface RunState {
  readonly part: Part;
  /** Whole epochs done. */
  readonly epoch: number;
  /** Batches done of the current epoch. */
  readonly batch: number;
  /** Steps done; the learning rate's schedule depends on it. */
  readonly step: number;
  /**
   * Settings the run depends on, as JSON; a checkpoint with other settings is refused. Empty where it records no
   * settings.
   */
  readonly flags: string;
  /** How scores are spread with these weights, as JSON of `ScoreRecords`; at the end of an epoch of stage two. */
  readonly scores?: string | undefined;
}

interface HostParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly weight: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

/** Reads weights and moments back. */
async function toHost(parameters: Parameters): Promise<HostParameter[]> {
  const list: HostParameter[] = [];
  for (const p of parameters.all) {
    list.push({
      name: p.name,
      shape: p.weight.shape,
      weight: await read(p.weight),
      m: await read(p.m),
      v: await read(p.v),
    });
  }
  return list;
}

/** A weight is no longer finite; nothing was written. */
export class NotFiniteError extends Error {
  override readonly name = 'NotFiniteError';
}

/** @throws NotFiniteError: a broken checkpoint must never replace a good one */
function expectFinite(list: readonly HostParameter[]): void {
  const bad = list.find((p) => !p.weight.every(Number.isFinite));
  if (bad) throw new NotFiniteError(`${bad.name} is not finite`);
}

/** A checkpoint as safetensors: adapters by name, Adam's moments as `adam_m.` and `adam_v.`, the state as metadata. */
export async function encodeCheckpoint(parameters: Parameters, state: RunState): Promise<AsyncIterable<Uint8Array>> {
  const list = await toHost(parameters);
  expectFinite(list);
  const tensors = list.flatMap((p) => [
    toWrite(p.name, rawF32(p.shape, p.weight)),
    toWrite(`adam_m.${p.name}`, rawF32(p.shape, p.m)),
    toWrite(`adam_v.${p.name}`, rawF32(p.shape, p.v)),
  ]);
  const { part, epoch, batch, step, flags, scores } = state;
  return writeSafetensors(tensors, {
    part,
    epoch: String(epoch),
    batch: String(batch),
    step: String(step),
    adam_step: String(parameters.step),
    flags,
    ...(scores === undefined ? {} : { scores }),
  });
}

/**
 * A checkpoint as torch.save writes it: `{epoch, <part>_adapter: state dict, <part>_optimizer: Adam's state}`, and `run`
 * with what the published program does not keep: the place within an epoch, and the settings.
 */
export async function encodeTorchCheckpoint(
  parameters: Parameters,
  state: RunState,
  rate: number,
): Promise<Iterable<Uint8Array>> {
  const list = await toHost(parameters);
  expectFinite(list);
  const prefix = `${state.part}_adapter.`;
  const weights = new Map(list.map((p) => [p.name.slice(prefix.length), rawF32(p.shape, p.weight)]));
  const moments = new Map(
    list.map((p, i) => [
      i,
      new Map<string, unknown>([
        ['step', parameters.step],
        ['exp_avg', rawF32(p.shape, p.m)],
        ['exp_avg_sq', rawF32(p.shape, p.v)],
      ]),
    ]),
  );
  const group = new Map<string, unknown>([
    ['lr', rate],
    ['betas', [ADAM.beta1, ADAM.beta2]],
    ['eps', ADAM.eps],
    ['weight_decay', 0],
    ['amsgrad', false],
    ['maximize', false],
    ['params', list.map((_, i) => i)],
  ]);
  const root = new Map<string, unknown>([
    ['epoch', state.epoch],
    [`${state.part}_adapter`, weights],
    [
      `${state.part}_optimizer`,
      new Map<string, unknown>([
        ['state', moments],
        ['param_groups', [group]],
      ]),
    ],
    [
      OWN_ENTRY,
      new Map<string, unknown>([
        ['batch', state.batch],
        ['step', state.step],
        ['flags', state.flags],
        ...(state.scores === undefined ? [] : [['scores', state.scores] as const]),
      ]),
    ],
  ]);
  return writeTorchArchive(root as never);
}

/** The contents of a checkpoint. */
export interface Restored {
  readonly parameters: Parameters;
  readonly state: RunState;
}

/**
 * Restores a checkpoint: a safetensors file of this program, or a torch archive of either program.
 * @param root the archive's pickled value; undefined for safetensors
 * @throws one line when the state is missing or broken
 */
export async function restoreCheckpoint(gpu: Gpu, file: TensorFile, part: Part, root?: PickleValue): Promise<Restored> {
  const weights = canonicalAdapters(file);
  const names = weights.names.filter((n) => n.startsWith(`${part}_adapter.`));
  const list = [];
  for (const [i, name] of names.entries()) {
    const keys = root
      ? [`${part}_optimizer.state.${i}.exp_avg`, `${part}_optimizer.state.${i}.exp_avg_sq`]
      : [`adam_m.${name}`, `adam_v.${name}`];
    const [m, v] = await Promise.all(keys.map((k) => (file.tensors.has(k) ? file.readF32(k) : undefined)));
    list.push({ name, shape: weights.shape(name), weight: await weights.readF32(name), ...(m && v ? { m, v } : {}) });
  }
  const parameters = Parameters.from(gpu, list);
  const number = (key: string): number => {
    const value = Number(file.metadata.get(key));
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new Error(
        `${file.name}: metadata ${key}: expected a whole number, got ${file.metadata.get(key) ?? 'nothing'}`,
      );
    }
    return value;
  };
  const scores = file.metadata.get('scores');
  if (root) {
    const { epoch, adamStep } = await torchState(file, root, part);
    parameters.step = adamStep;
    return { parameters, state: { part, epoch, ...placeIn(root, adamStep), scores } };
  }
  parameters.step = number('adam_step');
  const state = {
    part,
    epoch: number('epoch'),
    batch: number('batch'),
    step: number('step'),
    flags: file.metadata.get('flags') ?? '',
    scores,
  };
  return { parameters, state };
}

/** The place within the epoch, and the settings; the published program's checkpoints are those of whole epochs. */
function placeIn(root: PickleValue, adamStep: number): Pick<RunState, 'batch' | 'step' | 'flags'> {
  const run = root instanceof Map ? root.get(OWN_ENTRY) : undefined;
  const [batch, step, flags] = ['batch', 'step', 'flags'].map((key) => (run instanceof Map ? run.get(key) : undefined));
  const whole = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value);
  return {
    batch: whole(batch) ? batch : 0,
    step: whole(step) ? step : adamStep,
    flags: typeof flags === 'string' ? flags : '',
  };
}

async function torchState(
  file: TensorFile,
  root: PickleValue,
  part: Part,
): Promise<{ epoch: number; adamStep: number }> {
  const epoch = root instanceof Map ? root.get('epoch') : undefined;
  if (typeof epoch !== 'number') throw new Error(`${file.name}: expected an epoch, got ${typeof epoch}`);
  // Since 1.12 torch keeps the step count as a tensor, before that as a number.
  const key = `${part}_optimizer.state.0.step`;
  if (file.tensors.has(key)) return { epoch, adamStep: (await file.readF32(key))[0]! };
  const optimizer = root instanceof Map ? root.get(`${part}_optimizer`) : undefined;
  const states = optimizer instanceof Map ? optimizer.get('state') : undefined;
  const first = states instanceof Map ? states.get(0) : undefined;
  const step = first instanceof Map ? first.get('step') : undefined;
  return { epoch, adamStep: typeof step === 'number' ? step : 0 };
}
