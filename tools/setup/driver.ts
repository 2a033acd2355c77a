/** A WebGPU adapter for this machine: its own, or a software Vulkan driver where one can be installed. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { run, step } from '../bootstrap.mjs';
import { probeAdapter } from './adapter.js';
import { installWithApt, PACKAGES } from './apt.js';
import { provideMatrixDriver } from './matrix_driver.js';

const SETUP = fileURLToPath(new URL('../../tools/setup.mjs', import.meta.url));

/** The commands that install llvmpipe's Vulkan driver and the loader where apt is not the package manager. */
const COMMANDS: readonly (readonly [manager: string, command: string])[] = [
  ['dnf', 'dnf install -y mesa-vulkan-drivers vulkan-loader'],
  ['pacman', 'pacman -S --needed vulkan-swrast vulkan-icd-loader'],
  ['zypper', 'zypper install -y libvulkan_lvp libvulkan1'],
  ['apk', 'apk add mesa-vulkan-swrast vulkan-loader'],
];

function onPath(command: string): boolean {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, command)));
}

/** The fields of /etc/os-release. */
export function parseRelease(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/^(\w+)=(?:"([^"\n]*)"|'([^'\n]*)'|(.*))$/gm)].map((m) => [
      m[1] ?? '',
      m[2] ?? m[3] ?? m[4] ?? '',
    ]),
  );
}

function release(): Map<string, string> {
  const file = ['/etc/os-release', '/usr/lib/os-release'].find((path) => existsSync(path));
  return parseRelease(file ? readFileSync(file, 'utf8') : '');
}

/**
 * The command a person would type to get a driver.
 * @param os fields of /etc/os-release
 * @param has whether a program is on the path
 */
export function remedy(os: ReadonlyMap<string, string>, has: (command: string) => boolean): string {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  if (has('apt-get')) {
    // Debian 12 and older need the backports of their release, which the set-up can reach by itself.
    if (os.get('ID') === 'debian' && Number(os.get('VERSION_ID')) < 13) {
      return `${sudo}${process.execPath} ${SETUP} --driver`;
    }
    return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${PACKAGES.join(' ')}`;
  }
  const other = COMMANDS.find(([manager]) => has(manager));
  if (other) return `${sudo}${other[1]}`;
  return "install Mesa's Vulkan driver (lavapipe, Mesa 24 or newer) and the Vulkan loader";
}

export interface DriverOptions {
  /** Only ask the package manager what it would do. */
  readonly simulate: boolean;
  /** Whether system packages may be installed. */
  readonly mayInstall: boolean;
}

/**
 * Makes sure that there is an adapter.
 * @returns the adapter's name
 * @throws when there is no adapter and no driver could be installed, with the command that helps
 */
export function provideAdapter({ simulate, mayInstall }: DriverOptions): string {
  const found = probeAdapter();
  if (found.ok) return found.name;
  const problem = `webgpu: no adapter: ${found.why}`;
  if (found.stage === 'binding') {
    throw new Error(`webgpu: no build for this system (${process.platform}-${process.arch}): ${found.why}`);
  }
  if (process.platform !== 'linux') {
    throw new Error(`${problem}: WebGPU comes with this system: update it and its graphics driver`);
  }
  const os = release();
  const command = remedy(os, onPath);
  if (!onPath('apt-get')) throw new Error(`${problem}: run: ${command}`);
  if (!mayInstall) throw new Error(`${problem}: installing was declined: run: ${command}`);
  const root = process.getuid?.() === 0;
  const sudo = root ? [] : ['sudo', '-n'];
  if (!root && !simulate && run('sudo', ['-n', 'true']).code !== 0) throw new Error(`${problem}: run: ${command}`);

  const done = step(
    `no WebGPU adapter: ${simulate ? 'asking apt-get about' : 'installing'} a software Vulkan driver`,
    () =>
      installWithApt({
        sudo: simulate ? [] : sudo,
        simulate,
        id: os.get('ID') ?? '',
        codename: os.get('VERSION_CODENAME'),
      }),
  );
  if (simulate) {
    process.stdout.write(`${done}\n`);
    throw new Error(`${problem}: simulated only`);
  }
  const now = probeAdapter();
  if (!now.ok) throw new Error(`webgpu: no adapter even with ${done}: ${now.why}`);
  return now.name;
}

/**
 * Makes sure that Node can be run on an adapter with matrix units, if only a software driver beside the system's.
 * @returns the adapter and how to use it
 */
export const provideMatrixUnits = (simulate: boolean): string => provideMatrixDriver(release(), simulate);
