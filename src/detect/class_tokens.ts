/** The prompts of classes as token ids of a model. */
import type { ClassPrompts } from '../data/class_prompts.js';
import type { Domain } from '../data/datasets.js';
import type { ClipTensors } from '../io/clip_names.js';
import { listNames } from '../io/tensor_file.js';
import type { Tokenizer } from '../io/tokenizer.js';
import type { ClassTokens } from './detector.js';

export interface PromptedClass {
  /** What the detector calls it; `className` where it is left out. */
  readonly key?: string;
  readonly className: string;
  readonly domain: Domain;
  readonly prompts: Pick<ClassPrompts, 'normal' | 'abnormal' | 'realName'>;
}

/**
 * The prompts of classes as a detector of this CLIP takes them.
 *
 * @param tokenizer with CLIP's merges
 * @param remedy what the user may do where words are unknown, besides using other weights
 * @throws one line that names every word the CLIP's token table lacks and the class it is of, or a prompt that is too long
 */
export async function encodeClasses(
  tokenizer: Tokenizer,
  clip: ClipTensors,
  classes: readonly PromptedClass[],
  remedy: string,
): Promise<ClassTokens[]> {
  const unknown = unknownWords(tokenizer, await tokensOf(clip), classes);
  if (unknown.size > 0) {
    const named = [...unknown].map(([word, places]) => `${JSON.stringify(word)} of ${listNames([...places])}`);
    throw new Error(
      `${clip.name}: words this model does not know: ${listNames(named, 8)}: ${remedy}, or give --weights that are a whole CLIP`,
    );
  }
  return classes.map(({ key, className, domain, prompts: { normal, abnormal } }) => ({
    name: key ?? className,
    domain,
    normal: tokenizer.encode(normal),
    abnormal: tokenizer.encode(abnormal),
  }));
}

/** Tells whether a CLIP's table has a row for a token: small models keep only some, which they list. */
async function tokensOf(clip: ClipTensors): Promise<(id: number) => boolean> {
  if (!clip.has('token_ids')) {
    const rows = clip.shape('token_embedding.weight')[0]!;
    return (id) => id < rows;
  }
  const kept = new Set(await clip.readF32('token_ids'));
  return (id) => kept.has(id);
}

/** Words with a token that is not known, each with the classes it is of; a word of the prompts around a name is theirs. */
function unknownWords(
  tokenizer: Tokenizer,
  known: (id: number) => boolean,
  classes: readonly PromptedClass[],
): Map<string, Set<string>> {
  const unknown = new Map<string, Set<string>>();
  for (const { className, prompts } of classes) {
    const name = new Set(tokenizer.words(prompts.realName).map(({ text }) => text));
    for (const { text, ids } of [...prompts.normal, ...prompts.abnormal].flatMap((p) => tokenizer.words(p))) {
      if (ids.every(known)) continue;
      const places = unknown.get(text) ?? new Set();
      unknown.set(text, places.add(name.has(text) ? `class ${JSON.stringify(className)}` : 'the prompts'));
    }
  }
  return unknown;
}
