/** Notes for the user on words that a model does not know. */
import { printable } from '../data/printable.js';
import type { EncodedClasses } from '../detect/class_tokens.js';

/** What a test can do about unknown words. */
export const LEAVE_OUT = 'leave the class out with --class, give it other words in a --registry file';

/** One note on the error stream, or with `--json` a line for each class. */
export function tellUnknownWords({ classes, note }: EncodedClasses, json: boolean): void {
  if (note === undefined) return;
  if (!json) {
    process.stderr.write(`note: ${printable(note)}\n`);
    return;
  }
  for (const { name, realName, unknownWords } of classes) {
    if (unknownWords.length === 0) continue;
    const line = { class: name, prompt_name: realName, unknown_words: unknownWords };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }
}
