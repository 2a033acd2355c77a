/**
 * Sentences about a picture, in the words of prompts: "{}", "a {}", "the {}" for good things, "a damaged {}", "a broken
 * {}", "a {} with flaw", "a {} with defect", "a {} with damage" for faulty ones, as "{}." or "a photo of {}.".
 */
import { CLASSES, findClass } from './classes.js';
import { COLOR_NAMES } from './colors.js';
import type { DefectKind } from './defects/index.js';
import type { Rng } from './rng.js';
import type { Sample } from './sample.js';

const NORMAL = ['{}', 'a {}', 'the {}'] as const;
const NORMAL_TOO = [
  'a flawless {}',
  'a perfect {}',
  'an intact {}',
  'a normal {}',
  'a clean {}',
  'a new {}',
  'a {} without flaw',
  'a {} without defect',
  'a {} without damage',
  'a {} in good condition',
] as const;
const ABNORMAL = ['a damaged {}', 'a broken {}', 'a {} with flaw', 'a {} with defect', 'a {} with damage'] as const;
const ABNORMAL_TOO = ['a faulty {}', 'a defective {}', 'a {} with an anomaly', 'a {} in bad condition'] as const;
const TEMPLATES = ['{}.', 'a photo of {}.'] as const;
const TEMPLATES_TOO = ['a close-up photo of {}.', 'an image of {}.', 'a picture of {}.'] as const;

/** The words after "with". */
const DEFECT_WORDS: Readonly<Record<DefectKind, readonly string[]>> = {
  scratch: ['a scratch', 'scratches'],
  crack: ['a crack', 'cracks'],
  hole: ['a hole'],
  stain: ['a stain', 'a spot'],
  dent: ['a dent'],
  missing: ['a missing part', 'a missing piece'],
  misplaced: ['a misplaced part', 'a part in the wrong place'],
  contamination: ['contamination', 'dirt'],
  color: ['a color defect', 'the wrong color'],
  cut: ['a cut', 'a tear'],
  print: ['an ink mark', 'a print mark'],
  burn: ['a burn mark'],
  foreign: ['a foreign patch', 'foreign material'],
  worn: ['a worn spot', 'a rough spot'],
  fold: ['a fold', 'a wrinkle'],
};

const LIGHT_WORDS = { bright: 'bright', dim: 'dark', soft: 'soft', side: 'side' } as const;

/** A name of the class that does not contradict the picture's colour. */
function nameOf(sample: Sample, rng: Rng): string {
  const { words, synonyms } = findClass(sample.className);
  const fitting = synonyms.filter((synonym) => {
    const said = COLOR_NAMES.filter((color) => synonym.split(' ').includes(color));
    return said.length === 0 || said.some((color) => color === sample.attributes.color);
  });
  return rng.chance(0.7) || fitting.length === 0 ? words : rng.pick(fitting);
}

function described(name: string, sample: Sample, rng: Rng): string {
  const { color, size, gray } = sample.attributes;
  const adjectives: string[] = [];
  if (size && rng.chance(0.35)) adjectives.push(size);
  // A gray camera sees no colour, and a name may have said it already.
  if (color && !gray && !name.split(' ').includes(color) && rng.chance(0.55)) adjectives.push(color);
  return [...adjectives, name].join(' ');
}

function stated(sample: Sample, rng: Rng): string {
  const [kind] = sample.defects;
  if (!kind) return rng.chance(0.65) ? rng.pick(NORMAL) : rng.pick(NORMAL_TOO);
  if (rng.chance(0.4)) return `a {} with ${rng.pick(DEFECT_WORDS[kind])}`;
  return rng.chance(0.85) ? rng.pick(ABNORMAL) : rng.pick(ABNORMAL_TOO);
}

function put(pattern: string, what: string): string {
  // A function, because "$&" and the like in a text must stay as they are.
  return pattern.replace('{}', () => what);
}

/**
 * Captions of a picture, all different. The first is worded as a prompt, the others say more.
 * @param count number of captions; fewer where some come out alike
 */
export function captionsFor(sample: Sample, rng: Rng, count = 4): string[] {
  const { words } = findClass(sample.className);
  const plain = put(rng.pick(sample.defects.length > 0 ? ABNORMAL : NORMAL), words);
  const captions = new Set([put(rng.pick(TEMPLATES), plain)]);
  for (let tries = 0; captions.size < count && tries < 4 * count; tries++) {
    let what = put(stated(sample, rng), described(nameOf(sample, rng), sample, rng));
    const { background, light } = sample.attributes;
    if (background && rng.chance(0.35)) what += ` on ${background}`;
    const lit = rng.chance(0.12) ? ` in ${LIGHT_WORDS[light]} light` : '';
    captions.add(put(rng.chance(0.8) ? rng.pick(TEMPLATES) : rng.pick(TEMPLATES_TOO), what + lit));
  }
  return [...captions];
}

/** Every word captions are made of, sorted: the words that a model trained on captions knows. */
export function vocabulary(): string[] {
  const texts = [
    ...CLASSES.flatMap(({ words, synonyms }) => [words, ...synonyms]),
    ...COLOR_NAMES,
    ...[...NORMAL, ...NORMAL_TOO, ...ABNORMAL, ...ABNORMAL_TOO, ...TEMPLATES, ...TEMPLATES_TOO],
    ...Object.values(DEFECT_WORDS).flat(),
    ...Object.values(LIGHT_WORDS),
    'small large on in a background light',
  ];
  return [...new Set(texts.flatMap(wordsOf))].sort();
}

/** The words of a text, without punctuation at their ends. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .map((word) => word.replace(/^['"{]+|['".}]+$/g, ''))
    .filter((word) => word !== '');
}
