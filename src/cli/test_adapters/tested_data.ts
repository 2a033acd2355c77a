/** Which data sets, classes and samples are tested, and the prompts of the classes. */

import { promptsFor } from '../../data/class_prompts.js';
import type { Domain, Registry } from '../../data/datasets.js';
import { byClass, type Sample } from '../../data/metadata.js';
import { type PromptedClass, promptedClass } from '../../detect/class_tokens.js';
import { type DataSource, dataPlaces, FULL, openData } from '../../node/sample_lists.js';
import type { TestFlags } from './flags.js';

export interface TestedData {
  readonly name: string;
  readonly root: string;
  /** The list's name in messages. */
  readonly list: string;
  readonly domain: Domain;
  /** False-positive rate up to which per-region overlap is counted. */
  readonly overlapLimit?: number | undefined;
  /** Class by class. */
  readonly samples: readonly Sample[];
  /** Bytes of each decoded picture, where they are known. */
  readonly bytes: readonly number[] | undefined;
  /** The detector's name for a class of this data set. */
  keyOf(className: string): string;
}

export interface TestedSets {
  readonly sets: readonly TestedData[];
  /** All classes of all data sets, named by `keyOf`. */
  readonly classes: readonly PromptedClass[];
  /** What the user should know about the data sets. */
  readonly notes: readonly string[];
}

export interface TestedSet {
  readonly set: TestedData;
  readonly classes: readonly PromptedClass[];
}

/** Names separated by commas. */
export const namesIn = (text: string): string[] => text.split(',').map((n) => n.trim());

/** The classes that `--class` names; a class with a comma in its name can only be given alone. */
export function wantedClasses(text: string, sources: readonly DataSource[]): Set<string> {
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

/** Notes on a data set, also on classes of which no pictures are there: its average is then over the others. */
export function notesOf({ name, info, samples, notes }: DataSource, wanted: ReadonlySet<string> | undefined): string[] {
  const there = new Set(samples.map((s) => s.className));
  const lacking = Object.keys(info?.classes ?? {}).filter((c) => !there.has(c) && (wanted?.has(c) ?? true));
  const more =
    lacking.length > 0 ? [`no pictures of ${lacking.join(', ')}: the average is over the other classes`] : [];
  return [...notes, ...more].map((note) => (note.startsWith(`${name}: `) ? note : `${name}: ${note}`));
}

/** The value of `--dataset` that stands for every data set of the registry. */
export const ALL = 'all';

/** A data set with the classes that are tested, or undefined where it has none of those wanted. */
export function testedSet(
  source: DataSource,
  registry: Registry,
  { domain: given }: Pick<TestFlags, 'domain'>,
  wanted: ReadonlySet<string> | undefined,
): TestedSet | undefined {
  const samples = inOrder(source, wanted);
  if (samples.length === 0) return undefined;
  const { name, root, list, info } = source;
  const domain = given ?? info?.domain ?? promptsFor(samples[0]!.className, registry, name).domain;
  const keyOf = (className: string): string => `${name}/${className}`;
  const classes = [...byClass(samples).keys()].map((className) =>
    promptedClass(className, registry, { key: keyOf(className), domain, dataset: name }),
  );
  return {
    set: { name, root, list, domain, overlapLimit: info?.overlapLimit, samples, bytes: undefined, keyOf },
    classes,
  };
}

/**
 * Finds the data sets and classes that the flags name. @throws one line when a data set, its list or a class is missing
 */
export async function openTestedSets(flags: TestFlags): Promise<TestedSets> {
  const names = new Set(namesIn(flags.dataset));
  const places = await dataPlaces(flags, names.size > 1);
  const sources: DataSource[] = [];
  for (const name of names) sources.push(await openData(name, FULL, flags, places));
  const wanted = flags.class === undefined ? undefined : wantedClasses(flags.class, sources);
  const found = sources.flatMap((source) => testedSet(source, places.registry, flags, wanted) ?? []);
  return {
    sets: found.map(({ set }) => set),
    notes: sources.flatMap((source) => notesOf(source, wanted)),
    classes: found.flatMap(({ classes }) => classes),
  };
}
