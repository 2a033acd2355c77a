/** A value of a JSON file as error messages show it: cut after 80 characters. */
export function showValue(value: unknown): string {
  const text = value === undefined ? 'nothing' : written(value);
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

/** A text with its control characters written out, as names of files may have them: messages are one line. */
export function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (c) => JSON.stringify(c).slice(1, -1));
}
