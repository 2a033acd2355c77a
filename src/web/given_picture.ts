/** A picture as the page hands it over, decoded. */
import { AaclipError, abortable } from '../detect/errors.js';
import type { LibraryHost } from '../detect/sources.js';
import type { Picture } from '../picture/picture.js';
import { readPictureFacts } from '../picture/picture_facts.js';
import type { Pixels } from './engine_messages.js';
import { withoutAlpha } from './preview.js';

/** @throws AaclipError `picture` where it cannot be read */
export async function decodeGiven(
  host: LibraryHost,
  { picture, name, orient }: { readonly picture: Blob | Pixels; readonly name: string; readonly orient: boolean },
  signal: AbortSignal,
): Promise<{ readonly picture: Picture; readonly orientation: number }> {
  if (!(picture instanceof Blob)) return { picture: withoutAlpha(name, picture), orientation: 1 };
  const bytes = await bytesOf(name, picture);
  const decoded = await abortable(host.decode(name, bytes, { orient }), signal);
  return { picture: decoded, orientation: readPictureFacts(name, bytes)?.orientation ?? 1 };
}

async function bytesOf(name: string, picture: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await picture.arrayBuffer());
  } catch (error) {
    const message = `${name}: cannot be read: it was changed or removed: pick it again`;
    throw new AaclipError('picture', message, { cause: error, file: name });
  }
}
