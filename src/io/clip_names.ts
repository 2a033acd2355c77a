/**
 * CLIP's tensors under one set of names, regardless of the program that saved them. The canonical names are OpenAI's,
 * which OpenCLIP also uses; the names of Hugging Face's CLIPModel are mapped to them.
 */
import { checkClipShapes } from './clip_shapes.js';
import { modelKind } from './model_kinds.js';
import { shownText } from './shown_text.js';
import { listNames, type TensorFile } from './tensor_file.js';
import { expectFloats, type Recipe, type TensorView, viewTensors } from './tensor_view.js';
import { withoutWrappers } from './wrapped_names.js';

/** A CLIP's tensors under OpenAI's names (`visual.conv1.weight`, `transformer.resblocks.0.ln_1.bias`...). */
export type ClipTensors = TensorView;

/** Tensors of a block; `x` in Hugging Face's names stands for q, k and v in turn. */
const BLOCK = [
  ['ln_1', 'layer_norm1', '.weight', '.bias'],
  ['attn.in_proj', 'self_attn.x_proj', '_weight', '_bias'],
  ['attn.out_proj', 'self_attn.out_proj', '.weight', '.bias'],
  ['ln_2', 'layer_norm2', '.weight', '.bias'],
  ['mlp.c_fc', 'mlp.fc1', '.weight', '.bias'],
  ['mlp.c_proj', 'mlp.fc2', '.weight', '.bias'],
] as const;

/** The other tensors, with Hugging Face's names. */
const OTHERS: readonly (readonly [canonical: string, huggingFace: string, transposed?: boolean])[] = [
  ['visual.class_embedding', 'vision_model.embeddings.class_embedding'],
  ['visual.positional_embedding', 'vision_model.embeddings.position_embedding.weight'],
  ['visual.conv1.weight', 'vision_model.embeddings.patch_embedding.weight'],
  ['visual.ln_pre.weight', 'vision_model.pre_layrnorm.weight'],
  ['visual.ln_pre.bias', 'vision_model.pre_layrnorm.bias'],
  ['visual.ln_post.weight', 'vision_model.post_layernorm.weight'],
  ['visual.ln_post.bias', 'vision_model.post_layernorm.bias'],
  ['visual.proj', 'visual_projection.weight', true],
  ['token_embedding.weight', 'text_model.embeddings.token_embedding.weight'],
  ['positional_embedding', 'text_model.embeddings.position_embedding.weight'],
  ['ln_final.weight', 'text_model.final_layer_norm.weight'],
  ['ln_final.bias', 'text_model.final_layer_norm.bias'],
  ['text_projection', 'text_projection.weight', true],
];

/** Most files have it, but nothing here needs it. */
const OPTIONAL = 'logit_scale';
/** Ids of the rows in a shortened token table, ascending: small models hold only the words they know. */
const KEPT_TOKENS = 'token_ids';

/** How the tensors of a file are named. */
interface Naming {
  /** What stands before the names. */
  readonly prefix: string;
  /** Where a canonical tensor is in the file. */
  find(canonical: string): Recipe;
  /** Matches the names of a tower's blocks in the file. Groups: block number, rest. */
  block(tower: string): RegExp;
}

const TOWERS = ['visual.transformer', 'transformer'] as const;

/**
 * The CLIP in a file, under OpenAI's names. Lazy: q, k and v are stacked, and projections transposed, when they are read.
 *
 * Accepts the names of OpenAI, OpenCLIP (also with the text tower under `text.`) and Hugging Face, after any prefix: the
 * names of programs, wrappers and dictionaries that the model was saved in. Other tensors of the file are ignored.
 *
 * @throws when the layout is unknown, a tensor is missing or has another shape than the others imply, or a block has a tensor
 * that CLIP's blocks do not have; the error says what the file is where that is known, what was expected and what the file
 * has
 */
export function canonicalClip(saved: TensorFile): ClipTensors {
  const file = withoutWrappers(saved);
  const naming = findNaming(file);
  const recipes = new Map<string, Recipe>();
  for (const [name] of OTHERS) recipes.set(name, naming.find(name));
  const scale = naming.find(OPTIONAL);
  if (scale.from.every((name) => file.tensors.has(name))) recipes.set(OPTIONAL, scale);
  const kept = keptTokens(file, naming.prefix);
  if (kept !== undefined) recipes.set(KEPT_TOKENS, { from: [kept] });
  for (const tower of TOWERS) {
    const count = countBlocks(file, naming.block(tower), tower);
    for (let i = 0; i < count; i++) {
      for (const [part, , ...ends] of BLOCK) {
        for (const end of ends) {
          const name = `${tower}.resblocks.${i}.${part}${end}`;
          recipes.set(name, naming.find(name));
        }
      }
    }
  }
  const missing = [...recipes.values()].flatMap((recipe) => recipe.from).filter((name) => !file.tensors.has(name));
  if (missing.length > 0) throw incomplete(file, missing);
  checkBlocks(file, naming, recipes);
  const clip = viewTensors(file, recipes);
  checkClipShapes(clip);
  expectFloats(clip, [KEPT_TOKENS]);
  return clip;
}

/** A part of weights in several files. */
const SHARD = /-\d{5}-of-\d{5}\.\w+$/;

/** @param missing names in the file, or words for what is missing */
function incomplete(file: TensorFile, missing: readonly string[], problem = 'CLIP is incomplete'): Error {
  const [unread] = missing.flatMap((name) => {
    const why = file.unread?.get(name);
    return why === undefined ? [] : [`${file.name}: tensor ${name} cannot be read: ${why}`];
  });
  if (unread !== undefined) return new Error(`${unread}; save a plain state dict with torch.save`);
  const names = [...file.tensors.keys()];
  const shard = SHARD.test(file.name);
  const kind = shard ? undefined : modelKind(names);
  const what = kind === undefined ? problem : `it holds ${kind}`;
  const remedy = shard
    ? 'this is one of several files: name their index (.index.json)'
    : "give a CLIP's weights, both towers, such as ViT-L-14-336px.pt";
  return new Error(`${file.name}: ${what}: expected ${listNames(missing)}, got ${listNames(names)}; ${remedy}`);
}

/** Finds the naming and the prefix from the token embedding, which every CLIP has. */
function findNaming(file: TensorFile): Naming {
  const anchor = /^((?:.*?\.)??)(text\.|text_model\.embeddings\.)?token_embedding\.weight$/;
  const found = [...file.tensors.keys(), ...(file.unread?.keys() ?? [])]
    .map((name) => anchor.exec(name))
    .filter((match) => match !== null)
    .map(([, prefix, text]) => (text?.startsWith('text_model') ? huggingFace(prefix!) : openAi(prefix!, text ?? '')))
    .sort((a, b) => a.prefix.length - b.prefix.length);
  if (found.length === 0) {
    const names = "token_embedding.weight and visual.conv1.weight or Hugging Face's text_model and vision_model";
    throw incomplete(file, [names], 'not a known kind of CLIP');
  }
  const [first, second] = found.filter((naming) => file.tensors.has(naming.find('visual.conv1.weight').from[0]!));
  if (first === undefined) return found[0]!;
  // Averaged weights usually lie beside the model's own, under a longer name.
  if (second !== undefined && second.prefix.length === first.prefix.length) {
    throw new Error(
      `${file.name}: holds two CLIPs: expected one, got one at ${shownText(first.prefix)} and one at ${shownText(second.prefix)}; save the one that is meant by itself`,
    );
  }
  return first;
}

/** Where the list of kept tokens is: beside the towers, or outside of the dictionaries that they are in. */
function keptTokens(file: TensorFile, prefix: string): string | undefined {
  const parts = prefix.split('.').slice(0, -1);
  for (let n = parts.length; n >= 0; n--) {
    const name = [...parts.slice(0, n), KEPT_TOKENS].join('.');
    if (file.tensors.has(name)) return name;
  }
  return undefined;
}

/** OpenAI's names; `text` is the prefix of the text tower's names. */
function openAi(prefix: string, text: string): Naming {
  const own = (name: string) => prefix + (name.startsWith('visual.') || name === OPTIONAL ? '' : text) + name;
  return {
    prefix,
    find: (name) => ({ from: [own(name)] }),
    block: (tower) => new RegExp(`^${literal(own(tower))}\\.resblocks\\.(\\d+)\\.(.+)$`),
  };
}

function huggingFace(prefix: string): Naming {
  const model = (tower: string) => `${prefix}${tower.startsWith('visual') ? 'vision' : 'text'}_model.encoder.layers`;
  const others = new Map(OTHERS.map(([canonical, own, transposed]) => [canonical, { own, transposed }]));
  return {
    prefix,
    find(name) {
      const other = others.get(name);
      if (other !== undefined) return { from: [prefix + other.own], transposed: other.transposed ?? false };
      const [, tower, i, rest] = /^(.+)\.resblocks\.(\d+)\.(.+)$/.exec(name) ?? [];
      const row = BLOCK.find(([part]) => rest?.startsWith(part));
      if (tower === undefined || rest === undefined || row === undefined) return { from: [prefix + name] };
      const end = rest.slice(row[0].length).replace('_', '.');
      const own = `${model(tower)}.${i}.${row[1]}${end}`;
      return {
        from: own.includes('.x_proj') ? ['q', 'k', 'v'].map((x) => own.replace('.x_proj', `.${x}_proj`)) : [own],
      };
    },
    block: (tower) => new RegExp(`^${literal(model(tower))}\\.(\\d+)\\.(.+)$`),
  };
}

/** One more than the highest block number of a tower. A missing block shows up later as missing tensors. */
function countBlocks(file: TensorFile, block: RegExp, tower: string): number {
  let count = 0;
  for (const name of file.tensors.keys()) {
    const match = block.exec(name);
    if (match !== null) count = Math.max(count, Number(match[1]) + 1);
  }
  if (count === 0) throw incomplete(file, [`blocks of ${tower} (only transformers, ViT, are supported)`]);
  if (count > 1000) throw incomplete(file, [`at most 1000 blocks of ${tower}, not number ${count - 1}`]);
  return count;
}

/**
 * @throws for a tensor that CLIP's blocks do not have (such as a layer scale): the computation would silently ignore it
 */
function checkBlocks(file: TensorFile, naming: Naming, recipes: ReadonlyMap<string, Recipe>): void {
  const used = new Set([...recipes.values()].flatMap((recipe) => recipe.from));
  for (const tower of TOWERS) {
    const block = naming.block(tower);
    for (const name of file.tensors.keys()) {
      if (block.test(name) && !used.has(name)) {
        throw new Error(
          `${file.name}: tensor ${shownText(name)}: block is not CLIP's: expected ${BLOCK.map(([part]) => part).join(', ')} only; this variant is not supported`,
        );
      }
    }
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
