/** The adapters' tensors under the names of the published checkpoints, from any kind of file. */
import { listNames, type TensorFile } from './tensor_file.js';
import { type Recipe, type TensorView, viewTensors } from './tensor_view.js';

/** Adapter tensors: `text_adapter.{i}.fc.0.weight`, `image_adapter.layer_adapters.{i}.fc.0.weight`... */
export interface AdapterTensors extends TensorView {
  /** Whether the file holds text and image adapters. */
  readonly text: boolean;
  readonly image: boolean;
  /** Whether the image projections end in a LeakyReLU: then they are called `.fc.0.weight`, else `.fc.weight`. */
  readonly relu: boolean;
}

const PREFIX = '^(?:(?:module|model|state_dict)\\.)*';
const TEXT = new RegExp(`${PREFIX}(?:text_adapter\\.)?(\\d+\\.fc\\.0\\.weight)$`);
const IMAGE = new RegExp(
  `${PREFIX}(?:image_adapter\\.)?((?:layer_adapters\\.\\d+\\.fc\\.0|seg_proj\\.\\d+\\.fc(?:\\.0)?|det_proj\\.fc(?:\\.0)?)\\.weight)$`,
);

/**
 * The adapters in a file: a checkpoint of one part (`text_adapter` or `image_adapter`, with optimizer state), its bare state
 * dict, or both parts together. Other tensors of the file are ignored.
 *
 * @throws when the file has no adapters, a part is incomplete, or only some projections have a LeakyReLU
 */
export function canonicalAdapters(file: TensorFile): AdapterTensors {
  const recipes = new Map<string, Recipe>();
  for (const own of file.tensors.keys()) {
    const text = TEXT.exec(own);
    const image = IMAGE.exec(own);
    const name = text !== null ? `text_adapter.${text[1]}` : image !== null ? `image_adapter.${image[1]}` : undefined;
    if (name === undefined) continue;
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
      `${file.name}: no adapters: expected text_adapter.0.fc.0.weight or image_adapter.det_proj.fc.weight, got ${listNames([...file.tensors.keys()])}`,
    );
  }
  const relu = recipes.has('image_adapter.det_proj.fc.0.weight');
  const projection = relu ? 'fc.0.weight' : 'fc.weight';
  const expected = [
    ...(text ? series(names, 'text_adapter.', 'fc.0.weight', 1) : []),
    ...(image ? series(names, 'image_adapter.layer_adapters.', 'fc.0.weight', 0) : []),
    ...(image ? series(names, 'image_adapter.seg_proj.', projection, 1) : []),
    ...(image ? [`image_adapter.det_proj.${projection}`] : []),
  ];
  const missing = expected.filter((name) => !recipes.has(name));
  const odd = names.filter((name) => !expected.includes(name));
  if (missing.length + odd.length > 0) {
    const wanted = listNames(missing.length > 0 ? missing : expected);
    const got = listNames(odd.length > 0 ? odd : names);
    throw new Error(`${file.name}: adapters are incomplete or mixed: expected ${wanted}, got ${got}`);
  }
  const inOrder = new Map(expected.map((name) => [name, recipes.get(name)!]));
  return { ...viewTensors(file, inOrder), text, image, relu };
}

/** `start0.end` and so on, up to the highest number among `names`; at least `least` names. */
function series(names: readonly string[], start: string, end: string, least: number): string[] {
  let count = least;
  for (const name of names) {
    if (name.startsWith(start)) count = Math.max(count, Number.parseInt(name.slice(start.length), 10) + 1);
  }
  if (count > 1000)
    throw new Error(`adapters: number is too high: expected at most 999, got ${count - 1} for ${start}`);
  return Array.from({ length: count }, (_, i) => `${start}${i}.${end}`);
}
