/**
 * A software Vulkan driver with matrix units (lavapipe of Mesa 26) in a folder of its own, beside the system's driver: so
 * that kernels for matrix units are tested on machines without a GPU.
 *
 * The packages come from Debian 13 and its backports, through the mirror that the machine's own apt uses. They are only
 * unpacked, never installed, so this needs no root.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { run, step } from '../bootstrap.mjs';
import { type Probe, probeAdapter } from './adapter.js';
import { archiveOf, readSources, type Source } from './apt.js';
import { LAUNCHER, writeLauncher } from './launcher.js';

const RELEASE = 'trixie';
const SUITES = [RELEASE, `${RELEASE}-backports`];
/** The driver, the loader, and the C and C++ libraries they are linked with. */
const PACKAGES = ['mesa-vulkan-drivers', 'libvulkan1', 'libc6', 'libstdc++6', 'libgcc-s1'];
/** Packages, their unpacked files and apt's lists, with some to spare. */
const NEEDED_MB = 600;

const NAME = 'matrix driver';

/** Where the driver lies: AACLIP_MATRIX_DRIVER, or a folder in the user's cache. */
export function matrixFolder(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return env.AACLIP_MATRIX_DRIVER || join(cache, 'aaclip', 'matrix-driver');
}

/** The program that runs Node on the matrix driver; undefined where the driver is not set up. */
export function matrixNode(folder = matrixFolder()): string | undefined {
  const launcher = join(folder, LAUNCHER);
  return existsSync(launcher) ? launcher : undefined;
}

/**
 * The source of the packages, in apt's deb822 form.
 * @param sources of this machine
 * @param codename of its release
 * @throws when none of them is a Debian archive
 */
export function matrixSource(sources: readonly Source[], codename: string | undefined): string {
  const archive = codename ? archiveOf(sources, codename) : undefined;
  if (!archive) {
    throw new Error(
      `${NAME}: its packages are Debian's, and no source of this machine's apt is a mirror of Debian: install Mesa 26.1 or newer with the system's package manager instead`,
    );
  }
  const lines = ['Types: deb', `URIs: ${archive.uris.join(' ')}`, `Suites: ${SUITES.join(' ')}`, 'Components: main'];
  if (archive.signedBy) lines.push(`Signed-By: ${archive.signedBy}`);
  if (archive.trusted) lines.push(`Trusted: ${archive.trusted}`);
  return `${lines.join('\n')}\n`;
}

/** Runs a command of the set-up. @throws one line: what failed, and the last line of the command that says why */
function ask(what: string, command: string, args: readonly string[]): void {
  const { code, out } = run(command, args, { env: { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' } });
  const lines = out.split('\n').map((line) => line.trim());
  const errors = lines.filter((line) => /^(?:E|Err|W): |^Err:|error:|cannot|failed/i.test(line));
  // `apt-get update` succeeds with warnings where a mirror could not be reached.
  const unreachable = errors.find((line) =>
    /Failed to fetch|Could not (?:resolve|connect)|Temporary failure/.test(line),
  );
  if (unreachable)
    throw new Error(`${NAME}: ${what}: the mirror cannot be reached: ${unreachable.replace(/^\w+: */, '')}`);
  if (code !== 0)
    throw new Error(`${NAME}: ${what}: exit code ${code}: ${errors.at(-1) ?? lines.filter(Boolean).at(-1)}`);
}

/** Downloads the packages with an apt that keeps all its state below `folder`. */
function download(folder: string, source: string): string[] {
  const at = (...parts: string[]): string => join(folder, ...parts);
  for (const needed of ['lists/partial', 'cache/archives/partial', 'sources'])
    mkdirSync(at(needed), { recursive: true });
  // As if nothing was installed: the driver's libraries are then downloaded with it.
  writeFileSync(at('status'), '');
  writeFileSync(at('sources', 'debian.sources'), source);
  const settings = {
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': at('sources'),
    'Dir::State': folder,
    'Dir::State::lists': at('lists'),
    'Dir::State::status': at('status'),
    'Dir::Cache': at('cache'),
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'Acquire::Languages': 'none',
    // Root's apt downloads as a user who may not read this folder.
    'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  ask('apt-get update', 'apt-get', [...options, '-q', 'update']);
  const wanted = ['--no-install-recommends', '-t', SUITES.at(-1) ?? '', 'install', ...PACKAGES];
  ask('apt-get install', 'apt-get', [...options, '-q', '-y', '--download-only', ...wanted]);
  const archives = at('cache', 'archives');
  return readdirSync(archives)
    .filter((file) => file.endsWith('.deb'))
    .map((file) => join(archives, file));
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(
      `${NAME}: ${dirname(folder)}: cannot be written (${code}): set AACLIP_MATRIX_DRIVER to another folder`,
    );
  }
}

/** Fills `folder`, whole or not at all. */
function fill(folder: string, source: string): void {
  const fresh = `${folder}-${process.pid}.tmp`;
  makeFolder(fresh);
  try {
    const { bavail, bsize } = statfsSync(fresh);
    const free = Math.floor((bavail * bsize) / 1e6);
    if (free < NEEDED_MB) {
      throw new Error(
        `${NAME}: ${dirname(folder)}: expected ${NEEDED_MB} MB of free space, got ${free} MB: free some, or set AACLIP_MATRIX_DRIVER to another folder`,
      );
    }
    const apt = join(fresh, 'apt');
    const tree = join(fresh, 'tree');
    for (const file of download(apt, source)) ask('dpkg-deb', 'dpkg-deb', ['-x', file, tree]);
    rmSync(apt, { recursive: true });
    writeLauncher(fresh, folder);
    rmSync(folder, { recursive: true, force: true });
    renameSync(fresh, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Whether a probe found an adapter with matrix units. */
export const hasMatrixUnits = (probe: Probe): boolean => probe.ok && probe.matrixUnits;

/** Why the driver cannot be used here, undefined where it can. */
function obstacle(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `it runs on Linux on x86-64 only, and this is ${process.platform} on ${process.arch}`;
  }
  const missing = ['apt-get', 'dpkg-deb'].find((command) => run(command, ['--version']).code !== 0);
  return missing && `it is unpacked from packages of Debian, and there is no ${missing} here`;
}

/**
 * Makes sure that Node can be run on an adapter with matrix units.
 * @param os fields of /etc/os-release
 * @param simulate only say what would be done
 * @returns the adapter and how to use it, in one line
 * @throws when this is not possible here, with the reason in one line
 */
export function provideMatrixDriver(os: ReadonlyMap<string, string>, simulate = false): string {
  const own = probeAdapter();
  if (own.ok && own.matrixUnits) return `${own.name}: has matrix units of its own: no matrix driver is needed`;
  const folder = matrixFolder();
  const works = (): Probe | undefined => {
    const node = matrixNode(folder);
    return node === undefined ? undefined : probeAdapter(node);
  };
  let found = works();
  if (!found || !hasMatrixUnits(found)) {
    const why = obstacle();
    if (why) throw new Error(`${NAME}: ${why}`);
    const source = matrixSource(readSources('/etc/apt'), os.get('VERSION_CODENAME'));
    const what = `a software driver with matrix units into ${folder}`;
    if (simulate) return `${NAME}: would fetch ${what} (${PACKAGES.join(' ')})\n${source.trimEnd()}`;
    step(`fetching ${what}`, () => fill(folder, source));
    found = works();
  }
  if (!found?.ok) throw new Error(`${NAME}: the driver in ${folder} does not run here: ${found?.why ?? 'no launcher'}`);
  if (!found.matrixUnits) throw new Error(`${NAME}: ${found.name} in ${folder} has no matrix units`);
  return `${found.name}: has matrix units: run Node as ${join(folder, LAUNCHER)}`;
}
