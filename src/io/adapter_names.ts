/** The adapters' tensors under the names of the published checkpoints, from any kind of file. */
import { listNames, type TensorFile } from './tensor_file.js';
import { expectFloats, type Recipe, type TensorView, viewTensors } from './tensor_view.js';
import { withoutWrappers } from './wrapped_names.js';

/** Adapter tensors: `text_adapter.{i}.fc.0.weight`, `image_adapter.layer_adapters.{i}.fc.0.weight`... */
export interface AdapterTensors extends TensorView {
  /** Whether the file holds text and image adapters. */
  readonly text: boolean;
  readonly image: boolean;
  /** Whether the image projections end in a LeakyReLU: then they are called `.fc.0.weight`, else `.fc.weight`. */
  readonly relu: boolean;
}

/** Groups: what stands before, the part's name where the file has it, and the rest. */
const TEXT = /^((?:.*?\.)??)(text_adapter\.)?(\d+\.fc\.0\.weight)$/;
const IMAGE =
  /^((?:.*?\.)??)(image_adapter\.)?((?:layer_adapters\.\d+\.fc\.0|seg_proj\.\d+\.fc(?:\.0)?|det_proj\.fc(?:\.0)?)\.weight)$/;

/** Whether there are adapters among names, whole or in part. */
export const holdsAdapters = (names: readonly string[]): boolean =>
  names.some((name) => TEXT.test(name) || IMAGE.test(name));

interface Found {
  readonly prefix: string;
  readonly named: boolean;
  /** Name of the published checkpoints. */
  readonly name: string;
  readonly own: string;
}

/**
 * The tensors of one part. The same tensors may be in a file more than once, behind different prefixes (Adam's moments,
 * averaged weights): those behind the shortest one count, and those with the part's name before those without.
 */
function partOf(file: TensorFile, part: 'text' | 'image', pattern: RegExp): readonly Found[] {
  const all = [...file.tensors.keys()].flatMap((own): Found[] => {
    const [, prefix, named, rest] = pattern.exec(own) ?? [];
    // The number of an image adapter's block looks like a text adapter's.
    if (prefix === undefined || (part === 'text' && named === undefined && IMAGE.test(own))) return [];
    return [{ prefix, named: named !== undefined, name: `${part}_adapter.${rest}`, own }];
  });
  const named = all.some((found) => found.named);
  const least = Math.min(...all.filter((found) => found.named || !named).map(({ prefix }) => prefix.length));
  const shortest = all.filter(({ prefix }) => prefix.length <= least);
  const prefixes = new Set(shortest.map(({ prefix }) => prefix));
  if (prefixes.size > 1) {
    throw new Error(
      `${file.name}: adapters are ambiguous: expected one ${part} adapter, got some at ${listNames([...prefixes])}; save the one that is meant by itself`,
    );
  }
  return shortest;
}

/**
 * The adapters in a file: a checkpoint of one part (`text_adapter` or `image_adapter`, with optimizer state), its bare state
 * dict, or both parts together. Other tensors of the file are ignored.
 *
 * @throws when the file has no adapters, a part is incomplete, or only some projections have a LeakyReLU
 */
export function canonicalAdapters(saved: TensorFile): AdapterTensors {
  const file = withoutWrappers(saved);
  const recipes = new Map<string, Recipe>();
  for (const { name, own } of [...partOf(file, 'text', TEXT), ...partOf(file, 'image', IMAGE)]) {
    const taken = recipes.get(name);
    if (taken !== undefined) {
      throw new Error(`${file.name}: adapters are ambiguous: expected one ${name}, got ${taken.from[0]} and ${own}`);
    }
    recipes.set(name, { from: [own] });
  }
  const names = [...recipes.keys()];
  const text = names.some((name) => name.startsWith('text_adapter.'));
  const image = names.some((name) => name.startsWith('image_adapter.'));
  if (!text && !image) {
    throw new Error(
      `${file.name}: no adapters: expected text_adapter.0.fc.0.weight or image_adapter.det_proj.fc.weight, got ${listNames([...file.tensors.keys()])}; use a file that training (aaclip train) or the published program wrote`,
    );
  }
  const relu = recipes.has('image_adapter.det_proj.fc.0.weight');
  const projection = relu ? 'fc.0.weight' : 'fc.weight';
  const expected = [
    ...(text ? series(file.name, names, 'text_adapter.', 'fc.0.weight', 1) : []),
    ...(image ? series(file.name, names, 'image_adapter.layer_adapters.', 'fc.0.weight', 0) : []),
    ...(image ? series(file.name, names, 'image_adapter.seg_proj.', projection, 1) : []),
    ...(image ? [`image_adapter.det_proj.${projection}`] : []),
  ];
  const missing = expected.filter((name) => !recipes.has(name));
  const odd = names.filter((name) => !expected.includes(name));
  if (missing.length + odd.length > 0) {
    const [name, why] = [...(file.unread ?? [])].find(([own]) => missing.some((m) => m.endsWith(own))) ?? [];
    if (why !== undefined) throw new Error(`${file.name}: tensor ${name} cannot be read: ${why}`);
    const wanted = listNames(missing.length > 0 ? missing : expected);
    const got = listNames(odd.length > 0 ? odd : names);
    throw new Error(`${file.name}: adapters are incomplete or mixed: expected ${wanted}, got ${got}`);
  }
  const inOrder = new Map(expected.map((name) => [name, recipes.get(name)!]));
  const view = viewTensors(file, inOrder);
  expectFloats(view);
  return { ...view, text, image, relu };
}

/** `start0.end` and so on, up to the highest number among `names`; at least `least` names. */
function series(file: string, names: readonly string[], start: string, end: string, least: number): string[] {
  let count = least;
  for (const name of names) {
    if (name.startsWith(start)) count = Math.max(count, Number.parseInt(name.slice(start.length), 10) + 1);
  }
  if (count > 1000)
    throw new Error(`${file}: adapters: number is too high: expected at most 999, got ${count - 1} for ${start}`);
  return Array.from({ length: count }, (_, i) => `${start}${i}.${end}`);
}
