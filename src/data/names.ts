/** Names of data sets and classes: looked up exactly, or found by a similar spelling. */

/** The entry of that name; inherited names such as "constructor" are not found. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '');

/** The first of `names` that differs from `name` at most in case, blanks, hyphens and underscores. */
export function similarName(names: readonly string[], name: string): string | undefined {
  return names.find((known) => plain(known) === plain(name));
}
