import { fileURLToPath } from 'node:url';

/** CLIP's merge table, as the tokenizer takes it. */
export const MERGES = fileURLToPath(new URL('../../weights/clip_merges.txt', import.meta.url));
