/** Looking up data sets and classes, and the prompts of a class. */
import { type DatasetInfo, type Domain, REGISTRY, type Registry } from './datasets.js';
import { own } from './names.js';

/** The input of the text tower for one class. */
export interface ClassPrompts {
  /** States x templates, templates varying fastest: the published order. */
  readonly normal: readonly string[];
  readonly abnormal: readonly string[];
  /** The name the prompts use. */
  readonly realName: string;
  /** Whether the class is one of a known data set (or the general "object"). */
  readonly known: boolean;
  /** Domain of the given data set, else of the data set that has the class; Industrial where no data set has it. */
  readonly domain: Domain;
}

/** The prompts of a class and the name they use. */
export type Prompts = Pick<ClassPrompts, 'normal' | 'abnormal' | 'realName'>;

/** The class name that stands for anything: every data set has it. */
export const ANY_OBJECT = 'object';

/**
 * The prompts of a class: its real name where a data set knows it, else the name as given.
 * @param dataset searched first; then the class is taken from the first data set that has it
 * @throws when the name is empty or blank
 */
export function promptsFor(className: string, registry: Registry = REGISTRY, dataset?: string): ClassPrompts {
  if (className.trim() === '') {
    throw new Error('class name: empty: expected the name of what the picture shows, such as "bottle" or "object"');
  }
  const asked = dataset === undefined ? undefined : own(registry.datasets, dataset);
  const all = Object.values(registry.datasets);
  const home = [...(asked ? [asked] : []), ...all].find((d) => own(d.classes, className) !== undefined);
  const realName = (home && own(home.classes, className)) ?? className;
  const texts = { ...registry, ...(asked ?? home) };
  const fill = (states: readonly string[]) =>
    states.flatMap((state) => {
      // A function, because `replace` would treat "$&" and the like in a name as patterns.
      const named = state.replace('{}', () => realName);
      return texts.templates.map((template) => template.replace('{}', () => named));
    });
  return {
    normal: fill(texts.normalStates),
    abnormal: fill(texts.abnormalStates),
    realName,
    known: home !== undefined || className === ANY_OBJECT,
    domain: (asked ?? home)?.domain ?? 'Industrial',
  };
}

/**
 * A data set by name.
 * @throws listing the known data sets when it is not among them
 */
export function findDataset(name: string, registry: Registry = REGISTRY): DatasetInfo {
  const found = own(registry.datasets, name);
  if (!found) {
    throw new Error(
      `data set: unknown name: expected one of ${Object.keys(registry.datasets).join(', ')}, got ${quoted(name)}`,
    );
  }
  return found;
}

/**
 * The real name of a class of a data set; every data set has the class "object".
 * @throws listing the data set's classes when it has no such class
 */
export function findClass(dataset: string, className: string, registry: Registry = REGISTRY): string {
  const { classes } = findDataset(dataset, registry);
  const realName = className === ANY_OBJECT ? ANY_OBJECT : own(classes, className);
  if (realName === undefined) {
    const known = [...Object.keys(classes), ANY_OBJECT].join(', ');
    throw new Error(`data set ${dataset}: unknown class: expected one of ${known}, got ${quoted(className)}`);
  }
  return realName;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
