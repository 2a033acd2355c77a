import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Files of the repository: those git tracks or would add; without git, everything that is not installed or built. */
function repositoryFiles(): string[] {
  if (existsSync(`${ROOT}.git`)) {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const names = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 }).split('\0');
    return names.filter((name) => name !== '' && existsSync(ROOT + name));
  }
  return readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter(
      (name) =>
        !/(?:^|\/)(?:node_modules|dist|dist-tools|out)\/|\.tmp(?:\/|$)/.test(name) && statSync(ROOT + name).isFile(),
    );
}

// In pieces, so that this file itself names none of them.
const HOSTS = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['registry', 'npmmirror', 'com'],
  ['npm', 'pkg', 'github', 'com'],
  ['deb', 'debian', 'org'],
  ['security', 'debian', 'org'],
  ['ftp', 'debian', 'org'],
  ['archive', 'ubuntu', 'com'],
  ['security', 'ubuntu', 'com'],
  ['pypi', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['crates', 'io'],
  ['proxy', 'golang', 'org'],
  ['repo', 'maven', 'apache', 'org'],
  ['docker', 'io'],
  ['ghcr', 'io'],
].map((parts) => parts.join('.'));
const HOST = new RegExp(
  `(?<![\\w-])(?:[\\w-]+\\.)*(?:${HOSTS.map((h) => h.replaceAll('.', '\\.')).join('|')})(?![\\w-])`,
);
const MACHINE_PATH = /(?<![\w.~*<>)\]}-])(?:\/(?:work|tmp|root|home\/\w+|Users\/\w+)\/\w|[A-Z]:\\Users\\)/;

const LOCK = 'package-lock.json';

/** The parts of a text that belong to one machine or one registry. */
function traces(path: string, text: string): string[] {
  return text.split('\n').flatMap((line, i) => {
    const found = [
      HOST.exec(line)?.[0],
      MACHINE_PATH.exec(line)?.[0],
      path === LOCK ? /"resolved"/.exec(line)?.[0] : undefined,
    ];
    return found.filter((what) => what !== undefined).map((what) => `${path}:${i + 1}: ${what}`);
  });
}

describe('the repository', () => {
  test('names no package registry and no path of a machine', () => {
    const files = repositoryFiles();
    expect(files).toContain('package.json');
    const found = files.flatMap((path) => {
      const bytes = readFileSync(ROOT + path);
      // Binary files hold a zero byte early on.
      return bytes.subarray(0, 8192).includes(0) ? [] : traces(path, bytes.toString('utf8'));
    });
    expect(found).toEqual([]);
  });

  test('locks every package to its content', () => {
    const lock = JSON.parse(readFileSync(ROOT + LOCK, 'utf8')) as {
      packages: Record<string, { version?: string; integrity?: string; optionalDependencies?: Record<string, string> }>;
    };
    const packages = Object.entries(lock.packages).filter(([path]) => path !== '');
    expect(packages.filter(([, { version, integrity }]) => !version || !integrity).map(([path]) => path)).toEqual([]);
    // `npm ci` refuses a lock that leaves out the builds for other systems.
    const there = new Set(packages.map(([path]) => path.replace(/^.*node_modules\//, '')));
    const wanted = packages.flatMap(([, { optionalDependencies = {} }]) => Object.keys(optionalDependencies));
    expect(wanted.filter((name) => !there.has(name))).toEqual([]);
  });
});

describe('the search finds', () => {
  test.each(HOSTS)('%s', (host) => {
    expect(traces('a', `see https://${host}/x`)).toHaveLength(1);
    expect(traces('a', `deb http://mirror.${host} main`)).toHaveLength(1);
  });

  const folders = ['work', 'home/me', 'Users/me', 'root', 'tmp'].map((folder) => `/${folder}/x`);
  test.each([...folders, ['C:', 'Users', 'me'].join('\\')])('%s', (path) => {
    expect(traces('a', `const file = '${path}';`)).toHaveLength(1);
  });

  test('a download address in a lock file', () => {
    expect(traces(LOCK, '  "resolved": "https://example.com/a.tgz"')).toHaveLength(1);
  });

  test('nothing in words and addresses that only look like them', () => {
    expect(traces('a', 'https://example.com/work/a ./tmp/a <root>/tmp/b src/work/c mycrates.iox')).toEqual([]);
  });
});
