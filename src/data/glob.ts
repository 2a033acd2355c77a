/** Patterns for paths, as in a shell. */

/**
 * A glob as a regular expression for paths with forward slashes: `*` and `?` stay within a name, `**` as a whole name
 * stands for any number of folders, `{a,b}` for a or b. As in a shell, wildcards do not match a leading dot.
 */
export function globToRegExp(glob: string): RegExp {
  let source = '';
  let depth = 0;
  const atStart = (i: number) => i === 0 || glob[i - 1] === '/';
  for (let i = 0; i < glob.length; i++) {
    const ch = glob[i]!;
    if (ch === '*' && glob[i + 1] === '*' && atStart(i) && glob[i + 2] === '/') {
      source += '(?:(?!\\.)[^/]+/)*';
      i += 2;
    } else if (ch === '*' && glob[i + 1] === '*' && atStart(i) && i + 2 === glob.length) {
      source += '(?:(?!\\.)[^/]+/)*(?!\\.)[^/]+';
      i += 1;
    } else if (ch === '*' || ch === '?') source += `${atStart(i) ? '(?!\\.)' : ''}[^/]${ch === '*' ? '*' : ''}`;
    else if (ch === '{' && glob.indexOf('}', i) > i) {
      source += '(?:';
      depth++;
    } else if (ch === '}' && depth > 0) {
      source += ')';
      depth--;
    } else if (ch === ',' && depth > 0) source += '|';
    else source += ch.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
  }
  return new RegExp(`^${source}$`);
}
