/** Names of data sets and classes: looked up exactly, or told apart from one that is only spelled differently. */

/** The entry of that name; "constructor" and the like are names as any other. */
export function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '');

/** The first of `names` that differs from `name` at most in case, blanks, hyphens and underscores. */
export function similarName(names: readonly string[], name: string): string | undefined {
  return names.find((known) => plain(known) === plain(name));
}
