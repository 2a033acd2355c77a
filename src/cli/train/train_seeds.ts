/** `train` as the flags ask for it: one training, or one for each seed. */
import { printable } from '../../data/printable.js';
import { queueOf } from '../queue/queue_flags.js';
import type { TrainCommandFlags } from './flags.js';
import { findTests, runSweep, type Sweep, type SweepTest } from './seed_sweep.js';
import { sweepNote, sweepRows, sweepText } from './sweep_summary.js';
import { runTraining } from './train_run.js';

/** What `--test` and the flags beside it ask for. @throws one line when they do not go together */
function testOf(flags: TrainCommandFlags): SweepTest | undefined {
  const { seeds, test, test_data, test_epoch, image_epoch } = flags;
  if (test === undefined) {
    const lone = test_data !== undefined ? '--test_data' : test_epoch !== undefined ? '--test_epoch' : undefined;
    if (lone !== undefined) throw new Error(`${lone}: nothing is tested: name data sets with --test`);
    return undefined;
  }
  if (seeds === undefined) {
    throw new Error('--test: tests what --seeds trains: give --seeds too, or start "aaclip test" after the training');
  }
  const epoch = test_epoch ?? image_epoch;
  if (epoch < 1 || epoch > image_epoch) {
    throw new Error(
      `--test_epoch ${epoch}: no such epoch: expected 1 to ${image_epoch}, as many as --image_epoch says`,
    );
  }
  return { names: test, data: test_data ?? flags.data, epoch };
}

export async function trainSeeds(given: TrainCommandFlags): Promise<void> {
  const test = testOf(given);
  if (queueOf(given) && given.seeds === undefined) {
    throw new Error(
      '--queue: one training is not spread over machines: give --seeds, whose trainings are, or leave it out',
    );
  }
  const { seeds, test: _test, test_data, test_epoch, ...flags } = given;
  if (seeds === undefined) return runTraining(flags);
  if (flags.dry_run) return dryRun(flags, seeds, test);
  const json = flags.json ?? false;
  const sweep: Sweep = { flags, seeds, test };
  const { sets, failure } = await runSweep(sweep, {
    onSeed(seed, folder, trained) {
      if (json) process.stdout.write(`${JSON.stringify({ seed, folder, trained })}\n`);
      else
        process.stderr.write(
          printable(`seed ${seed}: ${trained ? 'is trained' : 'training'} (${folder})`).concat('\n'),
        );
    },
  });
  const { save_path } = flags;
  if (json) {
    const result = test ? { epoch: test.epoch, rows: sweepRows(sets) } : {};
    process.stdout.write(`${JSON.stringify({ sweep: { seeds, ...result }, folder: save_path })}\n`);
  } else if (test) {
    process.stdout.write(`all seeds\n${sweepText(sweepRows(sets))}\n${sweepNote(seeds, test.epoch)}\n`);
    process.stderr.write(printable(`${save_path} holds sweep.json, sweep.csv and sweep.md`).concat('\n'));
  }
  if (failure) throw failure;
}

/** Looks at the tests' data sets, and measures a training of the first seed. */
async function dryRun(flags: TrainCommandFlags, seeds: readonly number[], test: SweepTest | undefined): Promise<void> {
  const found = test ? await findTests(flags, test) : [];
  if (!flags.json) {
    for (const { name, needs, fault, tested } of found) {
      const what = tested ? `${tested.set.samples.length} pictures` : (needs ?? fault);
      process.stderr.write(printable(`test on ${name}: ${what}`).concat('\n'));
    }
    process.stderr.write(`seeds: ${seeds.join(', ')}; the plan is that of one of ${seeds.length} trainings\n`);
  }
  await runTraining({ ...flags, seed: seeds[0]! });
}
