/** Text from outside (names of files and classes) as it may be shown in a line of output. */

/** Control characters, line separators, and marks that change the direction of the text around them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** The text with escapes (`\n`, `\x1b`, `\u202e`) for characters that would break the line, colour it or hide parts of it. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (ch) => {
    const code = ch.charCodeAt(0).toString(16);
    return SHORT[ch] ?? (code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u${code.padStart(4, '0')}`);
  });
}
