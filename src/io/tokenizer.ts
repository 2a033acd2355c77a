/**
 * CLIP's tokenizer: byte-level byte-pair encoding with end-of-word marks.
 *
 * A text is cleaned (NFC, HTML's character references resolved twice, white space collapsed, lower-cased) and cut into
 * words. A word's UTF-8 bytes become symbols of a printable alphabet, the last one with the mark `</w>`, and neighbours
 * are merged in the order of CLIP's table. The published program also repairs garbled encodings (mojibake) with ftfy;
 * here only Unicode's NFC is applied, since prompts are typed and not crawled.
 */
import { unescapeHtml } from './html_unescape.js';

/** Ids of the marks around every text. */
const START_OF_TEXT = 49406;
const END_OF_TEXT = 49407;
/** Most ids of a text, marks included. */
const CONTEXT_LENGTH = 77;

const MERGES = 49152 - 256 - 2;
const END_OF_WORD = '</w>';
/** White space by the rules of Python, whose methods cleaned the texts CLIP was trained on. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: 1c to 1f are white space there
const SPACES = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g;
const WORDS = /<\|startoftext\|>|<\|endoftext\|>|'[sſ]|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^ \p{L}\p{N}]+/gu;

/** Marks that stand in a text themselves. */
const MARKS: ReadonlyMap<string, readonly number[]> = new Map([
  ['<|startoftext|>', [START_OF_TEXT]],
  ['<|endoftext|>', [END_OF_TEXT]],
]);

export interface Word {
  /** Cleaned: in lower case, and split where letters, digits and other characters meet. */
  readonly text: string;
  readonly ids: readonly number[];
}

export interface Tokenizer {
  /** The words of a text with their ids, without the marks that `tokenize` adds. */
  words(text: string): Word[];
  /** Ids of a text of any length, with the marks around it. */
  tokenize(text: string): number[];
  /**
   * Ids of texts as rows of `context` each, [texts, context], filled up with 0.
   *
   * @throws when a text needs more than `context` ids; the error quotes it
   */
  encode(texts: readonly string[], context?: number): Uint32Array;
}

/**
 * Makes a tokenizer from CLIP's merge table: 48894 lines of two symbols each, most frequent first
 * (`weights/clip_merges.txt`).
 */
export function createTokenizer(merges: string): Tokenizer {
  const lines = merges.trimEnd().split('\n');
  if (lines.length !== MERGES || lines.some((line) => line.split(' ').length !== 2)) {
    throw new Error(
      `tokenizer: merge table is broken: expected ${MERGES} lines of two symbols, got ${lines.length} lines`,
    );
  }
  const ranks = new Map(lines.map((line, rank) => [line, rank]));
  const bytes = byteSymbols();
  // Ids count the byte symbols in the order of their characters, then the same symbols as ends of words, then the
  // merges.
  const alphabet = [...bytes].sort((a, b) => byteOrder(a) - byteOrder(b));
  const vocabulary = new Map<string, number>();
  for (const symbol of alphabet) vocabulary.set(symbol, vocabulary.size);
  for (const symbol of alphabet) vocabulary.set(symbol + END_OF_WORD, vocabulary.size);
  for (const line of lines) vocabulary.set(line.replace(' ', ''), vocabulary.size);
  const words = new Map(MARKS);
  const utf8 = new TextEncoder();

  function idsOfWord(word: string): readonly number[] {
    const known = words.get(word);
    if (known !== undefined) return known;
    const symbols = Array.from(utf8.encode(word), (byte) => bytes[byte]!);
    symbols[symbols.length - 1] += END_OF_WORD;
    const result = mergePairs(symbols, ranks).map((symbol) => vocabulary.get(symbol)!);
    words.set(word, result);
    return result;
  }

  return tokenizerOf(idsOfWord);
}

/**
 * A tokenizer that knows some words only, and needs no merge table for them.
 * @param known ids of words, cleaned as {@link Word.text}
 * @returns undefined where the texts have other words
 */
export function tokenizerOfWords(
  known: ReadonlyMap<string, readonly number[]>,
  texts: readonly string[],
): Tokenizer | undefined {
  const words = new Map([...known, ...MARKS]);
  if (!texts.every((text) => splitText(text).every((word) => words.has(word)))) return undefined;
  return tokenizerOf((word) => {
    const ids = words.get(word);
    if (ids) return ids;
    throw new Error(`tokenizer: expected words of the texts that it was opened for, got ${JSON.stringify(word)}`);
  });
}

function tokenizerOf(idsOfWord: (word: string) => readonly number[]): Tokenizer {
  const wordsOf = (text: string): Word[] => splitText(text).map((word) => ({ text: word, ids: idsOfWord(word) }));

  function tokenize(text: string): number[] {
    return [START_OF_TEXT, ...wordsOf(text).flatMap(({ ids }) => ids), END_OF_TEXT];
  }

  return {
    words: wordsOf,
    tokenize,
    encode(texts, context = CONTEXT_LENGTH) {
      const rows = new Uint32Array(texts.length * context);
      for (const [i, text] of texts.entries()) {
        const row = tokenize(text);
        if (row.length > context) {
          throw new Error(
            `tokenizer: text is too long: expected at most ${context} tokens, got ${row.length} for ${JSON.stringify(text)}; shorten it`,
          );
        }
        rows.set(row, i * context);
      }
      return rows;
    },
  };
}

function splitText(text: string): readonly string[] {
  const found: readonly string[] = cleanText(text).match(WORDS) ?? [];
  // A text may contain the end mark itself. CLIP reads its output at the first end mark; later tokens have no
  // influence.
  const end = found.indexOf('<|endoftext|>');
  return found.slice(0, end < 0 ? found.length : end);
}

function cleanText(text: string): string {
  const plain = unescapeHtml(unescapeHtml(text.normalize('NFC')));
  return plain.replace(SPACES, ' ').replace(/^ | $/g, '').toLowerCase();
}

/** Merges neighbours until no pair is in the table; the pair that comes first in the table is merged first. */
function mergePairs(symbols: readonly string[], ranks: ReadonlyMap<string, number>): readonly string[] {
  let word = symbols;
  while (word.length > 1) {
    let best = Number.POSITIVE_INFINITY;
    let at = 0;
    for (let i = 0; i + 1 < word.length; i++) {
      const rank = ranks.get(`${word[i]} ${word[i + 1]}`);
      if (rank !== undefined && rank < best) {
        best = rank;
        at = i;
      }
    }
    if (best === Number.POSITIVE_INFINITY) break;
    const left = word[at];
    const right = word[at + 1];
    const merged: string[] = [];
    for (let i = 0; i < word.length; i++) {
      if (word[i] === left && word[i + 1] === right) {
        merged.push(`${left}${right}`);
        i++;
      } else {
        merged.push(word[i]!);
      }
    }
    word = merged;
  }
  return word;
}

/** Whether a byte is represented by its own Latin-1 character, because that is printable and not a space. */
function standsForItself(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xff && byte !== 0xad);
}

/** The character that represents each byte: its own where printable, else the next free one from U+0100 on. */
function byteSymbols(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(standsForItself(byte) ? byte : next++));
}

/** Sort key of a byte symbol in the vocabulary: its character. */
function byteOrder(symbol: string): number {
  return symbol.charCodeAt(0);
}
