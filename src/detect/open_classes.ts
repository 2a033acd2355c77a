/** The classes that a caller names, with the prompts of each as a CLIP's tokens. */
import { findDataset } from '../data/class_prompts.js';
import { type Domain, REGISTRY } from '../data/datasets.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Method } from '../model/methods/method.js';
import { type EncodedClass, encodeClasses, promptedClass, promptTexts } from './class_tokens.js';
import { AaclipError, abortable, within } from './errors.js';
import type { ClassInput, NamedClass, OpenOptions } from './open_model.js';
import type { LibraryHost } from './sources.js';

/**
 * The prompts of classes for a CLIP.
 * @throws AaclipError `class` when no class is given, a name is blank or given twice, a data set is unknown, or the
 * model lacks even the words of the prompts of "object"
 */
export async function openClasses(
  host: LibraryHost,
  clip: ClipTensors,
  inputs: readonly ClassInput[],
  options: OpenOptions & { readonly domain?: Domain | undefined },
  method?: Method,
): Promise<readonly EncodedClass[]> {
  const named = inputs.map((input): NamedClass => (typeof input === 'string' ? { name: input } : input));
  if (named.length === 0) throw new AaclipError('class', 'classes: expected at least one, got none');
  const twice = named.find(({ name }, i) => named.findIndex((c) => c.name === name) < i);
  if (twice) throw new AaclipError('class', `classes: expected every name once, got "${twice.name}" twice`);
  const { registry = REGISTRY, signal } = options;
  const prompted = await within('class', () =>
    named.map(({ name, words, domain = options.domain, dataset }) => {
      if (dataset !== undefined) findDataset(dataset, registry);
      return promptedClass(name, registry, { words, domain, dataset });
    }),
  );
  const texts = promptTexts(prompted, method);
  const tokenizer = await within('weights', () => abortable(host.openTokenizer(signal, texts), signal));
  const { classes, note } = await within('class', () =>
    encodeClasses(tokenizer, clip, prompted, 'give the class other words', method),
  );
  if (note !== undefined) (options.onNote ?? console.warn)(note);
  return classes;
}
