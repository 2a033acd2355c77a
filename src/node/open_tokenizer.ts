/** CLIP's tokenizer from the merge table that comes with the package. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { createTokenizer, type Tokenizer } from '../io/tokenizer.js';
import { fileError } from './file_error.js';

/** CLIP's merge table, as the tokenizer takes it. */
export const MERGES = fileURLToPath(new URL('../../weights/clip_merges.txt', import.meta.url));

/** @throws one line when the table is missing from the package */
export async function openTokenizer(): Promise<Tokenizer> {
  const merges = await readFile(MERGES, 'utf8').catch((error: unknown) => {
    throw fileError(MERGES, 'read', error);
  });
  return createTokenizer(merges);
}
