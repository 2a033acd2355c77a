/** The texts of pre-training: the tokens they need, and the choice of a text for a picture. */
import { type Draws, promptsFor, REGISTRY, type Tokenizer } from '#src/node/node';
import { CLASSES, vocabulary } from '../pictures/index.js';
import { NOUNS } from './nouns.js';
import type { Pair } from './pool.js';

/** Two texts: of the normal and of the faulty picture. */
export type CaptionPair = readonly [normal: string, anomalous: string];

/** The classes of the data sets that aaclip knows, by their names in prompts. */
const KNOWN: readonly string[] = Object.values(REGISTRY.datasets).flatMap((d) => Object.values(d.classes));
/** Names that may replace a class's own, including the names of real data sets. */
const NAMES: readonly string[] = [...new Set([...NOUNS, ...KNOWN])];
/** The possible names of a class, the longest first. */
const OWN_NAMES: ReadonlyMap<string, readonly string[]> = new Map(
  CLASSES.map((c) => [c.name, [c.words, ...c.synonyms].sort((x, y) => y.length - x.length)]),
);

function pick<T>(list: readonly T[], draws: Draws): T {
  return list[draws.below(list.length)]!;
}

/** Every text that the model should know: captions, names and prompts. */
export function allTexts(pool: ReadonlyMap<string, readonly Pair[]>): ReadonlySet<string> {
  const texts = new Set([...vocabulary(), ...NOUNS]);
  for (const list of pool.values()) {
    for (const { normal, anomalous } of list) for (const t of [...normal.captions, ...anomalous.captions]) texts.add(t);
  }
  for (const name of ['object', ...KNOWN, ...NOUNS]) {
    const { normal, abnormal } = promptsFor(name);
    for (const text of [...normal, ...abnormal]) texts.add(text);
  }
  return texts;
}

/** The ids of the token table's rows that the texts need, in rising order. */
export function tokensOf(texts: Iterable<string>, tokenizer: Tokenizer): number[] {
  return [...new Set([...texts].flatMap((t) => tokenizer.tokenize(t)))].sort((a, b) => a - b);
}

/** A prompt of each state, as tests use them: of the class, of any name, or of "object". */
export function promptPair(className: string, draws: Draws): CaptionPair {
  const own = OWN_NAMES.get(className) ?? [];
  const kind = draws.uniform();
  const name = kind < 0.5 ? pick(own, draws) : kind < 0.75 ? 'object' : pick(NAMES, draws);
  const { normal, abnormal } = promptsFor(name ?? 'object');
  return [pick(normal, draws), pick(abnormal, draws)];
}

/** Captions of both states; now and then another name replaces the class's own, the same in both. */
export function captionPair({ className, normal, anomalous }: Pair, draws: Draws): CaptionPair {
  const picked: CaptionPair = [pick(normal.captions, draws), pick(anomalous.captions, draws)];
  if (draws.uniform() >= 0.2) return picked;
  const noun = draws.uniform() < 0.3 ? 'object' : pick(NAMES, draws);
  const renamed = (caption: string): string => {
    const own = OWN_NAMES.get(className)?.find((w) => caption.includes(w));
    return own === undefined ? caption : caption.replace(own, () => noun);
  };
  return [renamed(picked[0]), renamed(picked[1])];
}
