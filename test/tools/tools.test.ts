import { describe, expect, test } from 'vitest';

interface Source {
  readonly types: string[];
  readonly uris: string[];
  readonly suites: string[];
  readonly components: string[];
  readonly signedBy: string | undefined;
  readonly trusted: string | undefined;
}
interface AptTool {
  parseList(text: string): Source[];
  parseSources(text: string): Source[];
  backports(sources: readonly Source[], codename: string): { suite: string; stanza: string } | undefined;
  candidate(policy: string): { version: string; major: number } | undefined;
}
type Lock = { packages: Record<string, { version?: string; integrity?: string; optional?: boolean }> };
interface PackagesTool {
  firstMissing(wanted: Lock, installed: Lock | undefined, exists: (path: string) => boolean): string | undefined;
}
interface DriverTool {
  parseRelease(text: string): Map<string, string>;
  remedy(os: Map<string, string>, has: (command: string) => boolean): string;
}

/** The set-up is plain JavaScript, without declarations. */
const load = async (name: string): Promise<unknown> => import(new URL(`../../tools/${name}`, import.meta.url).href);
const apt = (await load('apt.mjs')) as AptTool;
const packages = (await load('packages.mjs')) as PackagesTool;
const driver = (await load('driver.mjs')) as DriverTool;

describe("the machine's apt sources", () => {
  const DEB822 = `Types: deb deb-src
# a comment in between
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/example.gpg

Types: deb
URIs: http://mirror.example/security
Suites: bookworm-security
Components: main
`;

  test('are read in the one-line form', () => {
    const text =
      '# deb http://off.example/ x main\ndeb [arch=amd64 signed-by=/a.gpg] http://m.example/debian bookworm main # y\n';
    expect(apt.parseList(text)).toEqual([
      {
        types: ['deb'],
        uris: ['http://m.example/debian'],
        suites: ['bookworm'],
        components: ['main'],
        signedBy: '/a.gpg',
        trusted: undefined,
      },
    ]);
  });

  test('are read in the deb822 form', () => {
    const [main, security] = apt.parseSources(DEB822);
    expect(main).toEqual({
      types: ['deb', 'deb-src'],
      uris: ['http://mirror.example/debian'],
      suites: ['bookworm', 'bookworm-updates'],
      components: ['main', 'contrib'],
      signedBy: '/usr/share/keyrings/example.gpg',
      trusted: undefined,
    });
    expect(security?.suites).toEqual(['bookworm-security']);
  });

  test('that are switched off do not count', () => {
    expect(apt.parseSources(`Enabled: no\n${DEB822}`)).toHaveLength(1);
  });

  test('lend the backports their mirror and their key', () => {
    expect(apt.backports(apt.parseSources(DEB822), 'bookworm')).toEqual({
      suite: 'bookworm-backports',
      stanza: `Types: deb
URIs: http://mirror.example/debian
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/example.gpg
`,
    });
  });

  test('keep a key that is written out', () => {
    const inline = DEB822.replace('/usr/share/keyrings/example.gpg', '\n -----BEGIN\n .\n abc\n -----END');
    expect(apt.backports(apt.parseSources(inline), 'bookworm')?.stanza).toContain(
      'Signed-By: \n -----BEGIN\n .\n abc\n -----END\n',
    );
  });

  test('that have the backports need no more', () => {
    const sources = apt.parseList('deb http://m.example/debian bookworm-backports main');
    expect(apt.backports(sources, 'bookworm')).toEqual({ suite: 'bookworm-backports', stanza: '' });
  });

  test('without the main archive of the release lend nothing', () => {
    expect(apt.backports(apt.parseList('deb cdrom:[disc]/ bookworm main'), 'bookworm')).toBeUndefined();
    expect(apt.backports(apt.parseList('deb http://m.example/tool bookworm stable'), 'bookworm')).toBeUndefined();
    expect(apt.backports(apt.parseSources(DEB822), 'trixie')).toBeUndefined();
  });

  test('say which Mesa they offer', () => {
    expect(apt.candidate('mesa:\n  Installed: (none)\n  Candidate: 25.0.7-2~bpo12+1\n')).toEqual({
      version: '25.0.7-2~bpo12+1',
      major: 25,
    });
    expect(apt.candidate('  Candidate: 1:24.2.8-1')?.major).toBe(24);
    expect(apt.candidate('  Candidate: (none)')).toBeUndefined();
    expect(apt.candidate('')).toBeUndefined();
  });
});

describe('installed packages', () => {
  const wanted: Lock = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/b-win32': { version: '1.0.0', integrity: 'sha512-b', optional: true },
    },
  };
  const complete: Lock = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } };

  test('are complete without the builds for other systems', () => {
    expect(packages.firstMissing(wanted, complete, () => true)).toBeUndefined();
  });

  test('are missing on a fresh copy', () => {
    expect(packages.firstMissing(wanted, undefined, () => false)).toBe('node_modules/a');
  });

  test('are missing when another version is there', () => {
    const old: Lock = { packages: { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } } };
    expect(packages.firstMissing(wanted, old, () => true)).toBe('node_modules/a');
    const other: Lock = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } } };
    expect(packages.firstMissing(wanted, other, () => true)).toBe('node_modules/a');
  });

  test('are missing when a folder was deleted', () => {
    expect(packages.firstMissing(wanted, complete, () => false)).toBe('node_modules/a');
  });
});

describe('the command that gets a driver', () => {
  const only =
    (...commands: string[]) =>
    (command: string) =>
      commands.includes(command);
  const system = (text: string) => driver.parseRelease(text);

  test('is the set-up itself on Debian 12, whose own Mesa is too old', () => {
    const os = system('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n');
    expect(driver.remedy(os, only('apt-get'))).toMatch(/setup\.mjs --driver$/);
  });

  test.each([
    [
      'ID=debian\nVERSION_ID="13"',
      'apt-get',
      'apt-get install -y --no-install-recommends mesa-vulkan-drivers libvulkan1',
    ],
    ['ID=debian\nPRETTY_NAME="Debian sid"', 'apt-get', 'apt-get install -y'],
    ['ID=ubuntu\nVERSION_ID="24.04"', 'apt-get', 'apt-get install -y'],
    ['ID=fedora', 'dnf', 'dnf install -y mesa-vulkan-drivers vulkan-loader'],
    ['ID=arch', 'pacman', 'pacman -S --needed vulkan-swrast vulkan-icd-loader'],
    ['ID=alpine', 'apk', 'apk add mesa-vulkan-swrast vulkan-loader'],
    ['ID="opensuse-leap"', 'zypper', 'zypper install -y'],
    ['ID=unheard-of', 'none', 'Mesa'],
  ])('%j with %s', (os, manager, command) => {
    expect(driver.remedy(system(os), only(manager))).toContain(command);
  });
});
