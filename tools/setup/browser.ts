/** A Chromium for the tests of pages: one that is there, or Debian's small one without windows. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { run, step } from '../bootstrap.mjs';
import { withApt } from './apt.js';
import { onPath, programPath, release, type SetupOptions, sudoWords } from './system.js';

/** Debian's package without windows: half the size of `chromium` with all it needs. */
const PACKAGE = 'chromium-headless-shell';

/** Programs on the path, the quickest to start first. */
const PROGRAMS = [PACKAGE, 'chromium', 'google-chrome', 'chromium-browser', 'microsoft-edge'];

/** Where Chrome is on systems that do not put it on the path. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  darwin: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
  win32: [join(process.env.ProgramFiles ?? '', 'Google', 'Chrome', 'Application', 'chrome.exe')],
};

/** What gets a browser where apt cannot. */
const ANYWHERE = 'npx playwright-core install chromium';

/** The commands that install one where apt is not the package manager. */
const COMMANDS: readonly (readonly [manager: string, command: string])[] = [
  ['dnf', 'dnf install -y chromium'],
  ['pacman', 'pacman -S --needed chromium'],
  ['zypper', 'zypper install -y chromium'],
  ['apk', 'apk add chromium'],
];

/** Whether a program is a browser that runs: Ubuntu has a `chromium-browser` that only says how to get one. */
function runs(program: string): boolean {
  const { code, out } = run(program, ['--version'], { timeout: 20_000 });
  return code === 0 && /Chrom|Edge/.test(out);
}

/** The Chromium that Playwright installed, if it did. */
async function ofPlaywright(): Promise<string | undefined> {
  const { chromium } = await import('playwright-core');
  const path = chromium.executablePath();
  return existsSync(path) ? path : undefined;
}

/**
 * A Chromium, Chrome or Edge of this machine: AACLIP_CHROMIUM, one on the path, or Playwright's own.
 * @throws when AACLIP_CHROMIUM names none
 */
export async function findBrowser(env: NodeJS.ProcessEnv = process.env): Promise<string | undefined> {
  const named = env.AACLIP_CHROMIUM;
  if (named) {
    if (existsSync(named)) return named;
    throw new Error(`AACLIP_CHROMIUM: ${named}: no such file: expected the program of a Chromium`);
  }
  const programs = PROGRAMS.flatMap((name) => programPath(name) ?? []);
  const places = PLACES[process.platform] ?? [];
  return programs.find(runs) ?? places.find((path) => existsSync(path)) ?? (await ofPlaywright());
}

/**
 * The command a person would type to get a browser.
 * @param os fields of /etc/os-release
 * @param has whether a program is on the path
 */
export function browserRemedy(os: ReadonlyMap<string, string>, has: (command: string) => boolean): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  // Ubuntu has Chromium as a snap only, which cannot open files outside the home folder.
  if (has('apt-get') && os.get('ID') === 'debian') {
    return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${PACKAGE}`;
  }
  const other = COMMANDS.find(([manager]) => has(manager));
  return other ? `${sudo}${other[1]}` : ANYWHERE;
}

/** What is wrong where there is no browser, and what helps. */
export function noBrowser(): Error {
  const command = browserRemedy(release(), onPath);
  const others = command === ANYWHERE ? '' : `, or without root: ${ANYWHERE}`;
  return new Error(`browser: no Chromium or Chrome was found: run: ${command}${others}; or set AACLIP_CHROMIUM to one`);
}

/**
 * Installs a browser with apt, on Debian.
 * @param none what to say where that cannot be done
 */
function installBrowser(name: string, { simulate, mayInstall }: SetupOptions, none: () => Error): void {
  const sudo = sudoWords(simulate);
  if (release().get('ID') !== 'debian' || !onPath('apt-get') || !mayInstall || !sudo) throw none();
  const done = step(`no browser: ${simulate ? 'asking apt-get about' : 'installing'} ${name}`, () =>
    withApt({ sudo, simulate }, '', (apt) => {
      if (!apt.offer(name)) throw apt.lacks(name);
      return apt.install([name]);
    }),
  );
  if (simulate) {
    process.stdout.write(`${done}\n`);
    throw new Error('browser: none was found: simulated only');
  }
}

/**
 * Makes sure that there is a browser.
 * @returns its name
 * @throws when there is none and none could be installed, with the command that helps
 */
export async function provideBrowser(options: SetupOptions): Promise<string> {
  const found = await findBrowser();
  if (found) return found;
  installBrowser(PACKAGE, options, noBrowser);
  const now = await findBrowser();
  if (!now) throw noBrowser();
  return now;
}

/** Debian's package of Firefox, whose program has the same name. */
const FIREFOX = 'firefox-esr';

/** The Firefox that AACLIP_FIREFOX names, or the one on the path. @throws one line that says how to get one */
export function findFirefox(env: NodeJS.ProcessEnv = process.env): string {
  const named = env.AACLIP_FIREFOX;
  if (named && existsSync(named)) return named;
  const found = programPath(FIREFOX) ?? programPath('firefox');
  if (found) return found;
  throw new Error(
    'browser: no Firefox was found: install one (Debian: firefox-esr), or set AACLIP_FIREFOX to its program',
  );
}

/** Makes sure that there is a Firefox. @returns its program @throws as `provideBrowser` does */
export async function provideFirefox(options: SetupOptions): Promise<string> {
  try {
    return findFirefox();
  } catch (error) {
    installBrowser(FIREFOX, options, () => error as Error);
    return findFirefox();
  }
}
