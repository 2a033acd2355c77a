/** The picture of a request: the body itself, or the one file of a form. */
import type { FastifyRequest } from 'fastify';
import { printable } from '../../data/printable.js';
import { checkPictureSize, PictureError, type PictureRules } from '../../picture/picture.js';
import { readPictureFacts } from '../../picture/picture_facts.js';
import { ServiceError } from './service_error.js';

export interface RequestPicture {
  /** The name that a form gives the file, for the answer only: no file of that name is opened. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The other fields of a form. */
  readonly fields: Readonly<Record<string, string>>;
}

const NAME = 'picture';

/** Reads it. @throws ServiceError when there is none, or more than one */
export async function requestPicture(request: FastifyRequest): Promise<RequestPicture> {
  const found = request.isMultipart() ? await wholeForm(request) : { name: NAME, bytes: request.body, fields: {} };
  const { bytes } = found;
  if (bytes instanceof Uint8Array && bytes.length > 0) return { ...found, bytes };
  throw new ServiceError(
    400,
    'picture',
    'body: no picture in it; send the bytes of a PNG, JPEG, BMP, TIFF or WebP file',
  );
}

/** As `formPicture`; what the parser of forms says becomes an error with the remedy. */
async function wholeForm(request: FastifyRequest): ReturnType<typeof formPicture> {
  try {
    return await formPicture(request);
  } catch (error) {
    if (error instanceof ServiceError || (error as { statusCode?: number }).statusCode !== undefined) throw error;
    const { message } = error as Error;
    throw new ServiceError(400, 'picture', `body: the form cannot be read (${printable(message)}); send it again`);
  }
}

async function formPicture(
  request: FastifyRequest,
): Promise<{ name: string; bytes: Uint8Array | undefined; fields: Record<string, string> }> {
  let [name, bytes] = [NAME, undefined as Uint8Array | undefined];
  const fields: Record<string, string> = {};
  for await (const part of request.parts()) {
    if (part.type === 'field') {
      fields[part.fieldname] = String(part.value);
      continue;
    }
    if (bytes !== undefined) {
      throw new ServiceError(400, 'picture', 'body: expected one picture, got more; send a request for each');
    }
    name = printable(part.filename || NAME);
    bytes = await part.toBuffer();
  }
  return { name, bytes, fields };
}

/**
 * Looks at a picture's header: what is none, or is too large, does not wait for its turn.
 * @throws PictureError; ServiceError 413 when it has too many pixels
 */
export function checkPicture({ name, bytes }: RequestPicture, rules: PictureRules): void {
  const facts = readPictureFacts(name, bytes);
  if (!facts) return;
  const { width, height } = facts;
  try {
    checkPictureSize(name, width, height, rules.maxPixels);
  } catch (error) {
    if (!(error instanceof PictureError) || width * height === 0) throw error;
    throw new ServiceError(413, 'picture', error.message);
  }
}
