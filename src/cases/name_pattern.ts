/** Patterns for names of cases and benchmark rows: `*` stands for any text, `?` for one character, all else for itself. */

/**
 * A pattern as an expression that whole names are tried on. Unlike patterns for files, `*` passes over dots and slashes.
 */
export function namePattern(glob: string): RegExp {
  const escaped = glob.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}
