import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { unescapeHtml } from '../../src/io/html_unescape.js';
import { createTokenizer, tokenizerOfWords } from '../../src/io/tokenizer.js';
import { goldenJson } from '../golden_files.js';

const merges = readFileSync(new URL('../../weights/clip_merges.txt', import.meta.url), 'utf8');
const tokenizer = createTokenizer(merges);

describe('CLIP tokenizer', () => {
  test.each(['tokens.json', 'tokens.unicode.json'])('gives the ids of %s', (file) => {
    const cases = goldenJson(file) as [text: string, ids: number[]][];
    expect(cases.length).toBeGreaterThan(30);
    for (const [text, ids] of cases) expect({ text, ids: tokenizer.tokenize(text) }).toEqual({ text, ids });
  });

  test('gives é as the two bytes C3 A9 of its UTF-8 form, composed or not', () => {
    // "Ã©</w>" is one symbol of the table: the merge of "Ã" and "©</w>", whose line number tells its id.
    const id = 512 + merges.split('\n').indexOf('Ã ©</w>');
    expect(id).toBeGreaterThan(511);
    expect(tokenizer.tokenize('é')).toEqual([49406, id, 49407]);
    expect(tokenizer.tokenize('e\u0301')).toEqual([49406, id, 49407]);
  });

  test('gives a byte without a merge its own symbol', () => {
    // U+10FFFF is F4 8F BF BF; ids 0 to 255 are byte symbols in the order of their characters, 256 more end a word.
    const symbol = (byte: number) =>
      byte <= 0x7e ? byte - 0x21 : byte >= 0xae ? byte - 0xae + 106 : byte - 0x7f + 188 + 33;
    expect(tokenizer.tokenize('\u{10ffff}')).toEqual([
      49406,
      symbol(0xf4),
      symbol(0x8f),
      symbol(0xbf),
      symbol(0xbf) + 256,
      49407,
    ]);
  });

  test('splits a text into words, whose ids are those between the marks', () => {
    const words = tokenizer.words(' A  photo of\nPCB1, &amp; caf\u00e9');
    expect(words.map(({ text }) => text)).toEqual(['a', 'photo', 'of', 'pcb', '1', ',', '&', 'caf\u00e9']);
    expect(words.slice(0, 3).map(({ ids }) => ids)).toEqual([[320], [1125], [539]]);
    for (const [text, ids] of goldenJson('tokens.json') as [text: string, ids: number[]][]) {
      expect(
        tokenizer.words(text).flatMap((word) => word.ids),
        text,
      ).toEqual(ids.slice(1, -1));
    }
    // Ids after the end mark have no effect.
    expect(tokenizer.words('nut <|endoftext|> bolt').map(({ text }) => text)).toEqual(['nut']);
    expect(tokenizer.words('')).toEqual([]);
  });

  test('lays texts out as rows padded with zeros', () => {
    const rows = tokenizer.encode(['scan.', 'a scan.'], 6);
    expect([...rows]).toEqual([49406, 11261, 269, 49407, 0, 0, 49406, 320, 11261, 269, 49407, 0]);
    expect(tokenizer.encode(['', 'x'])).toHaveLength(2 * 77);
    expect(tokenizer.encode([])).toHaveLength(0);
  });

  test('takes up to 77 ids and names a text that has more', () => {
    const longest = Array(75).fill('a').join(' ');
    expect(tokenizer.encode([longest])[76]).toBe(49407);
    expect(() => tokenizer.encode(['a', `${longest} nut`])).toThrow(
      /^tokenizer: text is too long: expected at most 77 tokens, got 78 for "a a .* nut"; shorten it$/,
    );
  });

  test('refuses a merge table that is cut', () => {
    expect(() => createTokenizer(merges.slice(0, 10000))).toThrow(/merge table is broken: expected 48894 lines/);
    expect(() => createTokenizer('')).toThrow(/merge table is broken/);
  });
});

describe('unescapeHtml', () => {
  test.each([
    ['&amp;amp;', '&amp;'],
    ['&eacute&Eacute;&AMP', 'éÉ&'],
    ['&ampx &notit; &notin;', '&x ¬it; ∉'],
    ['&NotEqualTilde;', '≂̸'],
    ['&CounterClockwiseContourIntegral;', '∳'],
    ['&#233;&#xE9;&#XE9', 'ééé'],
    ['&#x1F529;', '🔩'],
    ['&#128;&#x9F;&#129;', '€Ÿ\x81'],
    ['&#0;&#xD800;&#x110000;&#99999999999;', '\ufffd\ufffd\ufffd\ufffd'],
    ['a&#1;&#xB;&#127;&#xFFFE;&#xFDD0;b&#9;&#12;', 'ab\t\f'],
    ['& &; &# &#x &#; &nosuch; && a&b', '& &; &# &#x &#; &nosuch; && a&b'],
  ])('%s', (text, expected) => {
    expect(unescapeHtml(text)).toBe(expected);
  });
});

describe('a tokenizer of some words', () => {
  const known = new Map(['photo', 'of', '.', 'corrugated', "'s"].map((word) => [word, tokenizer.words(word)[0]!.ids]));

  test('gives the ids of the whole table for texts of these words', () => {
    const texts = [' A  photo of Corrugated.', "photo's", '', 'photo <|endoftext|> anything'];
    const small = tokenizerOfWords(new Map([...known, ['a', [320]]]), texts)!;
    expect(small.encode(texts)).toEqual(tokenizer.encode(texts));
    for (const text of texts) expect(small.words(text)).toEqual(tokenizer.words(text));
    expect(() => small.words('a tile')).toThrow(/expected words of the texts that it was opened for, got "tile"/);
  });

  test('is not to be had for texts with another word', () => {
    expect(tokenizerOfWords(known, ['photo of', 'a photo'])).toBeUndefined();
    expect(tokenizerOfWords(new Map(), [])?.tokenize('')).toEqual([49406, 49407]);
  });
});
