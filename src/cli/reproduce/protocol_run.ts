/** Runs the published protocol: each part is a training with its tests, and goes on where an earlier start stopped. */
import { join } from 'node:path';
import { PROTOCOL } from '../../data/published_figures.js';
import { inferConfig } from '../../model/config.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { openClip } from '../../node/open_weights.js';
import { lineOf } from '../endings.js';
import { openDevice } from '../options.js';
import type { TrainCommandFlags } from '../train/flags.js';
import { findTests, runSweep, type SweepTest } from '../train/seed_sweep.js';
import { runTraining } from '../train/train_run.js';
import { type Comparison, compare, comparisonCsv, comparisonMarkdown, type PartFigures } from './comparison.js';
import type { ReproduceFlags } from './flags.js';
import { ReproduceOutput, type ReproduceRecord } from './output.js';
import {
  epochOf,
  otherSettings,
  type PlannedPart,
  planPart,
  publishedShot,
  refusalOf,
  shotName,
} from './protocol_plan.js';

/** `reproduce`. @throws one line where no part can be run, or parts or data sets have failed */
export async function runReproduce(given: ReproduceFlags): Promise<void> {
  const { only, epoch: _epoch, seeds: wanted, dry_run, ...rest } = given;
  const output = new ReproduceOutput(given.json ?? false);
  const [epoch, seeds] = [epochOf(given), wanted ?? [given.seed]];
  const shot = publishedShot(given);
  const config = inferConfig(await openClip(given.weights));
  const refusal = refusalOf(given, config, shot);
  const parts = PROTOCOL.filter(({ train }) => only?.includes(train) ?? true);
  const flags: TrainCommandFlags = { ...rest, dataset: parts[0]!.train };
  const settings = otherSettings(flags, config);
  const testOn = (names: readonly string[]): SweepTest => ({ names: names.join(), data: given.data, epoch });
  const names = [...new Set(parts.flatMap(({ train, test }) => [train, ...test]))];
  const found = new Map((await findTests(flags, testOn(names))).map((one) => [one.name, one]));
  const planned = await Promise.all(
    parts.map((part) => {
      const folder = join(given.save_path, `${part.train}_${shotName(given)}`);
      return planPart(part, { ...flags, save_path: folder }, seeds, found);
    }),
  );
  output.plan(planned);
  const ready = planned.filter(({ fault }) => fault === undefined);
  if (ready.length === 0) {
    throw new Error(`reproduce: no part can be run: ${planned.map((p) => `${p.train}: ${p.fault}`).join('; ')}`);
  }
  if (dry_run) {
    output.planned(
      planned,
      [refusal, settings].filter((line) => line !== undefined),
    );
    await measure(ready, flags, output);
    return;
  }
  const figures: PartFigures[] = [];
  const failed = new Map<string, string>();
  for (const { train, folder, pool, tests } of ready) {
    const own = { ...flags, dataset: train, save_path: folder };
    const sweep = { flags: own, seeds, test: testOn(tests.map(({ dataset }) => dataset)) };
    try {
      const { sets, states, failure } = await runSweep(sweep, {
        onSeed: (seed, _, trained) =>
          output.note(`part ${train}, seed ${seed}: ${trained ? 'is trained' : 'training'}`),
      });
      figures.push({ train, sets, states, pictures: pool });
      if (failure) failed.set(train, failure.message);
    } catch (error) {
      failed.set(train, lineOf(error));
    }
    if (failed.has(train)) output.failed(train, failed.get(train)!);
  }
  const comparison = compare(figures, { shot, refusal, settings });
  const record: ReproduceRecord = {
    trainingMode: given.training_mode,
    shot: given.training_mode === 'few_shot' ? given.shot : null,
    epoch,
    seeds,
    parts: planned.map((part) => ({ ...part, failed: failed.get(part.train) })),
    ...comparison,
  };
  const file = `reproduce_${shotName(given)}`;
  if (figures.length > 0) {
    await writeFiles(given.save_path, file, record, comparison);
    output.compared(record, comparison, given.save_path, file);
  }
  if (failed.size > 0) {
    throw new Error(
      `reproduce: ${failed.size} of ${planned.length} parts failed (${[...failed.keys()].join(', ')}): correct what is said above, and start the same command again`,
    );
  }
}

/** Measures a few steps of each part where that takes seconds: a software adapter takes minutes for a step of a large model. */
async function measure(
  parts: readonly PlannedPart[],
  flags: TrainCommandFlags,
  output: ReproduceOutput,
): Promise<void> {
  using gpu = await openDevice(flags);
  if (gpu.traits.software) {
    output.note('not measured on a software adapter: "aaclip train --dry_run" measures a few steps');
    return;
  }
  for (const { train, folder } of parts) {
    output.note(`part ${train}, each seed:`);
    await runTraining({ ...flags, dataset: train, save_path: folder, dry_run: true });
  }
}

async function writeFiles(folder: string, name: string, record: object, comparison: Comparison): Promise<void> {
  const write = (end: string, text: string): Promise<void> =>
    writeAtomically(join(folder, `${name}.${end}`), new TextEncoder().encode(`${text}\n`));
  await write('json', JSON.stringify(record, null, 1));
  await write('csv', comparisonCsv(comparison));
  await write('md', comparisonMarkdown(comparison));
}
