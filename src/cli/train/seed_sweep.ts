/** Trains once for each seed and tests each of them: the figures of a paper, with their deviation. */
import type { Figures } from '../../eval/metrics.js';
import { inferConfig } from '../../model/config.js';
import { isFolder } from '../../node/data_roots.js';
import { openClip } from '../../node/open_weights.js';
import { recordedFlags } from '../../train/resume.js';
import { runOrigin } from '../../train/run_origin.js';
import { rulesOf } from '../look_options.js';
import { type QueueFlags, queueOf } from '../queue/queue_flags.js';
import type { TestFlags } from '../test_adapters/flags.js';
import { namesIn } from '../test_adapters/tested_data.js';
import { type SetState, shownFigures } from '../test_all/best_epoch.js';
import { type FoundSet, findSets } from '../test_all/found_sets.js';
import { testSets } from '../test_all/run_all.js';
import { toTrainFlags } from './engine_flags.js';
import type { TrainCommandFlags } from './flags.js';
import { isTrained, SweepFolder, type SweepSettings, seedFolder } from './sweep_folder.js';
import type { SeedFigures, SweptSet } from './sweep_summary.js';
import { runTraining } from './train_run.js';
import { openTrainingList } from './training_list.js';

export interface Sweep {
  /** Flags of every training; its seed and folder take the place of `seed` and `save_path`. */
  readonly flags: TrainCommandFlags;
  readonly seeds: readonly number[];
  /** What each seed is tested on; undefined for nothing. */
  readonly test: SweepTest | undefined;
}

export interface SweepTest {
  /** Names separated by commas, or "all". */
  readonly names: string;
  readonly data: string | undefined;
  readonly epoch: number;
}

export interface SweepEvents {
  /** A seed begins: it will be trained, or has been. */
  onSeed(seed: number, folder: string, trained: boolean): void;
}

export interface SweepResult {
  readonly sets: readonly SweptSet[];
  /** The states of the data sets as the last test left them. */
  readonly states: readonly SetState[];
  /** Why figures are missing: the first failure of a test. */
  readonly failure: Error | undefined;
}

/** The settings that the checkpoints of all seeds share. */
async function settingsOf(flags: TrainCommandFlags): Promise<SweepSettings> {
  const { dataset, training_mode, shot, text_epoch, image_epoch } = flags;
  const { pool } = await openTrainingList(flags);
  const clip = await openClip(flags.weights);
  const asked = toTrainFlags(flags, inferConfig(clip).visionLayers);
  const recorded = recordedFlags(asked, flags.init, await runOrigin(clip, pool), rulesOf(flags));
  const { seed, textEpochs, imageEpochs, saveEvery, checkpointing, ...settings } = JSON.parse(recorded) as Record<
    string,
    unknown
  >;
  return {
    dataset,
    training_mode,
    shot: training_mode === 'few_shot' ? shot : null,
    text_epoch,
    image_epoch,
    ...settings,
  };
}

/** The flags of the test of a seed: those that both commands have mean the same. */
function testFlagsOf(flags: TrainCommandFlags, { names, data, epoch }: SweepTest, folder: string): TestFlags {
  const { metadata, dry_run, ...shared } = flags;
  return {
    ...shared,
    // A single list is that of the training.
    ...(metadata !== undefined && isFolder(metadata) ? { metadata } : {}),
    ...(data === undefined ? {} : { data }),
    dataset: names,
    save_path: folder,
    results_dir: `${folder}/results`,
    epoch,
    memory: 1,
    cache: true,
  };
}

/** The workers of a queue, which train the seeds side by side. */
async function openWorkers(queued: QueueFlags, flags: TrainCommandFlags, seeds: readonly number[]) {
  // Loaded only here: other sweeps start without the queue's packages.
  const { QueuedSeeds } = await import('./queued_seeds.js');
  return QueuedSeeds.open(
    queued,
    seeds.map((seed) => ({ ...flags, seed, save_path: seedFolder(flags.save_path, seed) })),
  );
}

/** Whether `--data` is the folder above the data sets: for one, it may also be that data set's own. */
const severalIn = (names: string): boolean => names.trim() === 'all' || namesIn(names).length > 1;

/** The data sets that a sweep is tested on. @throws one line where none of them can be tested */
export async function findTests(flags: TrainCommandFlags, test: SweepTest): Promise<FoundSet[]> {
  const found = await findSets(testFlagsOf(flags, test, flags.save_path), severalIn(test.names));
  const [first] = found.filter(({ fault }) => fault !== undefined);
  if (first && !found.some(({ tested }) => tested)) throw new Error(`${first.name}: ${first.fault}`);
  return found;
}

/** The figures of every data set that was tested to the end at an epoch. */
function figuresOf(states: readonly SetState[], seed: number, epoch: number): Map<string, SeedFigures> {
  const done = states.filter(({ state }) => state === 'SUCCESS');
  const entries = done.flatMap(({ name, runs }): [string, SeedFigures][] => {
    const run = runs.find((r) => r.epoch === epoch);
    if (run === undefined) return [];
    const classes = run.classes.map(({ className, pixelAuc, pixelAp, imageAuc, imageAp }) => {
      const figures: Figures = { pixelAuc, pixelAp, imageAuc, imageAp };
      return { className, ...figures };
    });
    return [[name, { seed, average: shownFigures(run), classes }]];
  });
  return new Map(entries);
}

/**
 * Runs a sweep, and goes on where an earlier start stopped: seeds that are trained are not trained again, nor tested ones tested.
 * @throws one line when a training fails, the folder holds another sweep, or no data set to test on is found
 */
export async function runSweep({ flags, seeds, test }: Sweep, events: SweepEvents): Promise<SweepResult> {
  // A test that cannot begin is told before hours of training.
  if (test) await findTests(flags, test);
  using folder = new SweepFolder(flags.save_path, await settingsOf({ ...flags, seed: seeds[0]! }));
  const figures = new Map<string, SeedFigures[]>();
  let states: readonly SetState[] = [];
  let failure: Error | undefined;
  const sets = (): SweptSet[] =>
    [...figures].map(([dataset, rows]) => ({ dataset, trainedOn: dataset === flags.dataset, seeds: rows }));
  const save = (): Promise<void> => {
    const trained = seeds.filter((seed) => isTrained(seedFolder(folder.path, seed)));
    return folder.save({ seeds, trained, epoch: test?.epoch, sets: sets() });
  };
  await save();
  const missing = seeds.filter((seed) => !isTrained(seedFolder(folder.path, seed)));
  const queued = queueOf(flags);
  await using workers = queued && missing.length > 0 ? await openWorkers(queued, flags, missing) : undefined;
  for (const seed of seeds) {
    const own = seedFolder(folder.path, seed);
    const trained = isTrained(own);
    events.onSeed(seed, own, trained);
    if (!trained) await (workers ? workers.train(seed) : runTraining({ ...flags, seed, save_path: own }));
    if (test) {
      const tested = await testSets(testFlagsOf(flags, test, own), severalIn(test.names));
      states = tested.summary?.states ?? [];
      for (const [name, row] of figuresOf(states, seed, test.epoch)) {
        figures.set(name, [...(figures.get(name) ?? []), row]);
      }
      failure ??= tested.failure;
    }
    await save();
  }
  return { sets: sets(), states, failure };
}
