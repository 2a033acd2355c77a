/** Builds dist from src when it is older than what it is made of: `node tools/build.mjs` always, the set-up if stale. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { must, step } from './progress.mjs';
import { writeShaderTexts } from './shader_texts.mjs';

const STAMP = '.sources';

/**
 * A digest of everything the build reads: sources, shaders, compiler options, compiler version.
 * @param {string} root
 * @returns {string}
 */
export function sourceDigest(root) {
  const sources = ['src', 'shaders']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    // Node 20 and later call the folder by different names.
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  const hash = createHash('sha256');
  for (const file of [
    ...sources,
    ...['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'].map((f) => join(root, f)),
  ]) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/**
 * Compiles beside dist and swaps the folders, so that a failed build leaves the old one as it was.
 * @param {string} root
 */
export function build(root) {
  const digest = sourceDigest(root);
  const dist = join(root, 'dist');
  const fresh = join(root, `dist-${process.pid}.tmp`);
  const old = join(root, `dist-${process.pid}-old.tmp`);
  try {
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    must('tsc', process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', fresh], { cwd: root });
    writeShaderTexts(root, fresh);
    const bin = join(fresh, 'cli', 'main.js');
    if (existsSync(bin)) chmodSync(bin, 0o755);
    writeFileSync(join(fresh, STAMP), digest);
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(fresh, dist);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/** @param {string} root */
export function buildIfStale(root) {
  const stamp = join(root, 'dist', STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceDigest(root)) return;
  step('building (tsc)', () => build(root));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    build(fileURLToPath(new URL('..', import.meta.url)));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
