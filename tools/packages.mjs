/** The packages of package-lock.json: are they all in node_modules, and if not, `npm ci`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { must, step } from './progress.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} Locked
 * @typedef {{ packages: Record<string, Locked> }} Lock
 */

/**
 * The first locked package that is absent or of another version, by what npm itself noted when it installed.
 * Optional packages may be absent: most of them are builds for other systems.
 * @param {Lock} wanted package-lock.json
 * @param {Lock | undefined} installed node_modules/.package-lock.json
 * @param {(path: string) => boolean} exists is there such a package folder
 * @returns {string | undefined} its path
 */
export function firstMissing(wanted, installed, exists) {
  for (const [path, lock] of Object.entries(wanted.packages)) {
    if (path === '') continue;
    const have = installed?.packages[path];
    if (!have && lock.optional) continue;
    if (!have || have.version !== lock.version || have.integrity !== lock.integrity || !exists(path)) return path;
  }
  return undefined;
}

/** @param {string} file @returns {Lock | undefined} */
function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Installs what package-lock.json says unless it is there already.
 * @param {string} root
 */
export function installPackages(root) {
  const wanted = readLock(join(root, 'package-lock.json'));
  if (!wanted) throw new Error('package-lock.json: missing or not JSON: take a whole copy of the repository');
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (!firstMissing(wanted, installed, (path) => existsSync(join(root, path, 'package.json')))) return;
  step('installing packages (npm ci)', () => {
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    const remedy = 'look at the lines above; if package.json was changed by hand, run `npm install` once';
    // Under `npm start` npm names its own program, which saves a search and works on every system.
    const self = process.env.npm_execpath;
    if (self?.endsWith('.js')) must('npm ci', process.execPath, [self, ...args], { cwd: root }, remedy);
    else must('npm ci', 'npm', args, { cwd: root, shell: process.platform === 'win32' }, remedy);
  });
}
