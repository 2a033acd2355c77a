/** Replaces HTML's character references (`&amp;`, `&#233;`) by their characters, by the rules of the standard. */
import { HTML_ENTITIES } from './html_entities.js';

const REFERENCE = /&(#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)/g;

/** The characters of the numbers 128 to 159: old pages meant Windows-1252. */
const WINDOWS = '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f';
const WINDOWS_HIGH = '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

let table: Map<string, string> | undefined;

/** Characters by name. Names end with a semicolon; where the standard makes it optional, they are also listed without. */
function entities(): Map<string, string> {
  if (table !== undefined) return table;
  table = new Map();
  for (const item of HTML_ENTITIES.trim().split(/\s+/)) {
    const [, name, mark, codes] = /^(\w+)([=!])(.+)$/.exec(item)!;
    const text = String.fromCodePoint(...codes!.split('.').map((code) => Number.parseInt(code, 16)));
    table.set(`${name};`, text);
    if (mark === '!') table.set(name!, text);
  }
  return table;
}

/** `text` with each character reference replaced; anything else stays as it is. */
export function unescapeHtml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (whole, body: string) => {
    if (body.startsWith('#x') || body.startsWith('#X')) return numbered(Number.parseInt(body.slice(2), 16));
    if (body.startsWith('#')) return numbered(Number.parseInt(body.slice(1), 10));
    const known = entities();
    for (let length = body.length; length > 1; length--) {
      const found = known.get(body.slice(0, length));
      if (found !== undefined) return found + body.slice(length);
    }
    return whole;
  });
}

function numbered(code: number): string {
  if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return '\ufffd';
  if (code >= 0x80 && code <= 0x9f) return (WINDOWS + WINDOWS_HIGH)[code - 0x80]!;
  const control = code < 0x20 && ![0x09, 0x0a, 0x0c, 0x0d].includes(code);
  const noCharacter = (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
  return control || code === 0x7f || noCharacter ? '' : String.fromCodePoint(code);
}
