/** Which data sets, classes and samples are tested, and the prompts of the classes. */

import { promptsFor } from '../../data/class_prompts.js';
import { byClass, type Sample } from '../../data/metadata.js';
import { type PromptedClass, promptedClass } from '../../detect/class_tokens.js';
import { DATA_VARIABLE, findRoot, type RootOptions } from '../../node/data_roots.js';
import { type DataSource, dataPlaces, FULL, openData } from '../../node/sample_lists.js';
import type { TestedData } from './data_run.js';
import type { TestFlags } from './flags.js';

export interface TestedSets {
  readonly sets: readonly TestedData[];
  /** All classes of all data sets, named by `keyOf`. */
  readonly classes: readonly PromptedClass[];
  /** What the user should know about the data sets. */
  readonly notes: readonly string[];
}

/** Names separated by commas. */
const namesIn = (text: string): string[] => text.split(',').map((n) => n.trim());

/** The classes that `--class` names; a class with a comma in its name can only be given alone. */
function wantedClasses(text: string, sources: readonly DataSource[]): Set<string> {
  const there = new Set(sources.flatMap(({ samples }) => samples.map((s) => s.className)));
  const wanted = there.has(text) ? [text] : namesIn(text);
  const missing = wanted.filter((name) => !there.has(name));
  if (missing.length > 0) {
    throw new Error(`--class: not in the list: expected some of ${[...there].join(', ')}, got ${missing.join(', ')}`);
  }
  return new Set(wanted);
}

/** Samples class by class: first the registry's classes in its order, the order of published tables, then the others. */
function inOrder(source: DataSource, wanted: ReadonlySet<string> | undefined): Sample[] {
  const groups = byClass(source.samples);
  const known = Object.keys(source.info?.classes ?? {});
  const names = [...known.filter((c) => groups.has(c)), ...[...groups.keys()].filter((c) => !known.includes(c))];
  return names.filter((c) => wanted?.has(c) ?? true).flatMap((c) => groups.get(c)!);
}

async function openAll(places: RootOptions, flags: TestFlags, notes: string[]): Promise<DataSource[]> {
  const found: DataSource[] = [];
  const missing: string[] = [];
  for (const name of Object.keys(places.registry.datasets)) {
    if (hasRoot(name, places)) found.push(await openData(name, FULL, flags, places));
    else missing.push(name);
  }
  if (found.length === 0) {
    throw new Error(
      `--dataset all: none of ${missing.join(', ')} was found: give --data DIR, set ${DATA_VARIABLE} to the folder that holds them, or write {"roots": {"MVTec": "DIR"}} into ${places.config.file}`,
    );
  }
  if (missing.length > 0) notes.push(`left out, since there is no folder: ${missing.join(', ')}`);
  return found;
}

function hasRoot(name: string, places: RootOptions): boolean {
  try {
    findRoot(name, places);
    return true;
  } catch {
    return false;
  }
}

/**
 * Finds the data sets and classes that the flags name. @throws one line when a data set, its list or a class is missing
 */
export async function openTestedSets(flags: TestFlags): Promise<TestedSets> {
  const names = namesIn(flags.dataset);
  const all = flags.dataset.trim() === 'all';
  const places = await dataPlaces(flags, all || names.length > 1);
  const notes: string[] = [];
  const sources: DataSource[] = [];
  if (all) sources.push(...(await openAll(places, flags, notes)));
  else for (const name of new Set(names)) sources.push(await openData(name, FULL, flags, places));
  const wanted = flags.class === undefined ? undefined : wantedClasses(flags.class, sources);
  const sets = sources.flatMap((source): TestedData[] => {
    notes.push(...source.notes);
    const samples = inOrder(source, wanted);
    if (samples.length === 0) return [];
    const { name, root, info } = source;
    const first = promptsFor(samples[0]!.className, places.registry, name);
    const domain = flags.domain ?? info?.domain ?? first.domain;
    return [
      {
        name,
        root,
        list: source.list,
        domain,
        samples,
        bytes: undefined,
        keyOf: (className) => `${name}/${className}`,
      },
    ];
  });
  return {
    sets,
    notes,
    classes: sets.flatMap(({ name, domain, samples, keyOf }) =>
      [...byClass(samples).keys()].map((className) =>
        promptedClass(className, places.registry, { key: keyOf(className), domain, dataset: name }),
      ),
    ),
  };
}
