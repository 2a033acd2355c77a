/** The devices tests run on: one adapter with each of the choices of kernels it offers. Opened once for the whole run. */
import { appendFileSync } from 'node:fs';
import { relative } from 'node:path';
import { expect } from 'vitest';
import type { Gpu } from '../src/gpu/gpu.js';
import type { Traits } from '../src/gpu/traits.js';
import { kernelChoices, kernelLists } from '../src/kernels/kernel_lists.js';
import { openGpu } from '../src/node/device.js';
import { type Choice, listenToRows, rehearse } from './rehearsal.js';

const NAMES = ['best', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth'] as const;
const F16_NAMES = ['f16', 'f16 second', 'f16 third'] as const;

/**
 * Which kernel of its list every op takes: the best that runs on this machine, the next, and so on; `f16`: on a device
 * opened for f16, the first that rounds activations to f16, where an op has one.
 */
export type Variant = (typeof NAMES)[number] | (typeof F16_NAMES)[number];

// Throws (never skips) when this machine has no adapter.
const best = openGpu();
const { traits } = await best;

/** Choices of the kernels that round activations, the n-th of every op that has them. */
function coarseChoices(traits: Traits): Record<string, string>[] {
  const names = kernelLists
    .map(({ op, rows }) => [op, rows.filter((r) => r.coarse && r.runsOn(traits)).map((r) => r.name)] as const)
    .filter(([, list]) => list.length > 0);
  const most = Math.max(0, ...names.map(([, list]) => list.length));
  return Array.from({ length: most }, (_, n) =>
    Object.fromEntries(names.map(([op, list]) => [op, list[Math.min(n, list.length - 1)]!])),
  );
}

function named<Name extends string>(
  names: readonly Name[],
  traits: Traits,
  choices: readonly Record<string, string>[],
  precision: Choice['precision'],
): [Name, Choice][] {
  if (choices.length > names.length) throw new Error(`tests: ${choices.length} choices of kernels need as many names`);
  return choices.map((kernels, i) => [names[i]!, { traits, kernels, precision }]);
}

/** The choices of kernels that together cover all that run on an adapter. */
export const choicesOn = (traits: Traits): Map<Variant, Choice> =>
  new Map<Variant, Choice>([
    ...named(NAMES, traits, kernelChoices(traits), 'f32'),
    ...named(F16_NAMES, traits, coarseChoices(traits), 'f16'),
  ]);

const choices = choicesOn(traits);

/** Rows of the lists, `op/name`, that a run on another adapter has tested: nothing but the others is tested now. */
const done = new Set<string>(JSON.parse(process.env.AACLIP_KERNELS_DONE ?? '[]'));
const isNew = (rows: Iterable<string>): boolean => done.size === 0 || [...rows].some((row) => !done.has(row));

/** Every choice of kernels of this adapter. */
export const allVariants: readonly Variant[] = [...choices.keys()];

/** Whether a variant rounds activations to f16. */
export const isCoarse = (variant: Variant): boolean => choices.get(variant)?.precision === 'f16';

/** The variant of the kernels that ask least of an adapter. */
export const plainest: Variant = allVariants.findLast((variant) => !isCoarse(variant))!;

/** The name of the kernel that a choice takes for an op. */
function taken({ kernels, precision }: Choice, op: string): string | undefined {
  const rows = kernelLists.find((list) => list.op === op)?.rows ?? [];
  return kernels[op] ?? rows.find((row) => (!row.coarse || precision === 'f16') && row.runsOn(traits))?.name;
}

/** The variants that differ in the kernels of these ops, and have something to test. */
export function variantsOf(...ops: readonly string[]): Variant[] {
  const seen = new Set<string>();
  return allVariants.filter((variant) => {
    const rows = ops.map((op) => `${op}/${taken(choices.get(variant)!, op)}`);
    if (seen.has(rows.join())) return false;
    seen.add(rows.join());
    return isNew(rows);
  });
}

/** The variants that have something to test. */
export const variants: readonly Variant[] = variantsOf(...kernelLists.map(({ op }) => op));

/**
 * The variants in which a body dispatches other kernels than in those before, and has something to test.
 * @param only the variants to consider
 * @param body ops to run; it is rehearsed, and nothing is computed
 */
export function variantsFor(only: readonly Variant[] | undefined, body: (gpu: Gpu) => void): Variant[] {
  const seen = new Set<string>();
  const wanted = only ? allVariants.filter((variant) => only.includes(variant)) : allVariants;
  return wanted.filter((variant) => {
    const { labels, rows } = rehearse(choices.get(variant)!, body);
    const key = labels.join('\n');
    if (seen.has(key)) return false;
    seen.add(key);
    return isNew(rows);
  });
}

/** Whether this run tests a kernel of an op: it runs on this adapter, and was not tested on another. */
export const tests = (op: string, kernel: string): boolean =>
  !done.has(`${op}/${kernel}`) && [...choices.values()].some((choice) => taken(choice, op) === kernel);

const open = new Map<Variant, Promise<Gpu>>([['best', best]]);

/** The device of a variant; where this machine has fewer choices, that of the last one in f32. */
export function device(variant: Variant = 'best'): Promise<Gpu> {
  const name = choices.has(variant) ? variant : plainest;
  let gpu = open.get(name);
  if (!gpu) {
    const { kernels, precision } = choices.get(name)!;
    gpu = openGpu({ kernels, precision });
    open.set(name, gpu);
  }
  return gpu;
}

/** A device whose choice for an op is this kernel. @throws when none runs it here */
export function deviceTaking(op: string, kernel: string): Promise<Gpu> {
  const variant = allVariants.find((v) => choices.get(v)!.kernels[op] === kernel);
  if (!variant) throw new Error(`this test needs an adapter that runs the kernel ${kernel} of ${op}`);
  return device(variant);
}

// Which test files dispatch which kernels, for the closing lines of `npm test`.
const report = process.env.AACLIP_KERNELS_RUN;
if (report) {
  const noted = new Set<string>();
  listenToRows((op, name) => {
    const file = relative(process.cwd(), expect.getState().testPath ?? '').replaceAll('\\', '/');
    const line = JSON.stringify({ row: `${op}/${name}`, file });
    if (noted.has(line)) return;
    noted.add(line);
    appendFileSync(report, `${line}\n`);
  });
}
