/** A WebGPU adapter for this machine: the one it has, or a software Vulkan driver where one can be installed. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { probeAdapter } from './adapter.mjs';
import { installWithApt, PACKAGES } from './apt.mjs';
import { run, step } from './progress.mjs';

/** What installs llvmpipe's Vulkan driver and the loader where apt is not the package manager. */
const COMMANDS = [
  ['dnf', 'dnf install -y mesa-vulkan-drivers vulkan-loader'],
  ['pacman', 'pacman -S --needed vulkan-swrast vulkan-icd-loader'],
  ['zypper', 'zypper install -y libvulkan_lvp libvulkan1'],
  ['apk', 'apk add mesa-vulkan-swrast vulkan-loader'],
];

/** @param {string} command */
function onPath(command) {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, command)));
}

/**
 * The fields of /etc/os-release.
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function parseRelease(text) {
  return new Map(
    [...text.matchAll(/^(\w+)=(?:"([^"\n]*)"|'([^'\n]*)'|(.*))$/gm)].map((m) => [
      m[1] ?? '',
      m[2] ?? m[3] ?? m[4] ?? '',
    ]),
  );
}

/** @returns {Map<string, string>} */
function release() {
  const file = ['/etc/os-release', '/usr/lib/os-release'].find((path) => existsSync(path));
  return parseRelease(file ? readFileSync(file, 'utf8') : '');
}

/**
 * The command a person would type to get a driver.
 * @param {Map<string, string>} os fields of /etc/os-release
 * @param {(command: string) => boolean} has is there such a program
 * @returns {string}
 */
export function remedy(os, has) {
  const sudo = process.getuid?.() === 0 ? '' : 'sudo ';
  if (has('apt-get')) {
    // Debian 12 and older need the backports of their release, which this very program knows how to reach.
    if (os.get('ID') === 'debian' && Number(os.get('VERSION_ID')) < 13) {
      return `${sudo}${process.execPath} ${fileURLToPath(new URL('setup.mjs', import.meta.url))} --driver`;
    }
    return `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${PACKAGES.join(' ')}`;
  }
  const other = COMMANDS.find(([manager = '']) => has(manager));
  if (other) return `${sudo}${other[1]}`;
  return "install Mesa's Vulkan driver (lavapipe, Mesa 24 or newer) and the Vulkan loader";
}

/**
 * Makes sure that there is an adapter.
 * @param {{ simulate: boolean, mayInstall: boolean }} options
 * @returns {string} the adapter's name
 * @throws {Error} when there is none and none could be installed, with the command that helps
 */
export function provideAdapter({ simulate, mayInstall }) {
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
