import { describe, expect, test } from 'vitest';

import { firstMissing } from '../../tools/bootstrap.mjs';
import { candidate, parseList, parseSources } from '../../tools/setup/apt.js';
import { browserRemedy, findBrowser } from '../../tools/setup/browser.js';
import { remedy } from '../../tools/setup/driver.js';
import { backports } from '../../tools/setup/mesa.js';
import { parseRelease } from '../../tools/setup/system.js';

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
    expect(parseList(text)).toEqual([
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
    const [main, security] = parseSources(DEB822);
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
    expect(parseSources(`Enabled: no\n${DEB822}`)).toHaveLength(1);
  });

  test('lend the backports their mirror and their key', () => {
    expect(backports(parseSources(DEB822), 'bookworm')).toEqual({
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
    expect(backports(parseSources(inline), 'bookworm')?.stanza).toContain(
      'Signed-By: \n -----BEGIN\n .\n abc\n -----END\n',
    );
  });

  test('that have the backports need nothing more', () => {
    const sources = parseList('deb http://m.example/debian bookworm-backports main');
    expect(backports(sources, 'bookworm')).toEqual({ suite: 'bookworm-backports', stanza: '' });
  });

  test('without the main archive of the release lend nothing', () => {
    expect(backports(parseList('deb cdrom:[disc]/ bookworm main'), 'bookworm')).toBeUndefined();
    expect(backports(parseList('deb http://m.example/tool bookworm stable'), 'bookworm')).toBeUndefined();
    expect(backports(parseSources(DEB822), 'trixie')).toBeUndefined();
  });

  test('tell which Mesa they offer', () => {
    expect(candidate('mesa:\n  Installed: (none)\n  Candidate: 25.0.7-2~bpo12+1\n')).toEqual({
      version: '25.0.7-2~bpo12+1',
      major: 25,
    });
    expect(candidate('  Candidate: 1:24.2.8-1')?.major).toBe(24);
    expect(candidate('  Candidate: (none)')).toBeUndefined();
    expect(candidate('')).toBeUndefined();
  });
});

describe('installed packages', () => {
  const wanted = {
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
      'node_modules/b-win32': { version: '1.0.0', integrity: 'sha512-b', optional: true },
    },
  };
  const complete = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } } };

  test('are complete without the builds for other systems', () => {
    expect(firstMissing(wanted, complete, () => true)).toBeUndefined();
  });

  test('are missing on a fresh copy', () => {
    expect(firstMissing(wanted, undefined, () => false)).toBe('node_modules/a');
  });

  test('are missing when another version is there', () => {
    const old = { packages: { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } } };
    expect(firstMissing(wanted, old, () => true)).toBe('node_modules/a');
    const other = { packages: { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } } };
    expect(firstMissing(wanted, other, () => true)).toBe('node_modules/a');
  });

  test('are missing when a folder was deleted', () => {
    expect(firstMissing(wanted, complete, () => false)).toBe('node_modules/a');
  });
});

describe('the command that gets a driver', () => {
  const only =
    (...commands: string[]) =>
    (command: string) =>
      commands.includes(command);
  const system = (text: string) => parseRelease(text);

  test('is the set-up itself on Debian 12, whose own Mesa is too old', () => {
    const os = system('ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n');
    expect(remedy(os, only('apt-get'))).toMatch(/setup\.mjs --driver$/);
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
    expect(remedy(system(os), only(manager))).toContain(command);
  });
});

describe('the command that gets a browser', () => {
  test.each([
    ['ID=debian\nVERSION_ID="12"', ['apt-get'], 'apt-get install -y --no-install-recommends chromium-headless-shell'],
    // Ubuntu's package is a snap.
    ['ID=ubuntu\nVERSION_ID="24.04"', ['apt-get'], 'npx playwright-core install chromium'],
    ['ID=fedora', ['dnf'], 'dnf install -y chromium'],
    ['ID=unheard-of', [], 'npx playwright-core install chromium'],
  ])('%j with %j', (os, managers, command) => {
    expect(browserRemedy(parseRelease(os), (name) => (managers as string[]).includes(name))).toContain(command);
  });

  test('is not needed where AACLIP_CHROMIUM names one, and a wrong name is told', async () => {
    expect(await findBrowser({ AACLIP_CHROMIUM: process.execPath })).toBe(process.execPath);
    await expect(findBrowser({ AACLIP_CHROMIUM: 'nowhere/chromium' })).rejects.toThrow(
      /^AACLIP_CHROMIUM: nowhere\/chromium: no such file: expected the program of a Chromium$/,
    );
  });
});
