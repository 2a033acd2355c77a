/**
 * The steps before anything is compiled: the packages (`npm ci`) and the build (tsc, Vite). Plain JavaScript, since Node 20
 * cannot run TypeScript; the types are in JSDoc and are checked with the rest.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';

/**
 * Announces a piece of work, does it, and says how long it took.
 * @template T
 * @param {string} what
 * @param {() => T} work
 * @returns {T}
 */
export function step(what, work) {
  const start = Date.now();
  process.stdout.write(`${what} ... `);
  try {
    const value = work();
    process.stdout.write(`done (${((Date.now() - start) / 1000).toFixed(1)} s)\n`);
    return value;
  } catch (error) {
    process.stdout.write('failed\n');
    throw error;
  }
}

/**
 * Runs a command and waits for it to end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @returns {{ code: number, out: string }} exit code (1 after a signal, or when the command does not exist), stdout and
 * stderr
 */
export function run(command, args, options = {}) {
  const child = spawnSync(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 1 << 28,
    ...options,
    encoding: 'utf8',
  });
  const out = `${child.stdout ?? ''}${child.stderr ?? ''}${child.error ? child.error.message : ''}`;
  return { code: child.status ?? 1, out };
}

/**
 * Runs a command that has to succeed; its output is shown only when it fails.
 * @param {string} what named in the error
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options]
 * @param {string} [remedy]
 * @returns {string} its output
 */
export function must(what, command, args, options = {}, remedy = '') {
  const { code, out } = run(command, args, options);
  if (code === 0) return out;
  const lines = out.trimEnd().split('\n');
  // Compilers and npm print the cause first, apt prints it last.
  const shown = lines.length > 24 ? [...lines.slice(0, 12), '...', ...lines.slice(-8)] : lines;
  throw new Error(`${shown.join('\n')}\n${what}: exit code ${code}${remedy ? `: ${remedy}` : ''}`);
}

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} Locked
 * @typedef {{ packages: Record<string, Locked> }} Lock
 */

/**
 * The first locked package that is missing or of another version, according to the lock that npm left at the last
 * install. Optional packages may be absent: most of them are builds for other systems.
 * @param {Lock} wanted package-lock.json
 * @param {Lock | undefined} installed node_modules/.package-lock.json
 * @param {(path: string) => boolean} exists whether a package folder exists
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
 * Installs what package-lock.json lists, unless it is all there.
 * @param {string} root
 */
export function installPackages(root) {
  const wanted = readLock(join(root, 'package-lock.json'));
  if (!wanted) throw new Error('package-lock.json: missing or not JSON: take a complete copy of the repository');
  const installed = readLock(join(root, 'node_modules', '.package-lock.json'));
  if (!firstMissing(wanted, installed, (path) => existsSync(join(root, path, 'package.json')))) return;
  step('installing packages (npm ci)', () => {
    const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
    const remedy = 'look at the lines above; if package.json was changed by hand, run `npm install` once';
    // Under `npm start`, npm gives the path of its own program, which saves a search and works on every system.
    const self = process.env.npm_execpath;
    // onnxruntime-node would fetch its libraries for CUDA, which no test needs.
    const env = { ONNXRUNTIME_NODE_INSTALL: 'skip', ...process.env };
    if (self?.endsWith('.js')) must('npm ci', process.execPath, [self, ...args], { cwd: root, env }, remedy);
    else must('npm ci', 'npm', args, { cwd: root, env, shell: process.platform === 'win32' }, remedy);
  });
}

/**
 * The folders to make, in this order: the tools are compiled against the declarations in dist, and the page is bundled from it.
 * @typedef {{
 *   output: string,
 *   sources: readonly string[],
 *   make: (root: string, output: string) => void,
 * }} Target
 * @type {readonly Target[]}
 */
const TARGETS = [
  { output: 'dist', sources: ['src', 'shaders'], make: compileProgram },
  { output: 'dist-tools', sources: ['src', 'tools'], make: (root, output) => tsc(root, 'tools/tsconfig.json', output) },
  { output: 'dist-web', sources: ['src', 'shaders', 'web', 'weights'], make: bundlePage },
];
const SHARED = ['tsconfig.json', 'tsconfig.build.json', 'package.json', 'package-lock.json'];
const STAMP = '.sources';

/**
 * A digest of everything a build reads: sources, shaders, compiler options, compiler version.
 * @param {string} root
 * @param {readonly string[]} folders of the sources
 * @returns {string}
 */
export function sourceDigest(root, folders) {
  const sources = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(?:ts|m?js|json|wgsl|html|css|jpg|svg|safetensors|txt)$/.test(entry.name))
      // Node 20 and later call the folder by different names.
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .sort(),
  );
  const hash = createHash('sha256');
  for (const file of [...sources, ...SHARED.map((name) => join(root, name))]) {
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

/** @param {string} root @param {Target} target */
function isFresh(root, { output, sources }) {
  const stamp = join(root, output, STAMP);
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === sourceDigest(root, sources);
}

/**
 * @param {string} root
 * @param {string} project
 * @param {string} output
 */
function tsc(root, project, output) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const remedy = existsSync(compiler) ? '' : 'run npm run setup first';
  must('tsc', process.execPath, [compiler, '-p', project, '--outDir', output], { cwd: root }, remedy);
}

/**
 * Bundles the page.
 * @param {string} root
 * @param {string} output
 */
function bundlePage(root, output) {
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = ['build', 'web', '--outDir', output, '--emptyOutDir', '--logLevel', 'warn'];
  // A test that builds must not have the page built for tests.
  must('vite', process.execPath, [vite, ...args], { cwd: root, env: { ...process.env, NODE_ENV: 'production' } });
}

/**
 * Compiles the program, makes the command executable, and writes the kernels' texts as a module, `web/shader_texts.js`, so
 * that they need neither a bundler plugin nor a file system.
 * @param {string} root
 * @param {string} output
 */
function compileProgram(root, output) {
  tsc(root, 'tsconfig.build.json', output);
  chmodSync(join(output, 'cli', 'main.js'), 0o755);
  const folder = join(root, 'shaders');
  const rows = readdirSync(folder)
    .filter((file) => file.endsWith('.wgsl'))
    .sort()
    .map((file) => {
      const text = readFileSync(join(folder, file), 'utf8');
      return `  [${JSON.stringify(file.slice(0, -'.wgsl'.length))}, ${JSON.stringify(text)}],\n`;
    });
  const comment = '/** The text of every kernel by stem, made from shaders/ by the build. */\n';
  const stem = join('web', 'shader_texts');
  writeFileSync(join(output, `${stem}.js`), `${comment}export const SHADERS = new Map([\n${rows.join('')}]);\n`);
  copyFileSync(join(root, 'src', `${stem}.d.ts`), join(output, `${stem}.d.ts`));
}

/**
 * Builds beside the old folder and swaps the two, so that a failed build leaves the old one as it was.
 * @param {string} root
 * @param {Target} target
 */
function compile(root, target) {
  const digest = sourceDigest(root, target.sources);
  const final = join(root, target.output);
  const fresh = join(root, `${target.output}-${process.pid}.tmp`);
  const old = join(root, `${target.output}-${process.pid}-old.tmp`);
  try {
    target.make(root, fresh);
    writeFileSync(join(fresh, STAMP), digest);
    try {
      if (existsSync(final)) renameSync(final, old);
      renameSync(fresh, final);
    } catch (error) {
      // Another process may have built the same in the meantime.
      if (!isFresh(root, target)) throw error;
    }
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(old, { recursive: true, force: true });
  }
}

/**
 * Makes dist from src, dist-tools from tools and dist-web from web, whether they are stale or not.
 * @param {string} root
 */
export function build(root) {
  for (const target of TARGETS) compile(root, target);
}

/**
 * Makes the folders that are older than their sources.
 * @param {string} root
 */
export function buildIfStale(root) {
  const stale = TARGETS.filter((target) => !isFresh(root, target));
  if (stale.length === 0) return;
  step('building', () => {
    for (const target of stale) compile(root, target);
  });
}
