/** Values of lists and registries, as messages show them. */
import { printable } from './printable.js';

/** A value of a JSON file as error messages show it: in one line, cut after 80 characters. */
export function showValue(value: unknown): string {
  const text = value === undefined ? 'nothing' : printable(written(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function written(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // JSON may be nested deeper than it can be written again.
    return `${Array.isArray(value) ? 'an array' : 'an object'} nested too deeply`;
  }
}
