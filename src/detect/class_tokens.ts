/** The prompts of classes as token ids of a model. */
import { ANY_OBJECT, type ClassPrompts, type Prompts, promptsFor } from '../data/class_prompts.js';
import type { Domain, Registry } from '../data/datasets.js';
import type { ClipTensors } from '../io/clip_names.js';
import { listNames } from '../io/tensor_file.js';
import type { Tokenizer } from '../io/tokenizer.js';
import { AA_CLIP } from '../model/methods/aa_clip.js';
import type { Method } from '../model/methods/method.js';
import type { PromptIds } from '../model/prompt_rows.js';

/** A class with the token ids of its prompts. */
export interface ClassTokens extends PromptIds {
  readonly name: string;
  readonly domain: Domain;
}

export interface PromptedClass {
  /** The name the model knows it by; `className` by default. */
  readonly key?: string;
  readonly className: string;
  /** What the user wants prompts to call it. */
  readonly words?: string;
  readonly domain: Domain;
  readonly prompts: Prompts;
  /** Used where the model lacks a word: the prompts of "object" in the texts of the class's data set. */
  readonly general?: Prompts;
}

/** A class with the prompts chosen for it. */
export interface EncodedClass extends ClassTokens {
  readonly className: string;
  /** The name its prompts use: "object" where the model lacks one of the class's words. */
  readonly realName: string;
  /** Words of its own prompts that the model does not know. */
  readonly unknownWords: readonly string[];
}

export interface PromptOptions {
  readonly key?: string | undefined;
  /** The class's own by default. */
  readonly domain?: Domain | undefined;
  /** The data set whose class it is. */
  readonly dataset?: string | undefined;
  /** What prompts call the class, instead of the name that a data set knows. */
  readonly words?: string | undefined;
}

/**
 * A class with its prompts and the prompts to fall back on.
 * @throws when the name or the words are empty or blank
 */
export function promptedClass(className: string, registry: Registry, options: PromptOptions = {}): PromptedClass {
  const { key, dataset, words } = options;
  const own = promptsFor(className, registry, dataset);
  return {
    ...(key === undefined ? {} : { key }),
    className,
    ...(words === undefined ? {} : { words }),
    domain: options.domain ?? own.domain,
    prompts: words === undefined ? own : calledBy(words, registry, dataset),
    general: promptsFor(ANY_OBJECT, registry, dataset),
  };
}

/** Prompts that use these words as they are, even where a class of that name has its own prompt name. */
function calledBy(words: string, registry: Registry, dataset: string | undefined): ClassPrompts {
  const home = dataset === undefined ? undefined : registry.datasets[dataset];
  const place = dataset ?? '';
  const info = { domain: 'Industrial', folder: '', ...home, classes: { [words]: words } } as const;
  return promptsFor(words, { ...registry, datasets: { [place]: info } }, place);
}

/** Every text that `encodeClasses` may take from these classes. */
export function promptTexts(given: readonly PromptedClass[], method: Method = AA_CLIP): string[] {
  const all = methodPrompts(given, method).flatMap(({ prompts, general }) => [prompts, general]);
  const published = method.prompts({ className: ANY_OBJECT, published: promptsFor(ANY_OBJECT) });
  return [...all, published].flatMap((p) => (p ? [...p.normal, ...p.abnormal, p.realName] : []));
}

/** Classes with the prompts of a method instead of the published ones. */
function methodPrompts(given: readonly PromptedClass[], method: Method): PromptedClass[] {
  return given.map(({ general, ...c }) => ({
    ...c,
    prompts: method.prompts({ ...c, published: c.prompts }),
    ...(general && { general: method.prompts({ className: ANY_OBJECT, published: general }) }),
  }));
}

export interface EncodedClasses {
  /** In the order given. */
  readonly classes: readonly EncodedClass[];
  /** One line on words the model does not know and what was done about them; undefined where it knows every word. */
  readonly note: string | undefined;
}

/**
 * The prompts of classes as a model of this CLIP takes them. A class with a word that the CLIP's token table lacks gets the
 * prompts of "object"; the note says so.
 *
 * @param tokenizer with CLIP's merges
 * @param remedy what the user may do about unknown words, besides using other weights
 * @param method whose prompts they are; AA-CLIP's by default
 * @throws one line that names the words when the table also lacks words of the prompts of "object", or a prompt is too
 * long
 */
export async function encodeClasses(
  tokenizer: Tokenizer,
  clip: ClipTensors,
  given: readonly PromptedClass[],
  remedy: string,
  method: Method = AA_CLIP,
): Promise<EncodedClasses> {
  const known = await knownTokens(clip);
  const unknownIn = (prompts: Prompts): string[] => unknownWords(tokenizer, known, prompts);
  const published = method.prompts({ className: ANY_OBJECT, published: promptsFor(ANY_OBJECT) });
  const classes = methodPrompts(given, method);
  const lacking: typeof classes = [];
  const lost: typeof classes = [];
  const encoded = classes.map((c): EncodedClass => {
    const { className, domain } = c;
    const unknown = unknownIn(c.prompts);
    if (unknown.length > 0) lacking.push(c);
    const usable = [c.prompts, c.general ?? published, published].find((p) => unknownIn(p).length === 0);
    if (!usable) lost.push(c);
    const { normal, abnormal, realName } = usable ?? c.prompts;
    return {
      name: c.key ?? className,
      className,
      domain,
      realName,
      unknownWords: unknown,
      normal: tokenizer.encode(normal),
      abnormal: tokenizer.encode(abnormal),
    };
  });
  const words = (of: typeof classes): string =>
    `${clip.name}: words this model does not know: ${listUnknown(tokenizer, known, of)}`;
  if (lost.length > 0) throw new Error(`${words(lost)}: use weights that are a whole CLIP`);
  if (lacking.length === 0) return { classes: encoded, note: undefined };
  const stand = lacking.length === 1 ? 'its class uses' : 'their classes use';
  return {
    classes: encoded,
    note: `${words(lacking)}: ${stand} the prompts of "object": ${remedy}, or use weights that are a whole CLIP`,
  };
}

/** Returns a test for whether a CLIP's table has a row for a token: small models keep only some, which they list. */
async function knownTokens(clip: ClipTensors): Promise<(id: number) => boolean> {
  if (!clip.has('token_ids')) {
    const rows = clip.shape('token_embedding.weight')[0]!;
    return (id) => id < rows;
  }
  const kept = new Set(await clip.readF32('token_ids'));
  return (id) => kept.has(id);
}

/** Words of prompts that have a token the model does not know, each once. */
function unknownWords(tokenizer: Tokenizer, known: (id: number) => boolean, prompts: Prompts): string[] {
  const words = [...prompts.normal, ...prompts.abnormal].flatMap((prompt) => tokenizer.words(prompt));
  return [...new Set(words.filter(({ ids }) => !ids.every(known)).map(({ text }) => text))];
}

/** Unknown words, each with the classes it belongs to; words around a class's name belong to the prompts. */
function listUnknown(
  tokenizer: Tokenizer,
  known: (id: number) => boolean,
  classes: readonly Pick<PromptedClass, 'className' | 'prompts'>[],
): string {
  const unknown = new Map<string, Set<string>>();
  for (const { className, prompts } of classes) {
    const name = new Set(tokenizer.words(prompts.realName).map(({ text }) => text));
    for (const word of unknownWords(tokenizer, known, prompts)) {
      const places = unknown.get(word) ?? new Set();
      unknown.set(word, places.add(name.has(word) ? `class ${JSON.stringify(className)}` : 'the prompts'));
    }
  }
  const named = [...unknown].map(([word, places]) => `${JSON.stringify(word)} of ${listNames([...places])}`);
  return listNames(named, 8);
}
