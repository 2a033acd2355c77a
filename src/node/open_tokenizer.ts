/** CLIP's tokenizer, with the merge table of the package. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createTokenizer, type Tokenizer } from '../io/tokenizer.js';
import { fileError } from './file_error.js';

/** Path of CLIP's merge table. */
export const MERGES = fileURLToPath(new URL('../../weights/clip_merges.txt', import.meta.url));

/** Opens the tokenizer. @throws one line when the table is missing from the package */
export async function openTokenizer(): Promise<Tokenizer> {
  const merges = await readFile(MERGES, 'utf8').catch((error: unknown) => {
    throw fileError(MERGES, 'read', error);
  });
  return createTokenizer(merges);
}
