/** Runs a target on inputs that follow from a seed. */
import process from 'node:process';
import { Rng } from '../pictures/rng.js';
import { mutate } from './mutate.js';
import { type FuzzTarget, faultOf, LIMITS } from './target.js';

/** An input on which a target did not do what it should. */
export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly index: number;
  readonly fault: string;
}

/** The input of a number: it depends on seed, target and number alone. */
export function inputOf(
  { name, make }: FuzzTarget,
  seeds: readonly Uint8Array[],
  seed: number,
  index: number,
): Uint8Array {
  const rng = new Rng(seed, name, index);
  return make === undefined ? mutate(rng, rng.pick(seeds), seeds) : make(rng, seeds);
}

/** What is wrong with how the target takes the input; undefined where nothing is. */
export async function tryInput(target: FuzzTarget, input: Uint8Array, limits = LIMITS): Promise<string | undefined> {
  const buffers = process.memoryUsage().arrayBuffers;
  const cpu = process.cpuUsage();
  const fault = await target.run(input).then(
    () => undefined,
    (error: unknown) => faultOf(error, target.file),
  );
  if (fault !== undefined) return fault;
  const { user, system } = process.cpuUsage(cpu);
  const seconds = (user + system) / 1e6;
  if (seconds > limits.cpu) return `takes ${seconds.toFixed(1)} s of a processor: expected at most ${limits.cpu}`;
  const made = process.memoryUsage().arrayBuffers - buffers;
  if (made > limits.buffers) return `takes ${Math.round(made / 2 ** 20)} MiB of buffers`;
  return undefined;
}

/**
 * Tries the inputs `first` to `first + count - 1`, in turn.
 * @param onInput told each number before its input is tried
 */
export async function* fuzzTarget(
  target: FuzzTarget,
  seed: number,
  first: number,
  count: number,
  onInput: (index: number) => void = () => undefined,
): AsyncGenerator<Failure, void, undefined> {
  const seeds = await target.seeds();
  for (let index = first; index < first + count; index++) {
    onInput(index);
    const fault = await tryInput(target, inputOf(target, seeds, seed, index));
    if (fault !== undefined) yield { target: target.name, seed, index, fault };
  }
}
