/** The errors of the library: one class, distinguished by a code. */
import { GpuError } from '../gpu/gpu.js';
import { PictureError } from '../picture/picture.js';

/**
 * What an error is about:
 * - `picture`: a picture or mask cannot be read or decoded; `file` names it
 * - `score`: a picture's score or map holds NaN or infinity, so nothing can be said of it; `file` names it
 * - `weights`: CLIP's weights or the merge table cannot be read, or the weights are not a CLIP's
 * - `adapters`: a checkpoint of adapters cannot be read, or belongs to another CLIP
 * - `calibration`: a calibration cannot be read, or was made with another model or class
 * - `class`: a class was not loaded, has no name, or there are too few classes
 * - `device`: no WebGPU adapter, too little device memory, or a lost device
 * - `options`: an option or argument is invalid
 * - `training`: training cannot continue, for example because the loss is no longer finite
 * - `aborted`: the caller's signal was aborted; `cause` is its reason
 */
export type ErrorCode =
  | 'picture'
  | 'score'
  | 'weights'
  | 'adapters'
  | 'calibration'
  | 'class'
  | 'device'
  | 'options'
  | 'training'
  | 'aborted';

/** An error of the library. Its message is one line with the remedy; `cause` is the error it was made from, where there is one. */
export class AaclipError extends Error {
  /** `AaclipError`; `AbortError` for code `aborted`, as the web platform calls it. */
  override readonly name: string;
  readonly code: ErrorCode;
  /** The picture's name, for codes `picture` and `score`. */
  readonly file: string | undefined;

  constructor(code: ErrorCode, message: string, options: { readonly cause?: unknown; readonly file?: string } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = code === 'aborted' ? 'AbortError' : 'AaclipError';
    this.code = code;
    this.file = options.file;
  }
}

/** Turns any error into an AaclipError, with the given code unless the error's type implies another one. */
export function libraryError(code: ErrorCode, error: unknown): AaclipError {
  if (error instanceof AaclipError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof GpuError) return new AaclipError('device', message, { cause: error });
  if (error instanceof PictureError) return new AaclipError('picture', message, { cause: error, file: error.file });
  return new AaclipError(code, message, { cause: error });
}

/** Runs `work`; what it throws or rejects with becomes an error of the library. */
export async function within<T>(code: ErrorCode, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw libraryError(code, error);
  }
}

/** @throws AaclipError `aborted` when the signal was aborted */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AaclipError('aborted', 'aborted by the caller', { cause: signal.reason });
}

/** Awaits a promise until the signal is aborted; a later result of the promise is dropped. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  // Awaited below, unless the signal comes first; this avoids an unhandled rejection in that case.
  promise.catch(() => undefined);
  checkAborted(signal);
  let stop = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(new AaclipError('aborted', 'aborted by the caller', { cause: signal.reason }));
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
