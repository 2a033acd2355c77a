/** Tests data sets in one process, with one device and one loaded model, or shares them out; what an earlier start has done is kept. */
import { join } from 'node:path';
import type { ClassTokens } from '../../detect/class_tokens.js';
import { encodeClasses } from '../../detect/class_tokens.js';
import { settingsLine } from '../../detect/method_settings.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { lineOf, whenStopped } from '../endings.js';
import { ownPage } from '../report/write_page.js';
import type { TestFlags } from '../test_adapters/flags.js';
import { incomplete, lookedAt, ModelUnderTest, settingsOf } from '../test_adapters/model_under_test.js';
import type { TestSettings } from '../test_adapters/output.js';
import type { ImageCheckpoint, TestedAdapters } from '../test_adapters/tested_adapters.js';
import type { TestedData } from '../test_adapters/tested_data.js';
import { LEAVE_OUT, tellUnknownWords } from '../unknown_words.js';
import type { SetState } from './best_epoch.js';
import { type FoundSet, fingerprintOf } from './found_sets.js';
import { AllOutput } from './output.js';
import { type KeptRun, ResultsTree } from './results_tree.js';
import { adapterPrints, identityOf, type RunIdentity } from './run_identity.js';
import { spreadSets } from './spread_sets.js';
import { type Summary, summarise, summaryFiles } from './summary.js';
import { trainedOn } from './trained_on.js';

/** A data set with the checkpoints it has no figures for. */
interface Pending {
  readonly set: TestedData;
  readonly checkpoints: readonly ImageCheckpoint[];
}

/** The test of all data sets that were found. */
export class AllSets {
  readonly #output: AllOutput;
  readonly #flags: TestFlags;
  readonly #found: readonly FoundSet[];
  readonly #tested: TestedAdapters;
  readonly #settings: TestSettings;
  readonly #classes = new Map<string, readonly ClassTokens[]>();
  /** Why data sets cannot be tested. */
  readonly #faults = new Map<string, string>();

  /** Adapters that the data sets are shared out to. */
  readonly #adapters: readonly string[] | undefined;
  /** Whether another process has the folder and sums up. */
  readonly #isShare: boolean;

  constructor(
    flags: TestFlags,
    found: readonly FoundSet[],
    tested: TestedAdapters,
    adapters: readonly string[] | undefined,
    isShare = false,
  ) {
    this.#output = new AllOutput(flags.json ?? false);
    this.#flags = flags;
    this.#found = found;
    this.#tested = tested;
    this.#settings = settingsOf(flags, tested);
    this.#adapters = adapters;
    this.#isShare = isShare;
  }

  /** Why data sets cannot be tested, by their names. */
  get faults(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#faults);
  }

  /** Says which data sets cannot be tested; makes the prompts of the others. */
  async #prepare(clip: ClipTensors): Promise<void> {
    this.#output.notes([settingsLine(this.#tested.method, this.#settings)]);
    for (const { name, needs, fault } of this.#found) {
      if (needs !== undefined) this.#output.notes([`${name}: not found: ${needs}`]);
      if (fault !== undefined) this.#fail(name, fault);
    }
    await this.#encode(clip);
  }

  /** Looks at all files. */
  async look(clip: ClipTensors): Promise<undefined> {
    await this.#prepare(clip);
    await this.#lookAt(this.#found);
    return undefined;
  }

  #fail(dataset: string, why: string): void {
    if (this.#faults.has(dataset)) return;
    this.#faults.set(dataset, why);
    this.#output.failed(dataset, why);
  }

  /** Makes the prompts of all classes; a data set of which one cannot be used is left out. */
  async #encode(clip: ClipTensors): Promise<void> {
    const tokenizer = await openTokenizer();
    const good: FoundSet[] = [];
    for (const one of this.#found) {
      if (!one.tested) continue;
      try {
        const { classes } = await encodeClasses(tokenizer, clip, one.tested.classes, LEAVE_OUT, this.#tested.method);
        this.#classes.set(one.name, classes);
        good.push(one);
      } catch (error) {
        this.#fail(one.name, lineOf(error));
      }
    }
    const prompted = good.flatMap(({ tested }) => tested!.classes);
    const encoded = await encodeClasses(tokenizer, clip, prompted, LEAVE_OUT, this.#tested.method);
    tellUnknownWords(encoded, this.#flags.json ?? false);
  }

  /** The data sets of which all files can be used; the others are told. */
  async #lookAt(found: readonly FoundSet[]): Promise<TestedData[]> {
    const good: TestedData[] = [];
    for (const { name, tested, notes } of found) {
      if (!tested || this.#faults.has(name)) continue;
      this.#output.notes(notes);
      try {
        good.push(...(await lookedAt([tested.set], this.#flags, this.#settings, true)));
      } catch (error) {
        this.#fail(name, lineOf(error));
      }
    }
    return good;
  }

  async test(clip: ClipTensors): Promise<Summary> {
    const prints = await adapterPrints(this.#tested);
    const run = await identityOf(this.#flags, this.#settings, this.#tested, clip);
    const share = this.#isShare ? this.#found.map(({ name }) => name) : undefined;
    using tree = new ResultsTree(this.#settings.resultsDir, run, share);
    const takeUp = (): FoundSet[] =>
      this.#found.filter(({ name, tested }) => tested && tree.takeUp(name, fingerprintOf(tested), prints));
    const changed = takeUp();
    await this.#prepare(clip);
    this.#output.notes(changed.map(({ name }) => `${name}: its list or its prompts have changed: it is tested again`));
    whenStopped(() => `what is finished is kept in ${tree.folder}: the same command goes on from there`);
    await this.#save(tree, run);
    const missing = (name: string): ImageCheckpoint[] =>
      this.#tested.images.filter(({ epoch }) => !tree.runsOf(name).some((r) => r.epoch === epoch && this.#isWhole(r)));
    const unfinished = this.#found.filter(({ name }) => missing(name).length > 0);
    let summary: Summary;
    try {
      if (this.#adapters) {
        await this.#spread(unfinished, this.#adapters);
        takeUp();
      } else {
        const pending = await this.#lookAt(unfinished);
        const jobs = pending.map((set): Pending => ({ set, checkpoints: missing(set.name) }));
        if (jobs.length > 0) await this.#testPending(jobs, { tree, clip, run, prints });
      }
    } finally {
      for (const { name, tested } of this.#found) {
        if (tested || this.#faults.has(name)) await tree.writeLog(name, this.#faults.get(name));
      }
      summary = await this.#save(tree, run);
      if (!this.#isShare) {
        this.#output.summary(summary, tree.folder);
        await ownPage(tree.folder);
      }
    }
    return summary;
  }

  /** Tests data sets in processes of their own, one for each adapter. */
  async #spread(unfinished: readonly FoundSet[], adapters: readonly string[]): Promise<void> {
    const good = unfinished.filter(({ name, tested }) => tested && !this.#faults.has(name));
    for (const { notes } of good) this.#output.notes(notes);
    const sets = good.map(({ name, tested }) => ({ name, pictures: tested!.set.samples.length }));
    await spreadSets(this.#flags, adapters, sets, {
      onShare: (adapter, names) => this.#output.notes([`${names.join(', ')}: tested on ${adapter}`]),
      onRun: (run) => this.#output.run(run),
      onNote: (line) => process.stderr.write(`${line}\n`),
      onFailed: (dataset, why) => this.#fail(dataset, why),
    });
  }

  /** Whether a run has the figures of all classes, and their pictures where those are wanted. */
  #isWhole({ missing, sheets, classes }: KeptRun): boolean {
    return missing === undefined && (!this.#flags.visualize || sheets.length === classes.length);
  }

  async #testPending(pending: readonly Pending[], { tree, clip, run, prints }: Kept): Promise<void> {
    const runs = pending.flatMap(({ set, checkpoints }) => checkpoints.map((checkpoint) => ({ set, checkpoint })));
    const classes = pending.flatMap(({ set }) => this.#classes.get(set.name)!);
    const parts = { clip, tested: this.#tested, classes, runs };
    await using model = await ModelUnderTest.open(this.#flags, this.#settings, parts);
    let whole = true;
    for (const { set, checkpoints } of pending) {
      for (const checkpoint of checkpoints) {
        const { epoch } = checkpoint;
        const scratch = tree.makeFolderOf(set.name);
        await model.take(checkpoint);
        const result = await model.run(set, { scratch, pictures: this.#drawnIn(scratch, checkpoint) });
        const { rows, failure } = result;
        tree.runsOn(model.adapter);
        whole &&= !failure;
        if (rows.length > 0) {
          const tested = { dataset: set.name, domain: set.domain, epoch, result };
          this.#output.run(await tree.add(tested, prints.get(epoch)!));
        }
        if (failure) this.#fail(set.name, incomplete(set.name, failure).message);
        if (failure?.final) return;
      }
      await this.#save(tree, run);
    }
    if (whole) await model.end();
  }

  /** The folder for pictures, below one for the epoch where there are several. */
  #drawnIn(folder: string, { epoch }: ImageCheckpoint): string | undefined {
    if (!this.#flags.visualize) return undefined;
    return join(folder, 'visualization', ...(this.#tested.images.length > 1 ? [`epoch_${epoch}`] : []));
  }

  async #save(tree: ResultsTree, run: RunIdentity): Promise<Summary> {
    const epochs = this.#tested.images.map(({ epoch }) => epoch);
    const own = this.#flags.plain === 'all' ? undefined : trainedOn(this.#flags.save_path);
    const states = this.#found.map((one): SetState => {
      const { name, domain, known, needs } = one;
      const runs = tree.runsOf(name).filter((r) => epochs.includes(r.epoch));
      const whole = runs.length === epochs.length && runs.every((r) => r.missing === undefined);
      const fault = this.#faults.get(name);
      const state = fault !== undefined ? 'FAILED' : needs !== undefined ? 'NOT FOUND' : whole ? 'SUCCESS' : 'PENDING';
      return { name, domain, known, state, runs, trainedOn: name === own, why: fault ?? needs };
    });
    const summary = summarise(run, states, epochs);
    if (!this.#isShare) await tree.writeFiles(summaryFiles(summary));
    return summary;
  }

  /** One line that names the data sets that failed. */
  failure(): Error | undefined {
    const names = [...this.#faults.keys()];
    if (names.length === 0) return undefined;
    const others = this.#flags.dry_run ? '' : 'the figures of the others are kept: ';
    return new Error(
      `data sets: ${names.length} of ${this.#found.length} failed (${names.join(', ')}): ${others}correct what is said above, and start the same command again`,
    );
  }
}

interface Kept {
  readonly tree: ResultsTree;
  readonly clip: ClipTensors;
  readonly run: RunIdentity;
  /** Fingerprints of the image adapters. */
  readonly prints: ReadonlyMap<ImageCheckpoint['epoch'], string>;
}
