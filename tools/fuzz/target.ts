/** What is fuzzed: a reader of files, and how its inputs are made. */
import type { Rng } from '../pictures/rng.js';

export interface FuzzTarget {
  /** Name on the command line. */
  readonly name: string;
  /** The name that the reader is told its input has; messages must begin with it. */
  readonly file: string;
  /** Valid inputs, which are damaged. */
  seeds(): Promise<readonly Uint8Array[]>;
  /**
   * One input. Without it, bytes of a seed are changed (`mutate.ts`); a format with checksums or lengths repairs them
   * here, since most damage would otherwise go no further than those.
   */
  readonly make?: (rng: Rng, seeds: readonly Uint8Array[]) => Uint8Array;
  /** Reads the input as the program does, to its end. May throw, and what it throws is judged. */
  run(input: Uint8Array): Promise<void>;
}

/** What an input may take. */
export interface Limits {
  /** Of a processor, in seconds. */
  readonly cpu: number;
  /** Of memory outside JavaScript's heap, in bytes. */
  readonly buffers: number;
}

export const LIMITS: Limits = { cpu: 2, buffers: 256 * 2 ** 20 };
/** Longest message, in characters. */
const MESSAGE_LIMIT = 4000;

/** Errors of JavaScript itself: the reader did not look before it computed. */
const OWN_MISTAKES = [TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError];
/** Characters that break or fake a line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** What is wrong with an error that a reader threw; undefined for an error as it should be. */
export function faultOf(error: unknown, file: string): string | undefined {
  // Several errors of one input.
  if (error instanceof AggregateError) {
    return error.errors.map((one) => faultOf(one, file)).find((fault) => fault !== undefined);
  }
  if (!(error instanceof Error)) return `threw ${typeof error}, not an error`;
  const { message } = error;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (!OWN_MISTAKES.some((mistake) => cause instanceof mistake)) continue;
    const [, place = ''] = (cause.stack ?? '').split('\n    at ');
    return `an error of JavaScript itself: ${cause.name}: ${cause.message} at ${place.trim()}`;
  }
  if (!message.startsWith(`${file}:`)) return `does not begin with the file's name: ${message}`;
  if (BREAKS.test(message)) return `is not one line: ${JSON.stringify(message)}`;
  if (message.length > MESSAGE_LIMIT) return `is ${message.length} characters long: ${message.slice(0, 200)}`;
  return undefined;
}
