/** An empty project with the package in it as npm packs it: as users have it, without any file of the checkout. */
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program; the caller judges a failure. */
export function run(cwd: string, file: string, ...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(file, args, { cwd, maxBuffer: 1 << 26, shell: process.platform === 'win32' }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr: error && code === -1 ? `${stderr}${error.message}` : stderr });
    });
  });
}

async function must(cwd: string, ...command: [string, ...string[]]): Promise<string> {
  const { code, stdout, stderr } = await run(cwd, ...command);
  if (code !== 0) throw new Error(`${command.join(' ')}: exit ${code}\n${stdout}${stderr}`);
  return stdout;
}

/** A program of the checkout's packages, such as `typescript/bin/tsc`. */
export const tool = (path: string): string => join(ROOT, 'node_modules', path);

/**
 * Packs the package as built, and installs the tarball into an empty project. Its dependencies come from the checkout,
 * so that no network is needed.
 */
export async function createProject(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'aaclip-project-'));
  const packed = await must(ROOT, 'npm', 'pack', '--ignore-scripts', '--silent', '--pack-destination', dir);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const linked = (names: readonly string[]) =>
    Object.fromEntries(names.map((name) => [name, `file:${tool(name).replaceAll('\\', '/')}`]));
  const manifest = {
    private: true,
    type: 'module',
    dependencies: { aaclip: `file:${packed.trim()}` },
    devDependencies: linked(['@types/node']),
    overrides: linked([...Object.keys(dependencies), 'undici-types']),
  };
  writeFileSync(join(dir, 'package.json'), JSON.stringify(manifest));
  const quiet = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--omit=optional'];
  await must(dir, 'npm', 'install', ...quiet);
  return dir;
}

/** Writes a file of the project. */
export function write(dir: string, name: string, content: string | Uint8Array): void {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), content);
}

/** Copies a file of the repository into the project. */
export function copy(dir: string, from: string, to: string): void {
  cpSync(join(ROOT, from), join(dir, to));
}

/** Type-checks, or compiles, files of the project as strictly as TypeScript can; returns the compiler's errors. */
export async function compile(
  dir: string,
  files: readonly string[],
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
  };
  const name = `tsconfig.${files[0]!.replaceAll(/\W/g, '_')}.json`;
  write(dir, name, JSON.stringify({ compilerOptions: { target: 'ES2022', ...strict, ...options }, files }));
  const { code, stdout, stderr } = await run(dir, process.execPath, tool('typescript/bin/tsc'), '-p', name);
  return code === 0 ? '' : stdout + stderr;
}

export function removeProject(dir: string): void {
  rmSync(dir, { recursive: true, force: true });
}
