/** Text from a file as one-line error messages show it. */

/** Control characters, line ends and marks that change the direction of text: they would break or fake a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
const UNSHOWABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** The text with such characters replaced by `?`, cut after `limit` characters. */
export function shownText(text: string, limit = 100): string {
  const cut = text.length > limit ? `${text.slice(0, limit - 3)}...` : text;
  return cut.replace(UNSHOWABLE, '?');
}
