/**
 * CLIP's tensors under one set of names, regardless of the program that saved them. The canonical names are OpenAI's,
 * which OpenCLIP also uses; the names of Hugging Face's CLIPModel are mapped to them.
 */
import { listNames, type TensorFile } from './tensor_file.js';
import { type Recipe, type TensorView, viewTensors } from './tensor_view.js';

/** A CLIP's tensors under OpenAI's names (`visual.conv1.weight`, `transformer.resblocks.0.ln_1.bias`...). */
export type ClipTensors = TensorView;

/** Prefixes that wrappers and training programs put before the names, any number of them. */
const PREFIX = '(?:(?:module|model|clip|clip_model|state_dict)\\.)*';

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
  /** Where a canonical tensor is in the file. */
  find(canonical: string): Recipe;
  /** Matches the names of a tower's blocks in the file. Groups: block number, rest. */
  block(tower: string): RegExp;
}

const TOWERS = ['visual.transformer', 'transformer'] as const;

/**
 * The CLIP in a file, under OpenAI's names. Lazy: q, k and v are stacked, and projections transposed, when they are read.
 *
 * Accepts the names of OpenAI, OpenCLIP (also with the text tower under `text.`) and Hugging Face, after the prefixes
 * `module.`, `model.`, `clip.`, `clip_model.` and `state_dict.`. Other tensors of the file are ignored.
 *
 * @throws when the layout is unknown, a tensor is missing, or a block has a tensor that CLIP's blocks do not have; the error
 * lists what was expected and what the file has
 */
export function canonicalClip(file: TensorFile): ClipTensors {
  const naming = findNaming(file);
  const recipes = new Map<string, Recipe>();
  for (const [name] of OTHERS) recipes.set(name, naming.find(name));
  const scale = naming.find(OPTIONAL);
  if (scale.from.every((name) => file.tensors.has(name))) recipes.set(OPTIONAL, scale);
  if (file.tensors.has(KEPT_TOKENS)) recipes.set(KEPT_TOKENS, { from: [KEPT_TOKENS] });
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
  if (missing.length > 0) {
    throw new Error(
      `${file.name}: CLIP is incomplete: expected ${listNames(missing)}, got ${listNames([...file.tensors.keys()])}; give the whole model's weights`,
    );
  }
  checkBlocks(file, naming, recipes);
  return viewTensors(file, recipes);
}

/** Finds the naming and the prefix from the token embedding, which every CLIP has. */
function findNaming(file: TensorFile): Naming {
  const anchor = new RegExp(`^(${PREFIX})(text\\.|text_model\\.embeddings\\.)?token_embedding\\.weight$`);
  const matches = [...file.tensors.keys()].map((name) => anchor.exec(name)).filter((match) => match !== null);
  const match = matches.sort((a, b) => a[0].length - b[0].length)[0];
  if (match === undefined) {
    throw new Error(
      `${file.name}: not a known kind of CLIP: expected token_embedding.weight and visual.conv1.weight or Hugging Face's text_model and vision_model, got ${listNames([...file.tensors.keys()])}`,
    );
  }
  const prefix = match[1]!;
  return match[2]?.startsWith('text_model') ? huggingFace(prefix) : openAi(prefix, match[2] ?? '');
}

/** OpenAI's names; `text` is the prefix of the text tower's names. */
function openAi(prefix: string, text: string): Naming {
  const own = (name: string) => prefix + (name.startsWith('visual.') || name === OPTIONAL ? '' : text) + name;
  return {
    find: (name) => ({ from: [own(name)] }),
    block: (tower) => new RegExp(`^${literal(own(tower))}\\.resblocks\\.(\\d+)\\.(.+)$`),
  };
}

function huggingFace(prefix: string): Naming {
  const model = (tower: string) => `${prefix}${tower.startsWith('visual') ? 'vision' : 'text'}_model.encoder.layers`;
  const others = new Map(OTHERS.map(([canonical, own, transposed]) => [canonical, { own, transposed }]));
  return {
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
  if (count === 0 || count > 1000) {
    throw new Error(
      `${file.name}: CLIP is incomplete: expected blocks of ${tower}, got ${count === 0 ? listNames([...file.tensors.keys()]) : `number ${count - 1}`}; only transformers (ViT) are supported`,
    );
  }
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
          `${file.name}: tensor ${name}: block is not CLIP's: expected ${BLOCK.map(([part]) => part).join(', ')} only; this variant is not supported`,
        );
      }
    }
  }
}

function literal(text: string): string {
  return text.replace(/\./g, '\\.');
}
