/** What tests look up in the text of kernels. */

/** The text without comments, every other character in its place. */
const withoutComments = (text: string): string => text.replace(/\/\/[^\n]*/g, (comment) => ' '.repeat(comment.length));

export interface WgslFunction {
  /** Name, types of the parameters and of the result. */
  readonly signature: string;
  /** From `fn` to the brace that ends it. */
  readonly text: string;
}

/** The functions of a kernel other than `main`; each ends with a brace at the start of a line, or on its own line. */
export function functionsOf(text: string): WgslFunction[] {
  return [...text.matchAll(/^fn (\w+)\(([\s\S]*?)\)(?: -> ([^{]+?))? \{(?:[^\n]*\}$|[\s\S]*?^\}$)/gm)]
    .filter(([, name]) => name !== 'main')
    .map(([whole, name, parameters = '', result = '']) => {
      const types = parameters.split(/,(?![^<]*>)/).map((parameter) => parameter.split(':')[1]?.trim());
      return { signature: `${name}(${types.join(', ')}) -> ${result}`, text: whole };
    });
}

/** Lines that declare a `var` inside a loop and give it no value: Tint zeroes such a variable once a function. */
export function uninitialisedInLoops(text: string): number[] {
  const code = withoutComments(text);
  const found: number[] = [];
  /** For every open brace, whether it opens the body of a loop. */
  const open: boolean[] = [];
  let at = 0;
  let loop = false;
  for (const [token] of code.matchAll(/\b(?:for|while|loop)\b|[{}]|\bvar\b[^=;]*[=;]|[^{}]/g)) {
    if (/^(?:for|while|loop)$/.test(token)) loop = true;
    else if (token === '{') {
      open.push(loop);
      loop = false;
    } else if (token === '}') open.pop();
    else if (/^var\b[^=]*;$/.test(token) && open.includes(true)) found.push(code.slice(0, at).split('\n').length);
    at += token.length;
  }
  return found;
}
