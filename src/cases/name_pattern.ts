/** Patterns for names of cases and benchmark rows: `*` is any text, `?` one character, anything else itself. */

/**
 * A pattern as a regular expression for whole names. Unlike patterns for files, `*` also matches dots and slashes.
 */
export function namePattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}
