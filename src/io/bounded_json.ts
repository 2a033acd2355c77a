/** JSON from files that nobody vouches for. */
import { shownText } from './shown_text.js';

/** Levels of nesting; the files read here need three. */
const MAX_DEPTH = 64;

/**
 * The value of a JSON text.
 * @param what begins the message: the file, and the part of it
 * @throws when the text is not JSON, is nested too deeply or has a key twice in one object
 */
export function parseJson(what: string, json: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    const reason = error instanceof Error ? shownText(error.message, 120) : '';
    throw new Error(`${what} is broken: expected valid JSON, got: ${reason}`);
  }
  const twice = duplicateKey(what, json);
  if (twice !== undefined) throw new Error(`${what} is broken: expected each key once, got ${shownText(twice)} twice`);
  return value;
}

/**
 * The first key that occurs twice in an object of `json`, which must be valid JSON; undefined if all differ. JSON.parse
 * silently keeps the last of two equal keys.
 * @throws when the text is nested too deeply
 */
function duplicateKey(what: string, json: string): string | undefined {
  const open: (Set<string> | undefined)[] = [];
  const mark = /["{}[\]]/g;
  for (let found = mark.exec(json); found !== null; found = mark.exec(json)) {
    const at = found.index;
    const c = json[at];
    if (c === '{' || c === '[') {
      open.push(c === '{' ? new Set() : undefined);
      if (open.length > MAX_DEPTH) {
        throw new Error(`${what} is broken: expected at most ${MAX_DEPTH} levels of brackets, got more`);
      }
    } else if (c !== '"') open.pop();
    else {
      const end = endOfText(json, at);
      mark.lastIndex = end + 1;
      let next = end + 1;
      while (json[next] === ' ' || json[next] === '\t' || json[next] === '\n' || json[next] === '\r') next++;
      const keys = open[open.length - 1];
      if (json[next] !== ':' || keys === undefined) continue;
      const text = json.slice(at + 1, end);
      const key = text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}

/** Offset of the quotation mark that ends the text which starts at `start`. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); ; end = json.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (json[end - 1 - backslashes] === '\\') backslashes++;
    if (backslashes % 2 === 0) return end;
  }
}
