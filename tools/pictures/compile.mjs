/** Compiles the picture generator into .cache/pictures when its sources are newer than what lies there. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { must } from '../progress.mjs';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const STAMP = '.sources';

/** A digest of everything that is compiled: the generator, the one module of src it uses, the compiler's options. */
function digest() {
  const own = readdirSync(HERE, { recursive: true, encoding: 'utf8' }).map((name) => join(HERE, name));
  const rest = ['src/node/encode_png.ts', 'tsconfig.json', 'package-lock.json'].map((name) => join(ROOT, name));
  const hash = createHash('sha256');
  for (const file of [...own.filter((name) => /\.(?:ts|json)$/.test(name)).sort(), ...rest]) {
    hash
      .update(`${file.slice(ROOT.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/** @returns {string} the folder that holds the compiled generator */
function compileIfStale() {
  const target = join(ROOT, '.cache', 'pictures');
  const wanted = digest();
  const stamp = join(target, STAMP);
  const isFresh = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (!isFresh()) {
    const fresh = `${target}.${process.pid}.tmp`;
    try {
      const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      const remedy = existsSync(tsc) ? '' : 'run npm run setup first';
      must('tsc', process.execPath, [tsc, '-p', HERE, '--outDir', fresh], { cwd: ROOT }, remedy);
      writeFileSync(join(fresh, STAMP), wanted);
      rmSync(target, { recursive: true, force: true });
      renameSync(fresh, target);
    } catch (error) {
      // Another process may have been at it too, and done.
      if (!isFresh()) throw error;
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return join(target, 'tools', 'pictures');
}

/**
 * The generator, compiled if need be.
 * @returns {Promise<typeof import('./index.js')>}
 */
export async function loadPictures() {
  return import(pathToFileURL(join(compileIfStale(), 'index.js')).href);
}

/**
 * Its command.
 * @returns {Promise<typeof import('./main.js')>}
 */
export async function loadCommand() {
  return import(pathToFileURL(join(compileIfStale(), 'main.js')).href);
}
