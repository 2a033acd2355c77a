/** Tests all data sets in one process, with one device and one loaded model; what an earlier start has done is kept. */
import { join } from 'node:path';
import type { ClassTokens } from '../../detect/class_tokens.js';
import { encodeClasses } from '../../detect/class_tokens.js';
import { settingsLine } from '../../detect/method_settings.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { inferConfig } from '../../model/config.js';
import { fileFingerprint } from '../../node/file_fingerprint.js';
import { openTokenizer } from '../../node/open_tokenizer.js';
import { openClip } from '../../node/open_weights.js';
import { lineOf, whenStopped } from '../endings.js';
import { openDevice } from '../options.js';
import type { TestFlags } from '../test_adapters/flags.js';
import { incomplete, lookedAt, ModelUnderTest, settingsOf } from '../test_adapters/model_under_test.js';
import type { TestSettings } from '../test_adapters/output.js';
import { type ImageCheckpoint, openTested, type TestedAdapters } from '../test_adapters/tested_adapters.js';
import type { TestedData } from '../test_adapters/tested_data.js';
import { LEAVE_OUT, tellUnknownWords } from '../unknown_words.js';
import type { SetState } from './best_epoch.js';
import { RESULTS } from './flags.js';
import { type FoundSet, findSets, fingerprintOf } from './found_sets.js';
import { AllOutput } from './output.js';
import { type KeptRun, ResultsTree, type RunIdentity } from './results_tree.js';
import { type Summary, summarise, summaryFiles } from './summary.js';

export async function runTestAll(given: TestFlags): Promise<void> {
  const flags = { ...given, results_dir: given.results_dir ?? RESULTS };
  const found = await findSets(flags);
  const clip = await openClip(flags.weights);
  const tested = await openTested(flags, inferConfig(clip));
  const all = new AllSets(flags, found, tested);
  if (flags.dry_run) await all.look(clip);
  else await all.test(clip);
  all.throwIfFailed();
}

/** A data set with the checkpoints it has no figures for. */
interface Pending {
  readonly set: TestedData;
  readonly checkpoints: readonly ImageCheckpoint[];
}

class AllSets {
  readonly #output: AllOutput;
  readonly #flags: TestFlags;
  readonly #found: readonly FoundSet[];
  readonly #tested: TestedAdapters;
  readonly #settings: TestSettings;
  readonly #classes = new Map<string, readonly ClassTokens[]>();
  /** Why data sets cannot be tested. */
  readonly #faults = new Map<string, string>();

  constructor(flags: TestFlags, found: readonly FoundSet[], tested: TestedAdapters) {
    this.#output = new AllOutput(flags.json ?? false);
    this.#flags = flags;
    this.#found = found;
    this.#tested = tested;
    this.#settings = settingsOf(flags, tested);
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
  async look(clip: ClipTensors): Promise<void> {
    await this.#prepare(clip);
    await this.#lookAt(this.#found);
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
        good.push(...(await lookedAt([tested.set], this.#flags, this.#settings.imageSize, true)));
      } catch (error) {
        this.#fail(name, lineOf(error));
      }
    }
    return good;
  }

  async test(clip: ClipTensors): Promise<void> {
    const fingerprint = async ({ file }: ImageCheckpoint): Promise<string> =>
      file === undefined ? 'plain' : await fileFingerprint(file);
    const { images } = this.#tested;
    const prints = new Map(await Promise.all(images.map(async (c) => [c.epoch, await fingerprint(c)] as const)));
    const run = await this.#identity(clip);
    using tree = new ResultsTree(this.#settings.resultsDir, run);
    const changed = this.#found.filter(
      ({ name, tested }) => tested && tree.takeUp(name, fingerprintOf(tested), prints),
    );
    await this.#prepare(clip);
    this.#output.notes(changed.map(({ name }) => `${name}: its list or its prompts have changed: it is tested again`));
    whenStopped(() => `what is finished is kept in ${tree.folder}: the same command goes on from there`);
    await this.#save(tree, run);
    const pending = await this.#pending(tree);
    try {
      if (pending.length > 0) await this.#testPending(pending, { tree, clip, run, prints });
    } finally {
      for (const { name, tested } of this.#found) {
        if (tested || this.#faults.has(name)) await tree.writeLog(name, this.#faults.get(name));
      }
      this.#output.summary(await this.#save(tree, run), tree.folder);
    }
  }

  async #identity(clip: ClipTensors): Promise<RunIdentity> {
    const { text } = this.#tested;
    const { resultsDir, ...settings } = this.#settings;
    return {
      ...settings,
      classes: this.#flags.class ?? null,
      skipBroken: this.#flags.skipBroken ?? false,
      weightsFingerprint: (await clip.fingerprint?.()) ?? this.#flags.weights,
      textFingerprint: text ? await fileFingerprint(text.name) : 'plain',
    };
  }

  async #pending(tree: ResultsTree): Promise<Pending[]> {
    const missing = (name: string): ImageCheckpoint[] =>
      this.#tested.images.filter(({ epoch }) => !tree.runsOf(name).some((r) => r.epoch === epoch && this.#isWhole(r)));
    const sets = await this.#lookAt(this.#found.filter(({ name }) => missing(name).length > 0));
    return sets.map((set) => ({ set, checkpoints: missing(set.name) }));
  }

  /** Whether a run has the figures of all classes, and their pictures where those are wanted. */
  #isWhole({ missing, sheets, classes }: KeptRun): boolean {
    return missing === undefined && (!this.#flags.visualize || sheets.length === classes.length);
  }

  async #testPending(pending: readonly Pending[], { tree, clip, run, prints }: Kept): Promise<void> {
    const gpu = await openDevice(this.#flags);
    const pictures = pending.reduce((sum, { set, checkpoints }) => sum + set.samples.length * checkpoints.length, 0);
    const classes = pending.flatMap(({ set }) => this.#classes.get(set.name)!);
    const parts = { clip, tested: this.#tested, classes, pictures };
    using model = await ModelUnderTest.load(gpu, this.#flags, this.#settings, parts);
    for (const { set, checkpoints } of pending) {
      for (const checkpoint of checkpoints) {
        const { epoch } = checkpoint;
        const scratch = tree.makeFolderOf(set.name);
        await model.take(checkpoint);
        const result = await model.run(set, { scratch, pictures: this.#drawnIn(scratch, checkpoint) });
        const { rows, failure } = result;
        if (rows.length > 0) {
          const tested = { dataset: set.name, domain: set.domain, epoch, result };
          this.#output.run(await tree.add(tested, prints.get(epoch)!), rows);
        }
        if (failure) this.#fail(set.name, incomplete(set.name, failure).message);
        if (failure?.final) return;
      }
      await this.#save(tree, run);
    }
  }

  /** The folder for pictures, below one for the epoch where there are several. */
  #drawnIn(folder: string, { epoch }: ImageCheckpoint): string | undefined {
    if (!this.#flags.visualize) return undefined;
    return join(folder, 'visualization', ...(this.#tested.images.length > 1 ? [`epoch_${epoch}`] : []));
  }

  async #save(tree: ResultsTree, run: RunIdentity): Promise<Summary> {
    const epochs = this.#tested.images.map(({ epoch }) => epoch);
    const states = this.#found.map((one): SetState => {
      const { name, domain, known, needs } = one;
      const runs = tree.runsOf(name).filter((r) => epochs.includes(r.epoch));
      const whole = runs.length === epochs.length && runs.every((r) => r.missing === undefined);
      const fault = this.#faults.get(name);
      const state = fault !== undefined ? 'FAILED' : needs !== undefined ? 'NOT FOUND' : whole ? 'SUCCESS' : 'PENDING';
      return { name, domain, known, state, runs, why: fault ?? needs };
    });
    const summary = summarise(run, states, epochs);
    await tree.writeFiles(summaryFiles(summary));
    return summary;
  }

  /** @throws one line that names the data sets that failed */
  throwIfFailed(): void {
    const names = [...this.#faults.keys()];
    if (names.length === 0) return;
    const others = this.#flags.dry_run ? '' : 'the figures of the others are kept: ';
    throw new Error(
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
