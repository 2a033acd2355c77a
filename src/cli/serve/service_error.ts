/** The errors that the service answers with. */
import { printable } from '../../data/printable.js';
import { AaclipError } from '../../detect/errors.js';
import { PictureError } from '../../picture/picture.js';

/** A request that gets no result: its status, a code, and one line that names what is wrong. */
export class ServiceError extends Error {
  readonly status: number;
  /** A code of `AaclipError`, or one of the service's own. */
  readonly code: string;
  /** Seconds after which the client should try again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, code: string, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** What fastify and its plugins report, by their codes: status, our code and the line. */
const REPORTED: Readonly<Record<string, readonly [number, string, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    415,
    'picture',
    'content-type: expected image/*, application/octet-stream or multipart/form-data; send the picture itself',
  ],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, 'picture', 'body: larger than --max_bytes allows; send a smaller file'],
  FST_REQ_FILE_TOO_LARGE: [413, 'picture', 'body: larger than --max_bytes allows; send a smaller file'],
  FST_FILES_LIMIT: [400, 'picture', 'body: expected one picture, got more; send a request for each'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, 'picture', 'content-length: other than the bytes that came; send it again'],
  FST_ERR_CTP_EMPTY_TYPE: [415, 'picture', 'content-type: empty; send image/png, image/jpeg or the like'],
};

/** Any error as one that is answered. */
export function serviceError(error: unknown): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error instanceof PictureError) return new ServiceError(400, 'picture', printable(error.message));
  if (error instanceof AaclipError) {
    const status = error.code === 'device' ? 503 : error.code === 'score' ? 500 : 400;
    return new ServiceError(status, error.code, printable(error.message), status === 503 ? 5 : undefined);
  }
  const { code = '', message, statusCode = 500 } = error as Error & { code?: string; statusCode?: number };
  const known = REPORTED[code];
  if (known) return new ServiceError(...known);
  // The plugins' other limits, and what is wrong with a form.
  if (statusCode >= 400 && statusCode < 500)
    return new ServiceError(statusCode, 'options', printable(`request: ${message}`));
  return new ServiceError(500, 'internal', printable(`server: ${message}`));
}
