/** Which data sets of the registry are there, and what the others lack. */
import { createHash } from 'node:crypto';
import type { DatasetInfo, Domain } from '../../data/datasets.js';
import { LAYOUTS } from '../../data/index_layouts.js';
import { own } from '../../data/names.js';
import { DATA_VARIABLE, findRoot, type RootOptions } from '../../node/data_roots.js';
import { type DataSource, dataPlaces, FULL, openData } from '../../node/sample_lists.js';
import { lineOf } from '../endings.js';
import type { TestFlags } from '../test_adapters/flags.js';
import { ALL, namesIn, notesOf, type TestedSet, testedSet, wantedClasses } from '../test_adapters/tested_data.js';

/** Data sets in the order in which the published program tests them all; other ones follow. */
export const TEST_ORDER: readonly string[] = [
  ...['Brain', 'Liver', 'Retina', 'Colon_clinicDB', 'Colon_colonDB', 'Colon_cvc300', 'Colon_Kvasir'],
  ...['BTAD', 'MPDD', 'MVTec', 'VisA', 'MVTec2'],
];

/** A data set that was asked for. */
export interface FoundSet {
  readonly name: string;
  readonly domain: Domain;
  /** Classes that the registry knows of it; 0 for the user's own data. */
  readonly known: number;
  /** Undefined where it cannot be tested. */
  readonly tested: TestedSet | undefined;
  /** What it needs, where there is no folder. */
  readonly needs?: string;
  /** Why it cannot be tested, where there is a folder. */
  readonly fault?: string;
  /** What the user should know about it. */
  readonly notes: readonly string[];
}

/**
 * All data sets of the registry, or those that `--dataset` names in the order given.
 * @throws one line when none is found, a name or a class is unknown, or the settings cannot be read
 */
export async function findSets(flags: TestFlags): Promise<FoundSet[]> {
  const places = await dataPlaces(flags, true);
  const all = flags.dataset.trim() === ALL;
  const names = new Set(all ? [...TEST_ORDER, ...Object.keys(places.registry.datasets)] : namesIn(flags.dataset));
  const opened = await Promise.all([...names].map((name) => open(name, flags, places)));
  if (!opened.some(({ source, fault }) => source ?? fault)) {
    throw new Error(
      `data sets: none of ${[...names].join(', ')} was found: give --data DIR, set ${DATA_VARIABLE} to the folder that holds them, or write {"roots": {"MVTec": "DIR"}} into ${places.config.file}`,
    );
  }
  const sources = opened.flatMap(({ source }) => source ?? []);
  const wanted = flags.class === undefined ? undefined : wantedClasses(flags.class, sources);
  return opened.flatMap((one): FoundSet[] => {
    const { name, info, source, ...rest } = one;
    const known = Object.keys(info?.classes ?? {}).length;
    const tested = source && testedSet(source, places.registry, flags, wanted);
    // Only its classes were not wanted.
    if (source && !tested) return [];
    const domain = tested?.set.domain ?? info?.domain ?? 'Industrial';
    return [{ name, known, tested, domain, notes: source ? notesOf(source, wanted) : [], ...rest }];
  });
}

interface Opened extends Pick<FoundSet, 'name' | 'needs' | 'fault'> {
  readonly info: DatasetInfo | undefined;
  readonly source?: DataSource;
}

async function open(name: string, flags: TestFlags, places: RootOptions): Promise<Opened> {
  const info = own(places.registry.datasets, name);
  try {
    findRoot(name, places);
  } catch {
    // A name that nothing knows may be misspelled: opening it says so.
    if (info === undefined) return { name, info, source: await openData(name, FULL, flags, places) };
    const layout = info.layout === undefined ? '' : `, with ${LAYOUTS[info.layout]}`;
    return { name, info, needs: `needs the folder ${info.folder}${layout}` };
  }
  try {
    return { name, info, source: await openData(name, FULL, flags, places) };
  } catch (error) {
    const line = lineOf(error);
    return { name, info, fault: line.startsWith(`${name}: `) ? line.slice(name.length + 2) : line };
  }
}

/** Text that changes with what is tested of a data set: its samples, their classes' prompts, and how they are scored. */
export function fingerprintOf({ set, classes }: TestedSet): string {
  const rows = set.samples.map((s) => [s.imagePath, s.maskPath ?? '', s.label, s.className]);
  const text = JSON.stringify([set.domain, set.overlapLimit ?? null, rows, classes]);
  return createHash('sha256').update(text).digest('hex');
}
