/**
 * The registry as a JSON file: the known data sets, and how a user's own file extends them.
 *
 *     {"datasets": {"Parts": {"domain": "Industrial", "folder": "parts", "layout": "folder",
 *                             "classes": {"nut": "hexagonal steel nut"}}}}
 *
 * The file may have every key of the registry. Its data sets and classes are added to the known ones; where a name
 * exists already, the file's entry replaces the old one. Prompt texts may be given for all data sets or for a single
 * one.
 */

import type { DatasetInfo, PromptTexts, Registry } from './datasets.js';
import { LAYOUTS, type Layout } from './index_layouts.js';
import { own } from './names.js';
import { printable } from './printable.js';
import { showValue } from './show_value.js';

type Json = Readonly<Record<string, unknown>>;

/** On the command line, `all` stands for every data set, and commas separate names. */
const RESERVED = /^all$|,/;
const PROMPTS = ['normalStates', 'abnormalStates', 'templates'] as const;
const OF_REGISTRY = [...PROMPTS, 'datasets'];
const OF_DATASET = ['domain', 'folder', 'layout', 'overlapLimit', 'classes', ...PROMPTS];

/** Reads one file; every error names the place in it. */
class Reader {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  wrong(place: string, expected: string, got: unknown): Error {
    return new Error(`${this.#file}: ${place}: expected ${expected}, got ${showValue(got)}`);
  }

  object(place: string, value: unknown, keys?: readonly string[]): Json {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.wrong(place, 'an object', value);
    const odd = keys && Object.keys(value).find((k) => !keys.includes(k));
    if (odd !== undefined) throw this.wrong(place, `the keys ${keys?.join(', ')}`, odd);
    return value as Json;
  }

  text(place: string, value: unknown): string {
    if (typeof value !== 'string' || value.trim() === '') throw this.wrong(place, 'a text', value);
    return value;
  }

  prompts(place: string, given: Json): Partial<PromptTexts> {
    const found: { -readonly [K in keyof PromptTexts]?: string[] } = {};
    for (const key of PROMPTS) {
      const list = given[key];
      if (list === undefined) continue;
      const at = `${place}${key}`;
      if (!Array.isArray(list) || list.length === 0) throw this.wrong(at, 'a list of texts', list);
      found[key] = list.map((item, i) => {
        const text = this.text(`${at}[${i}]`, item);
        if (text.split('{}').length !== 2) throw this.wrong(`${at}[${i}]`, 'a text with one {} in it', item);
        return text;
      });
    }
    return found;
  }

  dataset(name: string, value: unknown, before: DatasetInfo | undefined): DatasetInfo {
    const place = `data set ${showValue(name)}`;
    if (name.trim() === '' || RESERVED.test(name))
      throw this.wrong(place, 'a name other than "all", without a comma', name);
    const given = this.object(place, value, OF_DATASET);
    const { domain = before?.domain, folder = before?.folder ?? name, layout = before?.layout } = given;
    if (domain !== 'Industrial' && domain !== 'Medical') {
      throw this.wrong(`${place}: domain`, '"Industrial" or "Medical"', domain);
    }
    if (layout !== undefined && (typeof layout !== 'string' || own(LAYOUTS, layout) === undefined)) {
      throw this.wrong(`${place}: layout`, `one of ${Object.keys(LAYOUTS).join(', ')}`, layout);
    }
    const { overlapLimit = before?.overlapLimit } = given;
    if (overlapLimit !== undefined && !(typeof overlapLimit === 'number' && overlapLimit > 0 && overlapLimit <= 1)) {
      throw this.wrong(`${place}: overlapLimit`, 'a number above 0, at most 1', overlapLimit);
    }
    const classes: [string, string][] = Object.entries(
      this.object(`${place}: classes`, given.classes ?? (before ? {} : undefined)),
    ).map(([c, realName]) => [c, this.text(`${place}: class ${showValue(c)}`, realName)]);
    return {
      ...before,
      ...this.prompts(`${place}: `, given),
      domain,
      folder: this.text(`${place}: folder`, folder),
      ...(layout === undefined ? {} : { layout: layout as Layout }),
      ...(overlapLimit === undefined ? {} : { overlapLimit }),
      classes: { ...before?.classes, ...Object.fromEntries(classes) },
    };
  }
}

/**
 * A registry extended by the text of a file.
 * @param file name of the file in messages
 * @throws one line with the file, the place in it and the fault
 */
export function extendRegistry(file: string, text: string, base: Registry): Registry {
  const reader = new Reader(file);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw new Error(printable(`${file}: not JSON: ${error instanceof Error ? error.message : String(error)}`));
  }
  const given = reader.object('the file', parsed, OF_REGISTRY);
  const datasets = Object.entries(given.datasets === undefined ? {} : reader.object('datasets', given.datasets));
  const added = datasets.map(([name, value]): [string, DatasetInfo] => [
    name,
    reader.dataset(name, value, own(base.datasets, name)),
  ]);
  return {
    ...base,
    ...reader.prompts('', given),
    datasets: { ...base.datasets, ...Object.fromEntries(added) },
  };
}

/** A registry as the text of a file. */
export function registryText(registry: Registry): string {
  return `${JSON.stringify(registry, null, 2)}\n`;
}
